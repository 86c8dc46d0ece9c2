"""Reading what was recorded of a simulated camera, and its log of the frames that it sent."""

import io
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import av

from shike.camera_sim import CameraSim
from shike.camera_sim.media import strip
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import SegmentRecord, StreamName
from shike.capture.recorder.desired import Desired, Wanted
from shike.capture.source.address import Address
from shike.capture.vault import Vault

FRAME_US = 40_000
CAMERA = "01900000-0000-7000-8000-000000000001"


@dataclass(frozen=True)
class Sent:
    """A frame that the camera sent."""

    frame: int
    sent_us: int
    is_key: bool


def sent_frames(log: Path, path: str = "hall/main") -> list[Sent]:
    """All sent frames of a path, in order. An incomplete last line of the log is left out."""
    rows = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
    return [Sent(row["frame"], row["sent_us"], row["key"]) for row in rows if row["path"].strip("/") == path]


def strips(data: bytes) -> list[int]:
    """The frame numbers painted into the pictures of an MP4, in order; fails on a picture that cannot be read."""
    return [frame for frame, _ in timed_strips(data)]


def timed_strips(data: bytes) -> list[tuple[int, float]]:
    """(frame number, time in the file in seconds) of each picture of an MP4."""
    pictures: list[tuple[int, float]] = []
    with av.open(io.BytesIO(data), "r", format="mp4") as container:
        for picture in container.decode(video=0):
            seen = strip.read(picture.to_ndarray(format="gray"))
            assert seen is not None, "a picture without a readable strip"
            assert picture.time is not None
            pictures.append((seen.frame, picture.time))
    return pictures


def whole_run(archive: Archive, records: Iterable[SegmentRecord]) -> bytes:
    """The files of a run, concatenated without a change."""
    return b"".join(archive.read(record.key, 0, record.size) for record in records)


def position(sent: list[Sent], frames: list[int]) -> int:
    """Index of the first frame among the sent ones; fails unless all frames follow there, once and in order."""
    numbers = [each.frame for each in sent]
    starts = [i for i in range(len(numbers)) if numbers[i : i + len(frames)] == frames]
    assert len(starts) == 1, f"{len(frames)} recorded frames stand {len(starts)} times in {len(numbers)} sent"
    return starts[0]


def wait_until(done: Callable[[], object], what: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)


def address_of(sim: CameraSim, path: str = "/hall/main", username: str = "", password: str = "") -> Address:
    return Address("127.0.0.1", sim.port, path, username, password)


def want(
    data: Path, sim: CameraSim, *paths: tuple[str, StreamName, str], version: int = 1, login: tuple[str, str] = ("", "")
) -> None:
    """Publish what should be recorded: (camera id, stream, path) of a simulated camera."""
    (data / "state").mkdir(parents=True, exist_ok=True)
    sealed = Vault.at(data / "keys").seal(login[1]).decode() if login[1] else ""
    streams = tuple(
        Wanted(camera, stream, "127.0.0.1", sim.port, path, login[0], sealed, 1, 2**60)
        for camera, stream, path in paths
    )
    Desired(version, streams).store(data / "state")
