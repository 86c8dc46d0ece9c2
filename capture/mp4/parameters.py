"""Detects a visible change of coding parameters during a connection.

A camera repeats its parameter sets before every keyframe. Different bytes may mean another picture size, or only
another buffer size. Only a visible change ends a run, and only a decoder can tell whether a change is visible.
Design: docs/design/capture.md, "When a camera goes away".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from shike.capture.mp4.coded_picture import AnyPicture, CodedPicture, as_packet

_SETS = {"h264": frozenset({7, 8}), "hevc": frozenset({32, 33, 34})}
_START = b"\0\0\1"
_LOOKED_AT = 4096
_MOST_KNOWN = 16
_HVCC_ARRAYS = 22

Sets = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class CodingParameters:
    """How the pictures of a run are coded. `extradata`: parameter sets with start codes; None: those of the stream's
    opening.
    """

    codec: str
    width: int
    height: int
    pixels: str
    profile: str
    extradata: bytes | None = None

    def looks_like(self, other: "CodingParameters") -> bool:
        """Whether codec-independent facts are equal: width, height, pixel format, profile."""
        mine, others = ((p.width, p.height, p.pixels, p.profile) for p in (self, other))
        return mine == others


class ParameterWatch:
    """Watches the keyframes of one connection. `now`: the parameters of the current run."""

    def __init__(self, video: VideoStream) -> None:
        context = video.codec_context
        self.now = CodingParameters(
            context.name, context.width, context.height, context.pix_fmt or "", str(context.profile or "")
        )
        self._last: Sets = ()
        self._known: dict[Sets, CodingParameters | None] = {}

    def changed(self, packet: AnyPicture) -> bool:
        """Whether this keyframe changes the parameters visibly; updates `now` if so."""
        if isinstance(packet, CodedPicture):
            sets = packet.sets
        else:
            sets = tuple(_parameter_sets(memoryview(packet), self.now.codec))
        if not sets or sets == self._last:
            return False
        first, self._last = not self._last, sets
        if first:  # the sets that the connection was opened with
            self._known[sets] = self.now
            return False
        if sets not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[sets] = self._seen(packet, sets)
        seen = self._known[sets]
        if seen is None or seen.looks_like(self.now):
            return False
        self.now = seen
        return True

    def _seen(self, packet: AnyPicture, sets: Sets) -> CodingParameters | None:
        """The parameters of a keyframe according to a decoder; None if it cannot decode the keyframe."""
        context: Any = av.CodecContext.create(self.now.codec, "r")
        context.thread_count = 1
        try:
            pictures = [*context.decode(av.Packet(bytes(as_packet(packet)))), *context.decode(None)]
        except av.FFmpegError:
            return None
        if not pictures:
            return None
        picture: VideoFrame = pictures[0]
        extradata = b"".join(b"\0" + _START + each for each in sets)
        profile = str(context.profile or "")
        return CodingParameters(self.now.codec, picture.width, picture.height, picture.format.name, profile, extradata)


def _parameter_sets(picture: bytes | memoryview, codec: str) -> Iterator[bytes]:
    """The parameter sets at the head of a picture with start codes."""
    head = bytes(picture[:_LOOKED_AT])
    for nal in head.split(_START)[1:]:
        if not nal:
            continue
        kind = nal[0] & 0x1F if codec == "h264" else nal[0] >> 1 & 0x3F
        if kind in _SETS[codec]:
            yield nal.rstrip(b"\0")


def stored_sets(record: bytes, codec: str) -> Sets:
    """The parameter sets in the codec record of an MP4 file (avcC, hvcC), without trailing zeros, which mean nothing
    and which only some readers store. A record that cannot be parsed counts as one set.
    """
    sets: list[bytes] = []
    hevc = codec == "hevc"
    at, lists = (_HVCC_ARRAYS + 1, record[_HVCC_ARRAYS]) if hevc and len(record) > _HVCC_ARRAYS else (5, 2)
    for _ in range(lists):
        head = record[at : at + (3 if hevc else 1)]
        count = int.from_bytes(head[1:]) if hevc else int.from_bytes(head) & 0x1F
        at += len(head)
        for _ in range(count):
            end = at + 2 + int.from_bytes(record[at : at + 2])
            sets.append(record[at + 2 : end].rstrip(b"\0"))
            at = end
    return tuple(sets) if sets and at <= len(record) else (record,)
