"""NAL unit types of H.264 and H.265, and how NAL units are packed into RTP (RFC 6184, RFC 7798)."""

from dataclasses import dataclass

from shike.capture.source.rtsp.description import Codec


@dataclass(frozen=True, slots=True)
class Coding:
    """One codec's NAL unit types, as numbers in the NAL unit header. `header`: size of that header in bytes."""

    name: Codec
    header: int
    first_slice_byte: int
    """Which byte of a unit marks, by its highest bit, a picture's first slice (H.264 §7.3.3, H.265 §7.3.6.1)."""
    slices: frozenset[int]
    keyframes: frozenset[int]
    before_first_slice: frozenset[int]
    """Units that stand in front of a picture's first slice: one of them after a slice begins the next picture."""
    sei: int
    parameter_sets: frozenset[int]
    fragmentation_unit: int
    aggregation_packet: int
    highest: int
    """The highest type of the codec itself; those above are RTP packet types, or reserved."""


H264 = Coding(
    name="h264",
    header=1,
    first_slice_byte=1,
    slices=frozenset({1, 2, 5}),
    keyframes=frozenset({5}),
    before_first_slice=frozenset({6, 7, 8, 9}),
    sei=6,
    parameter_sets=frozenset({7, 8}),
    fragmentation_unit=28,
    aggregation_packet=24,
    highest=23,
)
HEVC = Coding(
    name="hevc",
    header=2,
    first_slice_byte=2,
    slices=frozenset(range(32)),
    keyframes=frozenset(range(16, 24)),
    before_first_slice=frozenset({32, 33, 34, 35, 39}),
    sei=39,
    parameter_sets=frozenset({32, 33, 34}),
    fragmentation_unit=49,
    aggregation_packet=48,
    highest=47,
)
CODINGS = {coding.name: coding for coding in (H264, HEVC)}
_RECOVERY_POINT = 6


def is_recovery_point(coding: Coding, unit: bytes | bytearray) -> bool:
    """Whether an SEI unit marks a recovery point, which some H.264 cameras send in place of an IDR picture."""
    if coding.name != "h264":
        return False
    at = 1
    while at + 1 < len(unit):
        # Type and size of a message: each is a sum of bytes that goes on as long as a byte is 255.
        type_and_size = []
        for _ in range(2):
            number = 0
            while at < len(unit) and unit[at] == 0xFF:
                number, at = number + 0xFF, at + 1
            type_and_size.append(number + (unit[at] if at < len(unit) else 0))
            at += 1
        if type_and_size[0] == _RECOVERY_POINT:
            return True
        at += type_and_size[1]
    return False
