"""A recorder's process on the test's folder, and a camera for each of four views."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shike.camera_sim import CameraSim, SimConfig, mounts_in

from .recorder_process import RecorderProcess
from .volume import Volume

PATHS = ("hall/main", "hall/sub", "third/main=hall/main", "fourth/main=hall/sub")


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[RecorderProcess]:
    recorder = RecorderProcess(tmp_path)
    yield recorder
    recorder.stop()


@pytest.fixture
def four(clips: Path, tmp_path: Path) -> Iterator[CameraSim]:
    """Four cameras, so that what befalls one can be told from what befalls the others."""
    config = SimConfig(mounts_in(clips, paths=PATHS), log=tmp_path / "sent.jsonl", report_every_s=0.5)
    with CameraSim(config) as running:
        yield running


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Volume]:
    """A volume of 24 MB at `tmp_path/small`, seen at its `path`."""
    volume = Volume(tmp_path / "small", 24)
    yield volume
    volume.close()
