"""A real camera thread on a real RTSP stream, and a few seconds that it recorded."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from tests.camera_sim.conftest import write_clip
from tests.recorded import CAMERA, Sent, address_of, sent_frames, wait_until

from shike.camera_sim import CameraSim, SimConfig, mounts_in
from shike.capture.archive import Archive
from shike.capture.camera import CameraThread, Recording
from shike.capture.clock import SystemClock
from shike.capture.desired import Wanted
from shike.capture.health import StreamHealth
from shike.capture.segment import SegmentRecord, StreamName
from shike.capture.segmenter import Lengths
from shike.capture.spool import Spool

SHORT = Lengths(segment_s=2.0, sync_beat_s=0.5)


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


def sharing(data: Path, lengths: Lengths = SHORT, timeout_s: float = 5.0) -> Recording:
    """What camera threads on a data folder share."""
    archive, spool = Archive(data / "footage"), Spool(data / "spool")
    return Recording(archive, spool, SystemClock(), lengths, "test", data / "state" / "nudges", timeout_s)


def camera_thread(
    sim: CameraSim,
    recording: Recording,
    *,
    path: str = "/hall/main",
    stream: StreamName = "main",
    username: str = "",
    password: str = "",
) -> CameraThread:
    """A thread that records a simulated camera, not started."""
    wanted = Wanted(CAMERA, stream, "127.0.0.1", sim.port, path, username, "", 1, 2**60)
    return CameraThread(wanted, address_of(sim, path, username, password), recording, Random(1))


@dataclass(frozen=True)
class Recorded:
    """One run: its archive, the records of its segments in order, what the camera sent, the last health."""

    archive: Archive
    records: list[SegmentRecord]
    sent: list[Sent]
    health: StreamHealth


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
