"""A client of the simulated camera: PyAV, as the product uses it."""

from dataclasses import dataclass

import av

from shike.camera_sim.media import strip


@dataclass(frozen=True)
class Seen:
    """What a client saw of one frame: the strip's number, 90 kHz timestamp, kinds of side data.

    The demuxer gives the very first packet of an RTSP stream no timestamp.
    """

    frame: int
    pts: int | None
    is_key: bool
    side_data: frozenset[str]


def watch(url: str, frames: int, read_timeout_s: float = 5) -> list[Seen]:
    """The first so many frames of a stream, decoded; fails on one whose strip cannot be read."""
    seen: list[Seen] = []
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=(5, read_timeout_s)) as container:
        for packet in container.demux(video=0):
            kinds = frozenset(data.data_type for data in packet.iter_sidedata())
            for picture in packet.decode():
                assert isinstance(picture, av.VideoFrame)
                found = strip.read(picture.to_ndarray(format="gray"))
                assert found is not None, "a picture without a readable strip"
                seen.append(Seen(found.frame, packet.pts, packet.is_keyframe, kinds))
            if len(seen) >= frames:
                return seen
    raise AssertionError("the stream ended")
