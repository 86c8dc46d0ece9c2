"""RTP packets of H.264, H.265 and audio (RFC 3550, 6184, 7798) and RTCP sender reports.

A frame is packetised once, when its clip is read. Sending it copies the bytes and fills in three numbers per packet, so
that a dozen cameras take a few per cent of a core.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shike.camera_sim.rtp.nals import ClipCoding

PAYLOAD_TYPE = 96
CLOCK_HZ = 90_000
PACKET_HEADER = 16  # "$", channel, length (4), RTP header (12)
_MAX_PAYLOAD = 1400
_FU_A, _FU = 28, 49
_NTP_EPOCH_S = 2_208_988_800  # seconds from 1900 to 1970


@dataclass(frozen=True)
class Packetised:
    """A frame's interleaved RTP packets without sequence number, time and source. ``offsets``: where each begins."""

    template: bytes
    offsets: tuple[int, ...]


def packetise(nals: Iterable[bytes], coding: ClipCoding) -> Packetised:
    """Packetise one frame's NAL units (without start codes); the last packet carries the marker bit."""
    return framed([payload for nal in nals for payload in _payloads(nal, coding)], PAYLOAD_TYPE)


def framed(payloads: list[bytes], payload_type: int) -> Packetised:
    """Payloads that carry one RTP time, as packets; the last one carries the marker bit."""
    parts, offsets, position = [], [], 0
    for index, payload in enumerate(payloads):
        marker = 0x80 if index == len(payloads) - 1 else 0
        parts.append(struct.pack("!cBHBBHII", b"$", 0, 12 + len(payload), 0x80, marker | payload_type, 0, 0, 0))
        parts.append(payload)
        offsets.append(position)
        position += PACKET_HEADER + len(payload)
    return Packetised(b"".join(parts), tuple(offsets))


def _payloads(nal: bytes, coding: ClipCoding) -> Iterator[bytes]:
    if len(nal) <= _MAX_PAYLOAD:
        yield nal
        return
    kind = coding.kind(nal)
    head = bytes((nal[0] & 0xE0 | _FU_A,) if coding.header == 1 else (nal[0] & 0x81 | _FU << 1, nal[1]))
    step = _MAX_PAYLOAD - len(head) - 1
    for start in range(coding.header, len(nal), step):
        part = nal[start : start + step]
        edge = (0x80 if start == coding.header else 0) | (0x40 if start + len(part) == len(nal) else 0)
        yield head + bytes((edge | kind,)) + part


class RtpSource:
    """One stream's sequence numbers, media clock and counters; each SETUP makes a new one."""

    def __init__(
        self, ssrc: int, first_sequence: int, clock_base: int, channel: int = 0, clock_hz: int = CLOCK_HZ
    ) -> None:
        self.ssrc = ssrc
        self.sequence = first_sequence & 0xFFFF
        self._clock_base, self._clock_hz = clock_base, clock_hz
        self._channel = channel
        self._packets = 0
        self._octets = 0

    def media_time(self, at_us: int) -> int:
        """RTP timestamp (32 bits) of a time of the camera's clock: a linear function, so it never jumps."""
        return (self._clock_base + at_us * self._clock_hz // 1_000_000) & 0xFFFFFFFF

    def frame(self, frame: Packetised, taken_us: int) -> bytes:
        """The frame's packets, complete."""
        data = bytearray(frame.template)
        media_time = self.media_time(taken_us)
        for offset in frame.offsets:
            data[offset + 1] = self._channel
            struct.pack_into("!HII", data, offset + 6, self.sequence, media_time, self.ssrc)
            self.sequence = (self.sequence + 1) & 0xFFFF
        self._packets += len(frame.offsets)
        self._octets += len(data) - PACKET_HEADER * len(frame.offsets)
        return bytes(data)

    def sender_report(self, wall_us: int, camera_us: int) -> bytes:
        """RTCP sender report with a wall time and the media time for it, and the canonical name that RTCP requires."""
        seconds, micros = divmod(wall_us, 1_000_000)
        fraction = (micros << 32) // 1_000_000
        report = struct.pack(
            "!BBHIIIIII",
            *(0x80, 200, 6, self.ssrc, (seconds + _NTP_EPOCH_S) & 0xFFFFFFFF, fraction),
            *(self.media_time(camera_us), self._packets & 0xFFFFFFFF, self._octets & 0xFFFFFFFF),
        )
        name = b"shike-camera-sim"
        item = struct.pack("!IBB", self.ssrc, 1, len(name)) + name
        item += b"\0" * (4 - len(item) % 4)
        return report + struct.pack("!BBH", 0x81, 202, len(item) // 4) + item
