"""From the payloads of RTP packets to pictures: NAL units, put together to access units.

A picture ends at the RTP marker bit, as both standards say, so that it is complete without waiting for the next one.
Where the packet with the marker is lost, the next picture's first unit or another media time ends it. Units that come
without a picture (parameter sets with a media time of their own) are put in front of the next picture.
"""

from shike.capture.mp4.coded_picture import LENGTH_BYTES, CodedPicture
from shike.capture.source.rtsp.description import Codec
from shike.capture.source.rtsp.errors import StreamCorrupt
from shike.capture.source.rtsp.nals import CODINGS, is_recovery_point

_MOST_BYTES, _MOST_SETS = 16 << 20, 1024
_HALF, _WHOLE = 1 << 31, 1 << 32


class AccessUnits:
    """Takes the payloads of one stream in order. `fu_parts`: the parts so far of a fragmented unit (FU)."""

    def __init__(self, codec: Codec) -> None:
        self._coding = CODINGS[codec]
        self.fu_parts: list[bytes | bytearray] | None = None
        self._units: list[bytes | bytearray] = []
        self._sets: tuple[bytes, ...] = ()
        self._size = 0
        self._rtp_time: int | None = None  # 32 bits, as sent
        self._now = self._ticks = 0
        self._has_slice = self._has_whole_slice = self._is_key = False
        self._ended_at: int | None = None  # RTP time of a picture that a marker bit ended
        self.irregular = 0
        """How many pictures ended without a marker bit, or went on after it."""

    def ticks(self, rtp_time: int) -> int:
        """A 32-bit RTP time on the pictures' own time line, which does not wrap."""
        if self._rtp_time is None:
            self._rtp_time = self._now = rtp_time
        return self._now + ((rtp_time - self._rtp_time + _HALF) % _WHOLE - _HALF)

    def advance_to(self, rtp_time: int) -> CodedPicture | None:
        """The next payload has another time than the last one; returns the picture that this completes."""
        self._drop_fu_parts()
        picture = self._take_unmarked() if self._has_slice else None
        self._now = self.ticks(rtp_time)
        self._rtp_time = rtp_time
        return picture

    def packet_lost(self) -> None:
        """A packet is missing. A picture without one whole slice is dropped; its parameter sets stay."""
        self.fu_parts = None
        if not self._has_whole_slice:
            self._units = [part for unit in self._sets for part in (len(unit).to_bytes(LENGTH_BYTES, "big"), unit)]
            self._size = sum(map(len, self._sets))
            self._has_slice = self._is_key = False

    def _drop_fu_parts(self) -> None:
        """Another unit begins before the fragmented one is complete: its end was lost."""
        if self.fu_parts is not None:
            self.packet_lost()

    def add(self, payload: bytes, marker: bool) -> list[CodedPicture]:
        """Take a payload that is not the middle of a fragmented unit; returns the pictures that it completes."""
        header, done = self._coding.header, list[CodedPicture]()
        kind = self._kind(payload) if len(payload) > header else None
        if kind is None:
            pass  # the end of a sequence, or nothing but padding: not needed
        elif kind == self._coding.fragmentation_unit:
            self._add_fu(payload, done)
        elif kind == self._coding.aggregation_packet:
            at = header
            while at + 2 < len(payload):
                size = payload[at] << 8 | payload[at + 1]
                self._add_unit(payload[at + 2 : at + 2 + size], done)
                at += 2 + size
        else:
            self._add_unit(payload, done)
        if self._size > _MOST_BYTES or len(self._sets) > _MOST_SETS:
            raise StreamCorrupt
        if marker and self._has_slice and self.fu_parts is None:
            self._ended_at = self._rtp_time
            done.append(self._take())
        return done

    def _kind(self, unit: bytes | bytearray) -> int:
        return unit[0] & 0x1F if self._coding.header == 1 else unit[0] >> 1 & 0x3F

    def _add_fu(self, payload: bytes, done: list[CodedPicture]) -> None:
        header = self._coding.header
        fu_header = payload[header]
        if fu_header & 0x80:
            self._drop_fu_parts()
            head = (
                bytes((payload[0] & 0xE0 | fu_header & 0x1F,))
                if header == 1
                else bytes((payload[0] & 0x81 | (fu_header & 0x3F) << 1, payload[1]))
            )
            is_kept = self._begin_unit(head + payload[header + 1 : header + 2], done)
            self.fu_parts = [b"", head] if is_kept else None
        if self.fu_parts is None:
            return  # the unit's beginning is missing, or it is not kept
        self.fu_parts.append(payload[header + 1 :])
        if fu_header & 0x40:
            size = sum(map(len, self.fu_parts))
            self.fu_parts[0] = size.to_bytes(LENGTH_BYTES, "big")
            self._units += self.fu_parts
            self._size += size
            self._has_whole_slice = self._has_whole_slice or self._kind(self.fu_parts[1]) in self._coding.slices
            self.fu_parts = None

    def _add_unit(self, unit: bytes, done: list[CodedPicture]) -> None:
        self._drop_fu_parts()
        if len(unit) > self._coding.header and self._begin_unit(unit, done):
            self._units += (len(unit).to_bytes(LENGTH_BYTES, "big"), unit)
            if self._kind(unit) in self._coding.parameter_sets:
                self._sets += (unit,)
            self._has_whole_slice = self._has_whole_slice or self._kind(unit) in self._coding.slices
            self._size += len(unit)

    def _begin_unit(self, unit: bytes, done: list[CodedPicture]) -> bool:
        """Look at a unit's first bytes; end the picture before it if it begins another. Returns whether to keep it."""
        coding, kind = self._coding, self._kind(unit)
        if kind > coding.highest:
            return False
        is_slice = kind in coding.slices
        first = is_slice and len(unit) > coding.first_slice_byte and unit[coding.first_slice_byte] & 0x80 != 0
        if self._has_slice and (first or kind in coding.before_first_slice):
            done.append(self._take_unmarked())
        if not is_slice:
            if kind == coding.sei and is_recovery_point(coding, unit):
                self._is_key = True
            return True
        if not first and not self._has_slice and self._ended_at == self._rtp_time:
            self.irregular += 1  # the marker bit had declared its picture complete
            return False
        if not self._has_slice:
            self._has_slice, self._ticks = True, self._now
        self._is_key = self._is_key or kind in coding.keyframes
        return True

    def _take_unmarked(self) -> CodedPicture:
        self.irregular += 1
        return self._take()

    def _take(self) -> CodedPicture:
        picture = CodedPicture(b"".join(self._units), self._ticks, self._is_key, self._sets)
        self._sets = ()
        self._units, self._size, self.fu_parts = [], 0, None
        self._has_slice = self._has_whole_slice = self._is_key = False
        return picture
