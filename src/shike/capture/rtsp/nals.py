"""What the header of a NAL unit says, and how units are packed into RTP: H.264 (RFC 6184) and H.265 (RFC 7798)."""

from dataclasses import dataclass

from shike.capture.rtsp.description import Codec


@dataclass(frozen=True, slots=True)
class Coding:
    """One codec's ways. `header` in bytes; types as numbers in that header.

    `opens_picture`: units that stand in front of a picture's first slice. `first_slice` is the byte whose highest bit
    says that a slice is its picture's first, counted from the unit's start (H.264 §7.3.3, H.265 §7.3.6.1).
    """

    name: Codec
    header: int
    first_slice: int
    slices: frozenset[int]
    keys: frozenset[int]
    opens_picture: frozenset[int]
    sei: int
    sets: frozenset[int]
    pieces: int
    several: int


H264 = Coding(
    name="h264",
    header=1,
    first_slice=1,
    slices=frozenset({1, 2, 5}),
    keys=frozenset({5}),
    opens_picture=frozenset({6, 7, 8, 9}),
    sei=6,
    sets=frozenset({7, 8}),
    pieces=28,
    several=24,
)
HEVC = Coding(
    name="hevc",
    header=2,
    first_slice=2,
    slices=frozenset(range(32)),
    keys=frozenset(range(16, 24)),
    opens_picture=frozenset({32, 33, 34, 35, 39}),
    sei=39,
    sets=frozenset({32, 33, 34}),
    pieces=49,
    several=48,
)
CODINGS = {coding.name: coding for coding in (H264, HEVC)}
_RECOVERY_POINT = 6


def is_recovery_point(coding: Coding, unit: bytes | bytearray) -> bool:
    """Whether an SEI unit says that pictures can be shown from here on, which some cameras send in place of an IDR."""
    return coding.name == "h264" and len(unit) > 1 and unit[1] == _RECOVERY_POINT
