"""NAL units of H.264 and H.265: reading them from MP4, and which of them are keyframes or are sent."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class ClipCoding:
    """One codec's NAL unit types. ``rtp_name``: its name in SDP. ``header``: size of a NAL unit header in bytes."""

    name: str
    rtp_name: str
    header: int
    keys: frozenset[int]
    sent: frozenset[int]

    def kind(self, nal: bytes) -> int:
        """The type of a NAL unit."""
        return nal[0] & 0x1F if self.header == 1 else nal[0] >> 1 & 0x3F

    def is_key(self, nal: bytes) -> bool:
        """Whether decoding can start at the picture of this slice."""
        return self.kind(nal) in self.keys

    def is_sent(self, nal: bytes) -> bool:
        """Whether the camera sends this unit: slices and SEI. It adds parameter sets before each keyframe itself."""
        return self.kind(nal) in self.sent


CODINGS = {
    "h264": ClipCoding("h264", "H264", 1, frozenset({5}), frozenset(range(1, 7))),
    "hevc": ClipCoding("hevc", "H265", 2, frozenset(range(16, 22)), frozenset(range(32)) | {39, 40}),
}


def parameter_sets(coding: ClipCoding, extradata: bytes) -> tuple[tuple[bytes, ...], int]:
    """All parameter sets and the size of a length field, from an avcC or hvcC box (ISO 14496-15).

    Raises ValueError for other extradata.
    """
    try:
        if extradata[0] == 1:
            return _avcc(extradata) if coding.header == 1 else _hvcc(extradata)
    except IndexError:
        pass
    raise ValueError(f"not {coding.rtp_name} as MP4 stores it")


def _avcc(data: bytes) -> tuple[tuple[bytes, ...], int]:
    sps, at = _counted(data, 6, data[5] & 0x1F)
    pps, _ = _counted(data, at + 1, data[at])
    return (*sps, *pps), (data[4] & 3) + 1


def _hvcc(data: bytes) -> tuple[tuple[bytes, ...], int]:
    parameter_sets: list[bytes] = []
    at = 23
    for _ in range(data[22]):
        kind = data[at] & 0x3F
        sets, at = _counted(data, at + 3, int.from_bytes(data[at + 1 : at + 3], "big"))
        parameter_sets += sets if kind in (32, 33, 34) else []
    return tuple(parameter_sets), (data[21] & 3) + 1


def _counted(data: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    """``count`` units, each behind its length in two bytes, and the position after them."""
    units = []
    for _ in range(count):
        size = int.from_bytes(data[at : at + 2], "big")
        units.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    return units, at


def split(data: bytes, length_size: int) -> Iterator[bytes]:
    """The NAL units of a frame as MP4 stores it."""
    position = 0
    while position + length_size < len(data):
        size = int.from_bytes(data[position : position + length_size], "big")
        position += length_size
        if size:
            yield data[position : position + size]
        position += size
