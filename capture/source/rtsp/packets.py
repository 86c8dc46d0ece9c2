"""From the bytes of a connection to pictures: interleaved packets (RFC 2326 §10.12) and RTP (RFC 3550).

This is the busiest loop of recording: some 400 packets a second and camera. It looks at each packet once; what is not
in the middle of a unit is left to `AccessUnits`. Whatever a camera sends, the worst that comes of it is a picture that
is not there, or LostTrack where packets are no longer found. Design: docs/design/capture.md, "The plain reader".
"""

import re
import struct

from shike.capture.mp4.coded_picture import CodedPicture
from shike.capture.source.rtsp.access_units import AccessUnits, LostTrack
from shike.capture.source.rtsp.description import VideoTrack
from shike.capture.source.rtsp.nals import CODINGS

_PACKET = struct.Struct("!BBHBBHI")  # $ channel length | version, payload type, sequence, time
_DOLLAR = 36
_HEADER = 16  # up to the payload, with the source
_REPORT = struct.Struct("!BBHIIII")  # of a sender report: header, source, NTP seconds and fraction, media time
_SENDER_REPORT = 200
_NTP_EPOCH_S = 2_208_988_800
# So much without a picture is none of a camera's.
_MOST_BYTES = 16 << 20
_MOST_TEXT = 16_384
_MOST_FOREIGN = 4096  # a packet of another channel that is believed, and waited for
_LENGTH = re.compile(rb"^content-length\s*:\s*([0-9]{1,9})\s*$", re.IGNORECASE | re.MULTILINE)
_TEXT = (b"RTSP", b"OPTI", b"ANNO", b"SET_", b"GET_", b"TEAR", b"REDI", b"PLAY", b"PAUS", b"DESC")


class Packets:
    """The bytes of one connection after PLAY."""

    def __init__(
        self, track: VideoTrack, channel: int, rest: bytes | bytearray = b"", control_channel: int | None = None
    ) -> None:
        """`rest`: what came with the answer to PLAY already. `control_channel`: of the reports, else the next one."""
        self._channel, self._payload_type = channel, track.payload_type
        self._control_channel = channel + 1 if control_channel is None else control_channel
        self._header, self._pieces = CODINGS[track.codec].header, CODINGS[track.codec].pieces
        self._pictures = AccessUnits(track.codec)
        self._buffer = bytearray(max(1 << 17, 2 * len(rest)))
        self._buffer[: len(rest)] = rest
        self._end = len(rest)
        self._sequence = self._time = -1
        self._since_picture = 0  # bytes
        self.answer: bytes | None = None
        """The head of the camera's last answer among the packets, for whoever asked; may be set to None."""
        self.lost = 0
        self.report: tuple[int, int] | None = None
        """The newest sender report: the camera's clock in µs UTC, and the media time in ticks for it."""

    @property
    def irregular(self) -> int:
        """How many pictures were not marked as the standards say."""
        return self._pictures.irregular

    def room(self) -> memoryview:
        """Where the next bytes go; `take` must be told how many."""
        if len(self._buffer) - self._end < 1 << 14:  # one packet, or what looks like one, fills it
            self._buffer += bytes(len(self._buffer))
        return memoryview(self._buffer)[self._end :]

    def take(self, received: int = 0) -> list[CodedPicture]:
        """Look at `received` more bytes; returns the pictures that are complete with them."""
        self._end += received
        buffer, end, pos = self._buffer, self._end, 0
        channel, control, kind = self._channel, self._control_channel, self._payload_type
        header, piece = self._header, self._pieces
        pictures, unpack = self._pictures, _PACKET.unpack_from
        done: list[CodedPicture] = []
        while end - pos >= _HEADER:
            dollar, its_channel, length, flags, marked_kind, sequence, time = unpack(buffer, pos)
            if dollar != 36 or flags & 0xC0 != 0x80 or (its_channel != channel and its_channel != control):
                after = self._other(pos)
                if after == pos:
                    break
                pos = after
                continue
            begin, after = pos + _HEADER, pos + 4 + length
            if after > end:
                break
            pos = after
            if its_channel != channel or marked_kind & 0x7F != kind:
                if its_channel == channel and sequence == self._sequence:
                    self._sequence = sequence + 1 & 0xFFFF  # the maker's own, counted among the video
                self._control(begin - 12, after)
                continue
            if flags & 0x3F:
                begin, after = self._inside(flags, begin, after)
            if after < begin:
                continue
            if sequence != self._sequence and self._sequence >= 0:
                self.lost += 1
                pictures.lose()
            self._sequence = sequence + 1 & 0xFFFF
            if time != self._time:
                self._time = time
                if (picture := pictures.passes(time)) is not None:
                    done.append(picture)
            if (
                pictures.pieces is not None
                and after - begin > header
                and buffer[begin + header] < 0x40
                and (buffer[begin] & 0x1F if header == 1 else buffer[begin] >> 1 & 0x3F) == piece
            ):
                pictures.pieces.append(buffer[begin + header + 1 : after])
            else:
                done += pictures.add(bytes(buffer[begin:after]), marked_kind > 0x7F)
        self._since_picture = 0 if done else self._since_picture + received
        if self._since_picture > _MOST_BYTES:
            raise LostTrack
        if pos:
            left = end - pos
            buffer[:left] = buffer[pos:end]
            self._end = left
        return done

    def _inside(self, flags: int, begin: int, after: int) -> tuple[int, int]:
        """Where a packet's payload lies that has sources, an extension or padding around it."""
        begin += 4 * (flags & 0x0F)
        if flags & 0x10 and begin + 4 <= after:
            begin += 4 + 4 * int.from_bytes(self._buffer[begin + 2 : begin + 4], "big")
        if flags & 0x20 and after > begin:
            after -= self._buffer[after - 1]
        return begin, after

    def _control(self, begin: int, after: int) -> None:
        """A packet that is not of the video: a sender report tells the camera's clock."""
        if after - begin < _REPORT.size:
            return
        _, kind, _, _, seconds, fraction, time = _REPORT.unpack_from(self._buffer, begin)
        if kind == _SENDER_REPORT and seconds > 0:
            wall_us = (seconds - _NTP_EPOCH_S) * 1_000_000 + (fraction * 1_000_000 >> 32)
            self.report = wall_us, self._pictures.ticks(time)

    def _other(self, pos: int) -> int:
        """Where the next packet is looked for, behind what is none of ours: an answer of the camera's, a packet of
        another channel, or garbage. The same place where more bytes must come first.
        """
        buffer, end = self._buffer, self._end
        if buffer[pos : pos + 4] in _TEXT:
            head = buffer.find(b"\r\n\r\n", pos, min(end, pos + _MOST_TEXT))
            after = head + 4 + _content_length(buffer[pos : head + 2]) if head >= 0 else end + 1
            if after <= end:
                self.answer = bytes(buffer[pos:head])
                return after
            if end - pos < 2 * _MOST_TEXT:
                return pos
        size = int.from_bytes(buffer[pos + 2 : pos + 4], "big")
        if buffer[pos] == _DOLLAR and size < _MOST_FOREIGN:
            after = pos + 4 + size
            if after + 4 > end:
                return pos
            if buffer[after] == _DOLLAR or buffer[after : after + 4] in _TEXT:
                return after
        found = pos
        while True:
            found = buffer.find(b"$", found + 1, end)
            if found < 0:
                return end
            if end - found < _HEADER:
                return found
            _, its_channel, _, flags, kind, _, _ = _PACKET.unpack_from(buffer, found)
            if its_channel == self._channel and flags & 0xC0 == 0x80 and kind & 0x7F == self._payload_type:
                return found


def _content_length(head: bytes | bytearray) -> int:
    found = _LENGTH.search(head)
    return 0 if found is None else min(int(found[1]), _MOST_TEXT)
