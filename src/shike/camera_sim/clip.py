"""A clip: an H.264 file taken apart once into groups of pictures that can be sent as they are.

Asked of a file: H.264 in MP4, no B-frames, closed groups of one length, one frame rate. A shorter last group is left
out. Nothing is ever re-encoded.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from shike.camera_sim import strip
from shike.camera_sim.rtp import PacketisedFrame, packetise

_IDR = 5
_SENT_KINDS = frozenset(range(1, 7))  # slices and SEI; parameter sets are added anew before each IDR


class ClipError(Exception):
    """The file cannot be shown by a simulated camera; the message says why."""


@dataclass(frozen=True)
class ClipFrame:
    """One frame: its index in the clip, whether decoding can start here, its packets."""

    index: int
    is_key: bool
    packets: PacketisedFrame


@dataclass(frozen=True)
class Clip:
    """A clip ready to be sent. ``view`` is what the first picture's strip of bits says, None without one."""

    sps: bytes
    pps: bytes
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
    """Read and packetise a clip. Raises ClipError with the reason when it is not of the kind asked for."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise ClipError(f"{path}: no video")
            stream = container.streams.video[0]
            if stream.codec_context.name != "h264" or not stream.average_rate:
                raise ClipError(f"{path}: not H.264 of a known frame rate")
            sps, pps, length_size = _parameter_sets(stream.codec_context.extradata or b"")
            frames = tuple(_frames(container.demux(stream), sps, pps, length_size))
            gops = _gops(path, frames)
            return Clip(
                sps=sps,
                pps=pps,
                width=stream.width,
                height=stream.height,
                view=_view(path),
                bitrate_bps=sum(len(frame.packets.template) for frame in frames)
                * 8
                * int(stream.average_rate)
                // len(frames),
                gops=gops,
                gop_us=round(len(gops[0]) * 1_000_000 / stream.average_rate),
            )
    except av.FFmpegError as error:
        raise ClipError(f"{path}: cannot be read: {error}") from error


def _parameter_sets(extradata: bytes) -> tuple[bytes, bytes, int]:
    """First SPS, first PPS and the size of a length field, from an avcC box (ISO 14496-15, 5.3.3.1)."""
    if len(extradata) < 8 or extradata[0] != 1:
        raise ClipError("not H.264 as MP4 stores it (avcC expected)")
    sps_size = int.from_bytes(extradata[6:8], "big")
    sps = extradata[8 : 8 + sps_size]
    rest = extradata[8 + sps_size :]
    pps_size = int.from_bytes(rest[1:3], "big")
    return sps, rest[3 : 3 + pps_size], (extradata[4] & 3) + 1


def _frames(packets: "Iterable[av.Packet[Any]]", sps: bytes, pps: bytes, length_size: int) -> Iterator[ClipFrame]:
    counter = itertools.count()
    last_pts = None
    for packet in packets:
        if packet.pts is None:
            continue  # the demuxer's closing, empty packet
        if last_pts is not None and packet.pts <= last_pts:
            raise ClipError("frames are stored out of order (B-frames)")
        last_pts = packet.pts
        nals = [nal for nal in _split(bytes(packet), length_size) if nal[0] & 0x1F in _SENT_KINDS]
        is_key = any(nal[0] & 0x1F == _IDR for nal in nals)
        yield ClipFrame(next(counter), is_key, packetise([sps, pps, *nals] if is_key else nals))


def _split(data: bytes, length_size: int) -> Iterator[bytes]:
    position = 0
    while position + length_size < len(data):
        size = int.from_bytes(data[position : position + length_size], "big")
        position += length_size
        if size:
            yield data[position : position + size]
        position += size


def _gops(path: Path, frames: tuple[ClipFrame, ...]) -> tuple[tuple[ClipFrame, ...], ...]:
    starts = [frame.index for frame in frames if frame.is_key]
    if not starts or starts[0] != 0:
        raise ClipError(f"{path}: does not begin with a keyframe")
    gops = [frames[start:end] for start, end in itertools.pairwise([*starts, len(frames)])]
    if len(gops) > 1 and len(gops[-1]) < len(gops[0]):
        gops.pop()
    if len({len(gop) for gop in gops}) != 1:
        raise ClipError(f"{path}: its groups of pictures differ in length")
    return tuple(gops)


def _view(path: Path) -> int | None:
    with av.open(str(path)) as container:
        picture = next(container.decode(video=0))
    found = strip.read(picture.to_ndarray(format="gray"))
    return found.view if found else None
