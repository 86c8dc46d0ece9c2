"""Small clips for faulty cameras: grey pictures with the strip of bits and a moving block."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

from shike.camera_sim.media import strip

FPS = 10
FRAME_US = 1_000_000 // FPS
GOP_FRAMES = 5
ROUND_S = 40


@dataclass(frozen=True)
class Kind:
    """How a clip is coded. All clips are `ROUND_S` long, so that a frame number stands for one moment."""

    width: int = 320
    height: int = 180
    codec: str = "libx264"
    gop_frames: int = GOP_FRAMES
    more: str = "bframes=0"


KINDS = {
    "plain": Kind(),
    "large": Kind(width=480, height=270),
    # One more reference frame: other sequence parameters, no visible difference.
    "retuned": Kind(more="bframes=0:ref=2"),
    "reordered": Kind(more="bframes=2:b-adapt=0"),
    "hevc": Kind(codec="libx265"),
    "hevc-reordered": Kind(codec="libx265", more="bframes=2:b-adapt=0"),
    "long-groups": Kind(gop_frames=20 * FPS),
}


def write(path: Path, kind: Kind) -> None:
    """Encode a clip into an MP4."""
    x265 = kind.codec == "libx265"
    settings = f"keyint={kind.gop_frames}:min-keyint={kind.gop_frames}:scenecut=0:open-gop=0:{kind.more}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(kind.codec, rate=FPS)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = kind.width, kind.height, "yuv420p"
        stream.gop_size = kind.gop_frames
        own = f"{settings}:log-level=none" if x265 else f"{settings}:threads=1"
        stream.options = {"preset": "ultrafast", "x265-params" if x265 else "x264-params": own}
        for number in range(ROUND_S * FPS):
            picture = np.full((kind.height, kind.width), 90, np.uint8)
            at = number * 4 % kind.width
            picture[:40, at : at + 20] = 200
            strip.paint(picture, strip.Strip(0, number))
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
