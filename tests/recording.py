"""A real camera thread that records a simulated camera over RTSP."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

from shike.camera_sim import CameraSim
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import SegmentRecord, StreamName
from shike.capture.archive.spool import Spool
from shike.capture.clock import SystemClock
from shike.capture.recorder.camera import CameraThread, LiveRecording
from shike.capture.recorder.config import Lengths
from shike.capture.recorder.desired import Wanted
from shike.capture.recorder.health import StreamHealth
from tests.recorded import CAMERA, Sent, address_of

SHORT = Lengths(segment_s=2.0, sync_beat_s=0.5)


def sharing(data: Path, lengths: Lengths = SHORT, timeout_s: float = 5.0) -> LiveRecording:
    """What the camera threads of a data folder share."""
    archive, spool = Archive(data / "footage"), Spool(data / "spool")
    return LiveRecording(archive, spool, SystemClock(), lengths, "test", data / "state" / "nudges", timeout_s)


def camera_thread(
    sim: CameraSim,
    recording: LiveRecording,
    *,
    path: str = "/hall/main",
    stream: StreamName = "main",
    username: str = "",
    password: str = "",
) -> CameraThread:
    """A thread that will record a simulated camera; not started yet."""
    wanted = Wanted(CAMERA, stream, "127.0.0.1", sim.port, path, username, "", 1, 2**60)
    return CameraThread(wanted, address_of(sim, path, username, password), recording, Random(1))


@dataclass(frozen=True)
class Recorded:
    """One run: its archive, the records of its segments in order, what the camera sent, the last health."""

    archive: Archive
    records: list[SegmentRecord]
    sent: list[Sent]
    health: StreamHealth
