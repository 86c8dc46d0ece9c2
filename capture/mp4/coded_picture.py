"""One coded picture of a plain camera, in the form that MP4 stores: each NAL unit after its length.

It takes the place of FFmpeg's packet, which other cameras and files give, and its attributes have the same names. Not
here: reading pictures from the network (source.rtsp).
"""

from fractions import Fraction
from typing import ClassVar, TypeAlias

from av.packet import Packet
from av.video.stream import VideoStream

_START = b"\0\0\1"  # four bytes would add a zero, which the camera never sent, to the parameter set before
LENGTH_BYTES = 4


class CodedPicture:
    """`data`: NAL units, each after its length in 4 bytes. `sets`: the parameter sets among them, without lengths.

    `dts`: ticks of 1/90000 s. Plain cameras send pictures in display order, so there is no second time.
    """

    __slots__ = ("data", "dts", "is_keyframe", "sets", "size")
    time_base: ClassVar = Fraction(1, 90_000)

    def __init__(self, data: bytes, dts: int, is_keyframe: bool, sets: tuple[bytes, ...] = ()) -> None:
        self.data, self.dts, self.is_keyframe, self.sets = data, dts, is_keyframe, sets
        self.size = len(data)

    def with_start_codes(self) -> bytes:
        """The same picture with start codes instead of lengths: the form that decoders expect by default."""
        parts: list[bytes] = []
        at = 0
        while at < self.size:
            size = int.from_bytes(self.data[at : at + LENGTH_BYTES], "big")
            parts += (_START, self.data[at + LENGTH_BYTES : at + LENGTH_BYTES + size])
            at += LENGTH_BYTES + size
        return b"".join(parts)


AnyPicture: TypeAlias = "CodedPicture | Packet[VideoStream]"


def as_packet(picture: "AnyPicture") -> "Packet[VideoStream]":
    """The picture as a packet, for a decoder."""
    if isinstance(picture, CodedPicture):
        packet: Packet[VideoStream] = Packet(picture.with_start_codes())  # type: ignore[assignment]
        packet.pts = packet.dts = picture.dts
        packet.time_base = picture.time_base
        packet.is_keyframe = picture.is_keyframe
        return packet
    return picture
