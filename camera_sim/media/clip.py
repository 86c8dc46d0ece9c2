"""A clip: an H.264 or H.265 file, packetised once as groups of pictures that are ready to be sent.

A file must be MP4 with closed groups of one length and one frame rate; it may have B-frames. A shorter last group is
left out. Nothing is encoded again.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av

from shike.camera_sim.media import strip
from shike.camera_sim.rtp.nals import CODINGS, ClipCoding, parameter_sets, split
from shike.camera_sim.rtp.packets import Packetised, packetise


class ClipError(Exception):
    """The simulated camera cannot send this file; the message says why."""


@dataclass(frozen=True)
class ClipFrame:
    """One frame. ``index``: its place in the order of showing. ``is_key``: whether decoding can start with it.

    ``earlier_us``: how long before it is sent it was taken: with B-frames, a frame waits for later ones.
    """

    index: int
    is_key: bool
    packets: Packetised
    earlier_us: int = 0


@dataclass(frozen=True)
class Clip:
    """A clip ready to be sent. ``view``: the view number in the first picture's strip of bits; None without one."""

    coding: ClipCoding
    sets: tuple[bytes, ...]
    width: int
    height: int
    view: int | None
    bitrate_bps: int
    gops: tuple[tuple[ClipFrame, ...], ...]
    gop_us: int

    @property
    def gop_frames(self) -> int:
        """Frames in every group."""
        return len(self.gops[0])

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self.gop_frames * 1e6 / self.gop_us


def read_clip(path: Path) -> Clip:
    """Read and packetise a clip. Raises ClipError with the reason if it does not meet the requirements above."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise ClipError(f"{path}: no video")
            stream = container.streams.video[0]
            coding = CODINGS.get(stream.codec_context.name)
            if coding is None or not stream.average_rate:
                raise ClipError(f"{path}: not H.264 or H.265 of a known frame rate")
            sets, length_size = parameter_sets(coding, stream.codec_context.extradata or b"")
            frames = _in_order_of_showing(container.demux(stream), coding, sets, length_size)
            gops = _gops(path, frames)
            return Clip(
                coding=coding,
                sets=sets,
                width=stream.width,
                height=stream.height,
                view=_view(path),
                bitrate_bps=int(
                    sum(len(frame.packets.template) for frame in frames) * 8 * stream.average_rate / len(frames)
                ),
                gops=gops,
                gop_us=round(len(gops[0]) * 1_000_000 / stream.average_rate),
            )
    except ValueError as error:
        raise ClipError(f"{path}: {error}") from error
    except av.FFmpegError as error:
        raise ClipError(f"{path}: cannot be read: {error}") from error


def _in_order_of_showing(
    packets: "Iterator[av.Packet[Any]]", coding: ClipCoding, sets: tuple[bytes, ...], length_size: int
) -> tuple[ClipFrame, ...]:
    """The frames in stored order, each with its place in the order of showing."""
    shown_at: list[int] = []
    frames: list[ClipFrame] = []
    for packet in packets:
        if packet.pts is None or packet.dts is None:
            continue  # the empty packet at the end of demuxing
        nals = [nal for nal in split(bytes(packet), length_size) if coding.is_sent(nal)]
        is_key = any(coding.is_key(nal) for nal in nals)
        ahead_us = int((packet.pts - packet.dts) * packet.time_base * 1_000_000)
        packed = packetise([*sets, *nals] if is_key else nals, coding)
        shown_at.append(packet.pts)
        frames.append(ClipFrame(0, is_key, packed, ahead_us))
    rank = {pts: place for place, pts in enumerate(sorted(shown_at))}
    most = max((frame.earlier_us for frame in frames), default=0)
    return tuple(
        replace(frame, index=rank[pts], earlier_us=most - frame.earlier_us)
        for pts, frame in zip(shown_at, frames, strict=True)
    )


def _gops(path: Path, frames: tuple[ClipFrame, ...]) -> tuple[tuple[ClipFrame, ...], ...]:
    starts = [place for place, frame in enumerate(frames) if frame.is_key]
    if not starts or starts[0] != 0:
        raise ClipError(f"{path}: does not begin with a keyframe")
    gops = [frames[start:end] for start, end in itertools.pairwise([*starts, len(frames)])]
    if len(gops) > 1 and len(gops[-1]) < len(gops[0]):
        gops.pop()
    if len({len(gop) for gop in gops}) != 1:
        raise ClipError(f"{path}: its groups of pictures differ in length")
    if any(frame.index < gop[0].index for gop in gops for frame in gop):
        raise ClipError(f"{path}: its groups of pictures are not closed")
    return tuple(gops)


def _view(path: Path) -> int | None:
    with av.open(str(path)) as container:
        picture = next(container.decode(video=0))
    bits = strip.read(picture.to_ndarray(format="gray"))
    return bits.view if bits else None
