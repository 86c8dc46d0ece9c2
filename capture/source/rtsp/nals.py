"""What the header of a NAL unit says, and how units are packed into RTP: H.264 (RFC 6184) and H.265 (RFC 7798)."""

from dataclasses import dataclass

from shike.capture.source.rtsp.description import Codec


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
    highest: int
    """The last type that is a unit of the codec's own; those above are ways of packing, or nobody's."""


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
    highest=23,
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
    highest=47,
)
CODINGS = {coding.name: coding for coding in (H264, HEVC)}
_RECOVERY_POINT = 6


def is_recovery_point(coding: Coding, unit: bytes | bytearray) -> bool:
    """Whether an SEI unit says that pictures can be shown from here on, which some cameras send in place of an IDR."""
    if coding.name != "h264":
        return False
    at = 1
    while at + 1 < len(unit):
        numbers = []  # type and size of a message, each in bytes that are added up as long as they are 255
        for _ in range(2):
            number = 0
            while at < len(unit) and unit[at] == 0xFF:
                number, at = number + 0xFF, at + 1
            numbers.append(number + (unit[at] if at < len(unit) else 0))
            at += 1
        if numbers[0] == _RECOVERY_POINT:
            return True
        at += numbers[1]
    return False
