"""From the bytes of a connection to pictures: interleaved packets (RFC 2326 §10.12) and RTP (RFC 3550).

This is the busiest loop of recording: about 400 packets per second and camera. It looks at each packet once, and
appends the middle parts of a fragmented unit itself; `AccessUnits` takes the other payloads. Whatever a camera sends,
the worst results are a missing picture, or StreamCorrupt where no packets are recognised any more. Design:
docs/design/capture.md, "The plain reader".
"""

import re
import struct

from shike.capture.mp4.coded_picture import CodedPicture
from shike.capture.source.rtsp.access_units import AccessUnits
from shike.capture.source.rtsp.description import VideoTrack
from shike.capture.source.rtsp.errors import StreamCorrupt
from shike.capture.source.rtsp.nals import CODINGS

_PACKET = struct.Struct("!BBHBBHI")  # $ channel length | version, payload type, sequence, time
_DOLLAR = 36
_HEADER = 16  # interleaved header and RTP header, up to the payload
_REPORT = struct.Struct("!BBHIIII")  # sender report: header, source, NTP seconds and fraction, RTP time
_SENDER_REPORT = 200
_NTP_EPOCH_S = 2_208_988_800
# No camera sends this much without completing a picture.
_MOST_BYTES = 16 << 20
_MOST_TEXT = 16_384
_MOST_FOREIGN = 4096  # a longer packet of another channel is taken for noise
_LENGTH = re.compile(rb"^content-length\s*:\s*([0-9]{1,9})\s*$", re.IGNORECASE | re.MULTILINE)
_TEXT = (b"RTSP", b"OPTI", b"ANNO", b"SET_", b"GET_", b"TEAR", b"REDI", b"PLAY", b"PAUS", b"DESC")


class Packets:
    """The bytes of one connection after PLAY."""

    def __init__(
        self, track: VideoTrack, channel: int, received: bytes | bytearray = b"", control_channel: int | None = None
    ) -> None:
        """`received`: bytes that came with the answer to PLAY. `control_channel` carries RTCP; default: the next."""
        self._channel, self._payload_type = channel, track.payload_type
        self._control_channel = channel + 1 if control_channel is None else control_channel
        self._header, self._fu = CODINGS[track.codec].header, CODINGS[track.codec].fragmentation_unit
        self._pictures = AccessUnits(track.codec)
        self._buffer = bytearray(max(1 << 17, 2 * len(received)))
        self._buffer[: len(received)] = received
        self._end = len(received)
        self._next_sequence = self._rtp_time = -1
        self._since_picture = 0  # bytes
        self.answer: bytes | None = None
        """The head of the last RTSP answer that came among the packets. The caller sets it to None after reading it."""
        self.lost = 0
        """How many gaps there were in the sequence numbers."""
        self.report: tuple[int, int] | None = None
        """The newest sender report: the camera's clock in µs UTC, and the media time in ticks for the same moment."""

    @property
    def irregular(self) -> int:
        """How many pictures ended without a marker bit, or went on after it."""
        return self._pictures.irregular

    def room(self) -> memoryview:
        """Where to write the next bytes; call `take` with their number afterwards."""
        if len(self._buffer) - self._end < 1 << 14:  # a packet that is not complete yet fills the buffer
            self._buffer += bytes(len(self._buffer))
        return memoryview(self._buffer)[self._end :]

    def take(self, received: int = 0) -> list[CodedPicture]:
        """Parse `received` more bytes; returns the pictures that they complete."""
        self._end += received
        buffer, end, pos = self._buffer, self._end, 0
        channel, control, kind = self._channel, self._control_channel, self._payload_type
        header, fu = self._header, self._fu
        pictures, unpack = self._pictures, _PACKET.unpack_from
        done: list[CodedPicture] = []
        while end - pos >= _HEADER:
            dollar, its_channel, length, flags, marked_kind, sequence, rtp_time = unpack(buffer, pos)
            if dollar != 36 or flags & 0xC0 != 0x80 or (its_channel != channel and its_channel != control):
                after = self._skip(pos)
                if after == pos:
                    break
                pos = after
                continue
            begin, after = pos + _HEADER, pos + 4 + length
            if after > end:
                break
            pos = after
            if its_channel != channel or marked_kind & 0x7F != kind:
                if its_channel == channel and sequence == self._next_sequence:
                    # A maker's own payload type, numbered in the same sequence as the video.
                    self._next_sequence = sequence + 1 & 0xFFFF
                self._control(begin - 12, after)
                continue
            if flags & 0x3F:
                begin, after = self._payload_range(flags, begin, after)
            if after < begin:
                continue
            if sequence != self._next_sequence and self._next_sequence >= 0:
                self.lost += 1
                pictures.packet_lost()
            self._next_sequence = sequence + 1 & 0xFFFF
            if rtp_time != self._rtp_time:
                self._rtp_time = rtp_time
                if (picture := pictures.advance_to(rtp_time)) is not None:
                    done.append(picture)
            if (
                pictures.fu_parts is not None
                and after - begin > header
                and buffer[begin + header] < 0x40
                and (buffer[begin] & 0x1F if header == 1 else buffer[begin] >> 1 & 0x3F) == fu
            ):
                pictures.fu_parts.append(buffer[begin + header + 1 : after])
            else:
                done += pictures.add(bytes(buffer[begin:after]), marked_kind > 0x7F)
        self._since_picture = 0 if done else self._since_picture + received
        if self._since_picture > _MOST_BYTES:
            raise StreamCorrupt
        if pos:
            left = end - pos
            buffer[:left] = buffer[pos:end]
            self._end = left
        return done

    def _payload_range(self, flags: int, begin: int, after: int) -> tuple[int, int]:
        """Begin and end of the payload of a packet that has contributing sources, a header extension or padding."""
        begin += 4 * (flags & 0x0F)
        if flags & 0x10 and begin + 4 <= after:
            begin += 4 + 4 * int.from_bytes(self._buffer[begin + 2 : begin + 4], "big")
        if flags & 0x20 and after > begin:
            after -= self._buffer[after - 1]
        return begin, after

    def _control(self, begin: int, after: int) -> None:
        """A packet that is not of the video. Keep the camera's clock if it is a sender report."""
        if after - begin < _REPORT.size:
            return
        _, kind, _, _, seconds, fraction, rtp_time = _REPORT.unpack_from(self._buffer, begin)
        if kind == _SENDER_REPORT and seconds > 0:
            wall_us = (seconds - _NTP_EPOCH_S) * 1_000_000 + (fraction * 1_000_000 >> 32)
            self.report = wall_us, self._pictures.ticks(rtp_time)

    def _skip(self, pos: int) -> int:
        """Where to go on after bytes that are no packet of this stream: an RTSP message, another channel's, or noise.

        Returns `pos` itself where more bytes must come first.
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
        # Noise: go on at the next bytes that look like a video packet.
        candidate = pos
        while True:
            candidate = buffer.find(b"$", candidate + 1, end)
            if candidate < 0:
                return end
            if end - candidate < _HEADER:
                return candidate
            _, its_channel, _, flags, kind, _, _ = _PACKET.unpack_from(buffer, candidate)
            if its_channel == self._channel and flags & 0xC0 == 0x80 and kind & 0x7F == self._payload_type:
                return candidate


def _content_length(head: bytes | bytearray) -> int:
    match = _LENGTH.search(head)
    return 0 if match is None else min(int(match[1]), _MOST_TEXT)
