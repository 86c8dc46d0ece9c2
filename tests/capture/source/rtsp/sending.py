"""RTP packets made by hand: NAL units, fragmented and aggregated as cameras do it; and reading them back."""

import struct
from dataclasses import dataclass, field

from shike.capture.mp4.coded_picture import CodedPicture
from shike.capture.source.rtsp.description import Codec, VideoTrack
from shike.capture.source.rtsp.packets import Packets

PAYLOAD_TYPE = 96
SPS, PPS, OTHER_PPS = b"\x67\x42\x00\x1e\xab", b"\x68\xce\x38\x80", b"\x68\xce\x38\x81"
AUD, SEI, FILLER, END = b"\x09\xf0", b"\x06\x05\x02ab\x80", b"\x0c\xff\xff\x80", b"\x0a"
VPS_5, SPS_5, PPS_5 = b"\x40\x01\x0c", b"\x42\x01\x01", b"\x44\x01\xc1"
_HEADERS: dict[Codec, tuple[bytes, bytes]] = {"h264": (b"\x65", b"\x41"), "hevc": (b"\x26\x01", b"\x02\x01")}


def slice_of(number: int, codec: Codec = "h264", *, key: bool = False, first: bool = True, size: int = 40) -> bytes:
    """A unit that looks like a slice, different for each number."""
    header = _HEADERS[codec][0 if key else 1]
    return header + bytes((0x88 if first else 0x48,)) + bytes((number * 7 + at) % 251 for at in range(size))


def fragments_of(unit: bytes, size: int, codec: Codec = "h264") -> list[bytes]:
    """A unit as fragmentation units with `size` bytes of it each."""
    header = 1 if codec == "h264" else 2
    kind = unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F
    head = bytes((unit[0] & 0xE0 | 28,)) if codec == "h264" else bytes((unit[0] & 0x81 | 49 << 1, unit[1]))
    starts = range(header, len(unit), size)
    return [
        head
        + bytes(((0x80 if at == header else 0) | (0x40 if at + size >= len(unit) else 0) | kind,))
        + unit[at : at + size]
        for at in starts
    ]


def aggregate(*units: bytes, codec: Codec = "h264") -> bytes:
    """Several units in one aggregation packet."""
    head = b"\x78" if codec == "h264" else b"\x60\x01"
    return head + b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)


def behind_lengths(*units: bytes) -> bytes:
    """The units as MP4 stores them: each behind its length."""
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


def framed(channel: int, content: bytes) -> bytes:
    return b"$" + bytes((channel,)) + len(content).to_bytes(2, "big") + content


@dataclass
class Sender:
    """A camera's sequence numbers and RTP time. `payloads` makes a picture's packets, the last with the marker bit."""

    sequence: int = 65_530
    time: int = 0xFFFF_F000
    channel: int = 0
    sent: list[bytes] = field(default_factory=list)

    def packet(self, payload: bytes, *, marker: bool = False, kind: int = PAYLOAD_TYPE, flags: int = 0) -> bytes:
        """One packet with the present RTP time; `flags`: sources, extension or padding that `payload` holds."""
        head = struct.pack("!BBHII", 0x80 | flags, marker << 7 | kind, self.sequence, self.time, 0x1234_5678)
        self.sequence = self.sequence + 1 & 0xFFFF
        packet = framed(self.channel, head + payload)
        self.sent.append(packet)
        return packet

    def payloads(self, *payloads: bytes, ticks: int = 3600) -> bytes:
        self.time = self.time + ticks & 0xFFFF_FFFF
        last = len(payloads) - 1
        return b"".join(self.packet(each, marker=at == last) for at, each in enumerate(payloads))


def track(codec: Codec = "h264") -> VideoTrack:
    return VideoTrack("", codec, PAYLOAD_TYPE, 90_000, "", "*", ())


def feed(packets: Packets, data: bytes, at_once: int = 1 << 20) -> list[CodedPicture]:
    """Pass bytes to a reader, at most `at_once` in one call."""
    pictures: list[CodedPicture] = []
    at = 0
    while at < len(data):
        room = packets.room()
        size = min(len(room), len(data) - at, at_once)
        room[:size] = data[at : at + size]
        del room
        pictures += packets.take(size)
        at += size
    return pictures


def read(data: bytes, codec: Codec = "h264", at_once: int = 1 << 20) -> list[CodedPicture]:
    """The pictures in the bytes of a connection."""
    return feed(Packets(track(codec), 0), data, at_once)


def contents(picture: CodedPicture) -> tuple[bytes, int, bool, tuple[bytes, ...]]:
    """All fields of a picture, for comparing."""
    return picture.data, picture.dts, picture.is_keyframe, picture.sets
