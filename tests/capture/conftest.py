"""Fixtures: a recorder's process, four simulated cameras, a small volume, and footage with its proof."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shike.camera_sim import CameraSim, SimConfig, mounts_in
from shike.capture.recorder.config import Lengths
from shike.capture.recorder.ingest import ingest
from shike.capture.recorder.recording import Recording
from tests.recorded import CAMERA

from .proof.proved import Proof
from .recorder.test_ingest import START_US, write
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
    """Four cameras, to check that a fault of one does not affect the others."""
    config = SimConfig(mounts_in(clips, paths=PATHS), log=tmp_path / "sent.jsonl", report_every_s=0.5)
    with CameraSim(config) as running:
        yield running


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Volume]:
    """A volume of 24 MB, reached by its `path`."""
    volume = Volume(tmp_path / "small", 24)
    yield volume
    volume.close()


@pytest.fixture(scope="session")
def honest(filmed_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Proof:
    """Two live runs, main and sub, signed; then an import, signed again. Tests must not change it."""
    folder = tmp_path_factory.mktemp("honest")
    proof = Proof(filmed_folder).copied(folder / "data")
    proof.set_up()
    proof.index()
    proof.sign()
    done = ingest(
        write(folder / "lesson.mp4", 60),
        CAMERA,
        "main",
        START_US,
        Recording(proof.archive, proof.spool, proof.clock, Lengths(), "test"),
        simulated=False,
    )
    assert done.pictures == 60
    proof.index()
    proof.sign()
    return proof


@pytest.fixture
def proof(honest: Proof, tmp_path: Path) -> Proof:
    """A copy of `honest` that a test may falsify."""
    return honest.copied(tmp_path / "data")
