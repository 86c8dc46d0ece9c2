"""A client of the simulated camera that reads with PyAV."""

from dataclasses import dataclass

import av

from shike.camera_sim.media import strip


@dataclass(frozen=True)
class Seen:
    """One received frame: the number in its strip, its 90 kHz timestamp, its kinds of side data.

    The first packet of an RTSP stream has no timestamp.
    """

    frame: int
    pts: int | None
    is_key: bool
    side_data: frozenset[str]


def watch(url: str, frames: int, read_timeout_s: float = 5) -> list[Seen]:
    """The first ``frames`` frames of a stream, decoded. Fails if a strip cannot be read."""
    seen: list[Seen] = []
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=(5, read_timeout_s)) as container:
        for packet in container.demux(video=0):
            kinds = frozenset(data.data_type for data in packet.iter_sidedata())
            for picture in packet.decode():
                assert isinstance(picture, av.VideoFrame)
                bits = strip.read(picture.to_ndarray(format="gray"))
                assert bits is not None, "a picture without a readable strip"
                seen.append(Seen(bits.frame, packet.pts, packet.is_keyframe, kinds))
            if len(seen) >= frames:
                return seen
    raise AssertionError("the stream ended")
