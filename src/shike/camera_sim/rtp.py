"""RTP packets of H.264 (RFC 3550, RFC 6184) and RTCP sender reports, framed for RTSP's TCP connection.

A frame is cut into packets once, when its clip is read; sending it copies the bytes and fills in three numbers per
packet. That keeps a dozen cameras within a few per cent of a core.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

PAYLOAD_TYPE = 96
CLOCK_HZ = 90_000
_MAX_PAYLOAD = 1400
_FU_A = 28
_NTP_EPOCH_S = 2_208_988_800  # seconds from 1900 to 1970
_PACKET_HEADER = 16  # "$", channel, length (4), RTP header (12)


@dataclass(frozen=True)
class PacketisedFrame:
    """A frame's interleaved RTP packets with empty sequence, time and source; ``offsets`` say where each begins."""

    template: bytes
    offsets: tuple[int, ...]


def packetise(nals: Iterable[bytes]) -> PacketisedFrame:
    """Cut one frame's NAL units (without start codes) into packets; the last one carries the marker bit."""
    payloads = [payload for nal in nals for payload in _payloads(nal)]
    parts, offsets, position = [], [], 0
    for index, payload in enumerate(payloads):
        marker = 0x80 if index == len(payloads) - 1 else 0
        parts.append(struct.pack("!cBHBBHII", b"$", 0, 12 + len(payload), 0x80, marker | PAYLOAD_TYPE, 0, 0, 0))
        parts.append(payload)
        offsets.append(position)
        position += _PACKET_HEADER + len(payload)
    return PacketisedFrame(b"".join(parts), tuple(offsets))


def _payloads(nal: bytes) -> Iterator[bytes]:
    if len(nal) <= _MAX_PAYLOAD:
        yield nal
        return
    indicator = nal[0] & 0xE0 | _FU_A
    kind = nal[0] & 0x1F
    for start in range(1, len(nal), _MAX_PAYLOAD - 2):
        piece = nal[start : start + _MAX_PAYLOAD - 2]
        edge = (0x80 if start == 1 else 0) | (0x40 if start + len(piece) == len(nal) else 0)
        yield bytes((indicator, edge | kind)) + piece


class RtpSource:
    """One stream's sequence numbers, media clock and counters; made anew for each PLAY."""

    def __init__(self, ssrc: int, first_sequence: int, clock_base: int, channel: int) -> None:
        self.ssrc = ssrc
        self.sequence = first_sequence & 0xFFFF
        self._clock_base = clock_base
        self._channel = channel
        self._packets = 0
        self._octets = 0

    def media_time(self, at_us: int) -> int:
        """RTP timestamp (90 kHz, 32 bits) of a UTC moment: one straight line, so it never jumps."""
        return (self._clock_base + at_us * CLOCK_HZ // 1_000_000) & 0xFFFFFFFF

    def frame(self, frame: PacketisedFrame, due_us: int) -> bytes:
        """The frame's packets, ready to be written."""
        data = bytearray(frame.template)
        media_time = self.media_time(due_us)
        for offset in frame.offsets:
            data[offset + 1] = self._channel
            struct.pack_into("!HII", data, offset + 6, self.sequence, media_time, self.ssrc)
            self.sequence = (self.sequence + 1) & 0xFFFF
        self._packets += len(frame.offsets)
        self._octets += len(data) - _PACKET_HEADER * len(frame.offsets)
        return bytes(data)

    def sender_report(self, now_us: int) -> bytes:
        """RTCP sender report with this moment's wall and media time, and the canonical name RTCP asks for."""
        seconds, micros = divmod(now_us, 1_000_000)
        fraction = (micros << 32) // 1_000_000
        report = struct.pack(
            "!BBHIIIIII",
            *(0x80, 200, 6, self.ssrc, (seconds + _NTP_EPOCH_S) & 0xFFFFFFFF, fraction),
            *(self.media_time(now_us), self._packets & 0xFFFFFFFF, self._octets & 0xFFFFFFFF),
        )
        name = b"shike-camera-sim"
        item = struct.pack("!IBB", self.ssrc, 1, len(name)) + name
        item += b"\0" * (4 - len(item) % 4)
        body = report + struct.pack("!BBH", 0x81, 202, len(item) // 4) + item
        return struct.pack("!cBH", b"$", self._channel + 1, len(body)) + body
