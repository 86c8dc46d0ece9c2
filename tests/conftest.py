"""A simulated camera with a clip of its own, and some seconds that were recorded of it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.camera_sim.conftest import write_clip
from tests.recorded import sent_frames, wait_until
from tests.recording import Recorded, camera_thread, sharing

from shike.camera_sim import CameraSim, SimConfig, mounts_in


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`hall/main` and `hall/sub`, 40 groups of ten frames, so that a frame number stands for one moment."""
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder / "hall-main.mp4", 320, 180, view=0, gops=40)
    write_clip(folder / "hall-sub.mp4", 320, 180, view=1, gops=40)
    return folder


@pytest.fixture
def sim(clips: Path, tmp_path: Path) -> Iterator[CameraSim]:
    """A running camera with its log at `tmp_path/sent.jsonl`."""
    with CameraSim(SimConfig(mounts_in(clips), log=tmp_path / "sent.jsonl", report_every_s=0.5)) as running:
        yield running


@pytest.fixture(scope="session")
def recorded(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Some seconds of a camera in segments of two seconds, ended on purpose."""
    data = tmp_path_factory.mktemp("recorded")
    recording = sharing(data)
    with CameraSim(SimConfig(mounts_in(clips), log=data / "sent.jsonl", report_every_s=0.5)) as sim:
        thread = camera_thread(sim, recording)
        thread.start()
        wait_until(lambda: len(list(recording.spool.pending())) >= 3, "three segments are closed")
        health = thread.health
        thread.stop()
        thread.join(20)
    return Recorded(recording.archive, list(recording.spool.pending()), sent_frames(data / "sent.jsonl"), health)


@pytest.fixture(scope="session")
def filmed_folder(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two runs of a camera, main and sub, in segments of two seconds, and the camera's log."""
    data = tmp_path_factory.mktemp("filmed")
    with CameraSim(SimConfig(mounts_in(clips), log=data / "sent.jsonl", report_every_s=0.5)) as sim:
        recording = sharing(data)
        for segments in (5, 9):
            threads = [
                camera_thread(sim, recording),
                camera_thread(sim, recording, path="/hall/sub", stream="sub"),
            ]
            for thread in threads:
                thread.start()
            while len(list(recording.spool.pending())) < segments:
                time.sleep(0.05)
            for thread in threads:
                thread.stop()
            for thread in threads:
                thread.join(20)
            time.sleep(0.5)
    return data
