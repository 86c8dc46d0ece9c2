"""From the payloads of RTP packets to pictures: units, put together to access units.

A picture ends with the marker bit, as both standards say, so that it is known to be complete as soon as it is. Where a
packet with it is lost the next picture's first unit, or another media time, ends it. Units that come without a picture
(parameter sets with a time of their own) go in front of the next.
"""

from shike.capture.mp4.coded_picture import LENGTH_BYTES, CodedPicture
from shike.capture.source.rtsp.description import Codec
from shike.capture.source.rtsp.nals import CODINGS, is_recovery_point

_MOST_BYTES, _MOST_SETS = 16 << 20, 1024
_HALF, _WHOLE = 1 << 31, 1 << 32


class LostTrack(Exception):
    """What comes is no longer pictures."""


class AccessUnits:
    """Takes the payloads of one stream in order. `pieces` are those of a unit that is not complete."""

    def __init__(self, codec: Codec) -> None:
        self._coding = CODINGS[codec]
        self.pieces: list[bytes | bytearray] | None = None
        self._units: list[bytes | bytearray] = []
        self._sets: tuple[bytes, ...] = ()
        self._size = 0
        self._time: int | None = None  # as sent, 32 bits
        self._now = self._ticks = 0
        self._has_slice = self._has_whole_slice = self._is_key = False
        self._ended_at: int | None = None  # the time of a picture that a marker ended
        self.irregular = 0
        """How many pictures ended without a marker bit, or went on after it."""

    def ticks(self, time: int) -> int:
        """A 32-bit media time on the line of the pictures' own, which does not wrap."""
        if self._time is None:
            self._time = self._now = time
        return self._now + ((time - self._time + _HALF) % _WHOLE - _HALF)

    def passes(self, time: int) -> CodedPicture | None:
        """What comes next has another time than what came before; returns the picture that is complete with that."""
        self._break_off()
        picture = self._unmarked() if self._has_slice else None
        self._now = self.ticks(time)
        self._time = time
        return picture

    def lose(self) -> None:
        """A packet is missing. A picture of which no slice is whole is none; the parameter sets with it stay."""
        self.pieces = None
        if not self._has_whole_slice:
            self._units = [part for unit in self._sets for part in (len(unit).to_bytes(LENGTH_BYTES, "big"), unit)]
            self._size = sum(map(len, self._sets))
            self._has_slice = self._is_key = False

    def _break_off(self) -> None:
        """The unit that is not complete will not be."""
        if self.pieces is not None:
            self.lose()

    def add(self, payload: bytes, marker: bool) -> list[CodedPicture]:
        """A payload that is not in the middle of a unit; returns the pictures that are complete with it."""
        header, done = self._coding.header, list[CodedPicture]()
        kind = self._kind(payload) if len(payload) > header else None
        if kind is None:
            pass  # the end of a sequence, or nothing but padding: of use to nobody
        elif kind == self._coding.pieces:
            self._piece(payload, done)
        elif kind == self._coding.several:
            at = header
            while at + 2 < len(payload):
                size = payload[at] << 8 | payload[at + 1]
                self._whole(payload[at + 2 : at + 2 + size], done)
                at += 2 + size
        else:
            self._whole(payload, done)
        if self._size > _MOST_BYTES or len(self._sets) > _MOST_SETS:
            raise LostTrack
        if marker and self._has_slice and self.pieces is None:
            self._ended_at = self._time
            done.append(self._take())
        return done

    def _kind(self, unit: bytes | bytearray) -> int:
        return unit[0] & 0x1F if self._coding.header == 1 else unit[0] >> 1 & 0x3F

    def _piece(self, payload: bytes, done: list[CodedPicture]) -> None:
        header = self._coding.header
        edge = payload[header]
        if edge & 0x80:
            self._break_off()
            head = (
                bytes((payload[0] & 0xE0 | edge & 0x1F,))
                if header == 1
                else bytes((payload[0] & 0x81 | (edge & 0x3F) << 1, payload[1]))
            )
            self.pieces = [b"", head] if self._begin(head + payload[header + 1 : header + 2], done) else None
        if self.pieces is None:
            return  # its beginning is missing
        self.pieces.append(payload[header + 1 :])
        if edge & 0x40:
            size = sum(map(len, self.pieces))
            self.pieces[0] = size.to_bytes(LENGTH_BYTES, "big")
            self._units += self.pieces
            self._size += size
            self._has_whole_slice = self._has_whole_slice or self._kind(self.pieces[1]) in self._coding.slices
            self.pieces = None

    def _whole(self, unit: bytes, done: list[CodedPicture]) -> None:
        self._break_off()
        if len(unit) > self._coding.header and self._begin(unit, done):
            self._units += (len(unit).to_bytes(LENGTH_BYTES, "big"), unit)
            if self._kind(unit) in self._coding.sets:
                self._sets += (unit,)
            self._has_whole_slice = self._has_whole_slice or self._kind(unit) in self._coding.slices
            self._size += len(unit)

    def _begin(self, unit: bytes, done: list[CodedPicture]) -> bool:
        """Look at the first bytes of a unit; returns whether it is wanted."""
        coding, kind = self._coding, self._kind(unit)
        if kind > coding.highest:
            return False
        is_slice = kind in coding.slices
        first = is_slice and len(unit) > coding.first_slice and unit[coding.first_slice] & 0x80 != 0
        if self._has_slice and (first or kind in coding.opens_picture):
            done.append(self._unmarked())
        if not is_slice:
            if kind == coding.sei and is_recovery_point(coding, unit):
                self._is_key = True
            return True
        if not first and not self._has_slice and self._ended_at == self._time:
            self.irregular += 1  # its picture was said to be complete
            return False
        if not self._has_slice:
            self._has_slice, self._ticks = True, self._now
        self._is_key = self._is_key or kind in coding.keys
        return True

    def _unmarked(self) -> CodedPicture:
        self.irregular += 1
        return self._take()

    def _take(self) -> CodedPicture:
        picture = CodedPicture(b"".join(self._units), self._ticks, self._is_key, self._sets)
        self._sets = ()
        self._units, self._size, self.pieces = [], 0, None
        self._has_slice = self._has_whole_slice = self._is_key = False
        return picture
