"""One coded picture as a plain camera sent it, already in the form that MP4 stores: units behind their lengths.

It stands where FFmpeg's packet stands for other cameras and for files, and has the same names for the same things.
"""

from fractions import Fraction
from typing import ClassVar, TypeAlias

from av.packet import Packet
from av.video.stream import VideoStream

_START = b"\0\0\1"  # a longer one ends the set before it in a zero that the camera never sent
LENGTH_BYTES = 4


class CodedPicture:
    """`data`: units, each behind its length in 4 bytes. `dts`: ticks of 1/90000 s; pictures come in that order, so
    there is no other time. `sets`: the parameter sets among the units, without lengths.
    """

    __slots__ = ("data", "dts", "is_keyframe", "sets", "size")
    time_base: ClassVar = Fraction(1, 90_000)

    def __init__(self, data: bytes, dts: int, is_keyframe: bool, sets: tuple[bytes, ...] = ()) -> None:
        self.data, self.dts, self.is_keyframe, self.sets = data, dts, is_keyframe, sets
        self.size = len(data)

    def with_start_codes(self) -> bytes:
        """The same with start codes in place of lengths, as decoders take it that were told no other form."""
        parts: list[bytes] = []
        at = 0
        while at < self.size:
            size = int.from_bytes(self.data[at : at + LENGTH_BYTES], "big")
            parts += (_START, self.data[at + LENGTH_BYTES : at + LENGTH_BYTES + size])
            at += LENGTH_BYTES + size
        return b"".join(parts)


AnyPicture: TypeAlias = "CodedPicture | Packet[VideoStream]"


def as_packet(picture: "AnyPicture") -> "Packet[VideoStream]":
    """The picture for a decoder."""
    if isinstance(picture, CodedPicture):
        packet: Packet[VideoStream] = Packet(picture.with_start_codes())  # type: ignore[assignment]
        packet.pts = packet.dts = picture.dts
        packet.time_base = picture.time_base
        packet.is_keyframe = picture.is_keyframe
        return packet
    return picture
