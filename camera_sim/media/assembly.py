"""A long recording from a short clip: whole groups of pictures are repeated with rising times, and not encoded again.

The demo makes yesterday's class session so; tests make an hour of footage in seconds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
from av.packet import Packet
from av.video.stream import VideoStream

from shike.camera_sim.media.clip import ClipError


@dataclass(frozen=True)
class ClipPart:
    """Groups `first` to `last` of the clip (both included), repeated in turn for `seconds`."""

    first: int
    last: int
    seconds: float


def groups_of(parts: Sequence[ClipPart], group_s: float) -> list[int]:
    """The numbers of the clip's groups, in the order in which the recording shows them."""
    shown: list[int] = []
    for part in parts:
        count = round(part.seconds / group_s)
        shown.extend(part.first + at % (part.last - part.first + 1) for at in range(count))
    return shown


def assemble(clip: Path, target: Path, shown: Sequence[int]) -> None:
    """Write the groups of `shown` in turn into an MP4. ClipError for a group that the clip does not have."""
    with av.open(str(clip)) as source, av.open(str(target), "w") as output:
        video = source.streams.video[0]
        groups = list(_groups(source.demux(video)))
        if max(shown) >= len(groups):
            raise ClipError(f"{clip}: there is no group of pictures {max(shown)}")
        stream = output.add_stream_from_template(video)
        length = groups[1][0][1] - groups[0][0][1]
        for position, number in enumerate(shown):
            start = groups[number][0][1]
            for data, dts, is_key in groups[number]:
                packet: Packet[VideoStream] = av.Packet(data)  # type: ignore[assignment]
                packet.stream, packet.is_keyframe = stream, is_key
                packet.time_base = video.time_base or packet.time_base
                packet.dts = packet.pts = position * length + dts - start
                output.mux(packet)


def _groups(packets: Iterator["Packet[VideoStream]"]) -> Iterator[list[tuple[bytes, int, bool]]]:
    group: list[tuple[bytes, int, bool]] = []
    for packet in packets:
        if packet.dts is None or packet.size == 0:
            continue
        if packet.is_keyframe and group:
            yield group
            group = []
        group.append((bytes(packet), packet.dts, packet.is_keyframe))
    if group:
        yield group
