"""Small clips made with PyAV, with the strip of bits, served by the simulated camera."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from shike.camera_sim import CameraSim, SimConfig, mounts_in
from shike.camera_sim.media import strip

GOP_FRAMES = 10
GOPS = 8
FPS = 25


def write_clip(path: Path, width: int, height: int, view: int, gops: int = GOPS, frames: int = GOP_FRAMES) -> None:
    """A clip of ``gops`` closed groups of ``frames``. It shows noise, so that keyframes need several packets."""
    noise = np.random.default_rng(view)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.gop_size = frames
        settings = f"keyint={frames}:min-keyint={frames}:scenecut=0:bframes=0:threads=1"
        stream.options = {"preset": "ultrafast", "x264-params": settings}
        for number in range(gops * frames):
            picture = noise.integers(60, 190, (height, width, 3), dtype=np.uint8)
            strip.paint(picture, strip.Strip(view, number))
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``hall-main.mp4``, ``hall-sub.mp4`` and ``yard-main.mp4``."""
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder / "hall-main.mp4", 640, 360, view=0)
    write_clip(folder / "hall-sub.mp4", 320, 180, view=0)
    write_clip(folder / "yard-main.mp4", 640, 360, view=1)
    return folder


@pytest.fixture
def sim(clips: Path, tmp_path: Path) -> Iterator[CameraSim]:
    """A running camera without login; log at ``tmp_path/sent.jsonl``, a sender report every second."""
    with CameraSim(SimConfig(mounts_in(clips), log=tmp_path / "sent.jsonl", report_every_s=1.0)) as running:
        yield running
