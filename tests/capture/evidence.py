"""Checks of recorded footage after a fault: every file is known, complete and playable, and no frame is missing."""

import subprocess
import sys
import time
from functools import lru_cache
from pathlib import Path

from shike.capture.archive.files import Archive
from shike.capture.archive.segment import SegmentRecord
from shike.capture.archive.spool import Spool
from tests.recorded import CAMERA, Sent, sent_frames, strips, whole_run

OTHER = "01900000-0000-7000-8000-000000000002"
THIRD = "01900000-0000-7000-8000-000000000003"
FOURTH = "01900000-0000-7000-8000-000000000004"
GOP_S = 0.4

Runs = dict[str, list[SegmentRecord]]


def now_us() -> int:
    """The machine's wall clock, which the simulated camera also uses."""
    return time.time_ns() // 1000


def runs_of(data: Path, camera: str = CAMERA) -> Runs:
    """Records in the spool by run, oldest first."""
    runs: Runs = {}
    for record in Spool(data / "spool").pending():
        if record.identity.camera_id == camera:
            runs.setdefault(record.identity.run_id, []).append(record)
    return runs


def ends(runs: Runs) -> list[str | None]:
    """Why each run ended."""
    return [records[-1].ends_run for records in runs.values()]


def recorded_of(data: Path, records: list[SegmentRecord], path: str, ahead_us: int = 0) -> list[Sent]:
    """The sent frames of a path that are in the files of a run; fails if a frame between them is missing.

    `ahead_us`: by how much the recorder's clock was ahead of the camera's.
    """
    frames = strips(whole_run(Archive(data / "footage"), records))
    since, until = records[0].wall_start_us - ahead_us, records[-1].wall_end_us - ahead_us
    near = [s for s in sent_frames(data / "sent.jsonl", path) if since - 2_000_000 < s.sent_us < until + 2_000_000]
    numbers = [each.frame for each in near]
    starts = [i for i in range(len(numbers)) if numbers[i : i + len(frames)] == frames]
    assert len(starts) == 1, f"{len(frames)} recorded frames stand {len(starts)} times in {len(numbers)} sent"
    return near[starts[0] : starts[0] + len(frames)]


def expect_all_but_half_a_second(data: Path, records: list[SegmentRecord], ended_us: int, path: str) -> None:
    """Check that a run contains every frame up to half a second before the fault that ended it."""
    last = recorded_of(data, records, path)[-1]
    promised = [each for each in sent_frames(data / "sent.jsonl", path) if each.sent_us <= ended_us - 500_000]
    assert promised, "nothing was sent before that: the check would prove nothing"
    assert last.sent_us >= promised[-1].sent_us, f"{(ended_us - last.sent_us) / 1000:.0f} ms were lost"


def expect_everything_known_and_playable(data: Path) -> None:
    """Check that each file has a record and each record a file, that each plays alone, and none is open or damaged."""
    archive, footage = Archive(data / "footage"), data / "footage"
    records = {record.key: record for record in Spool(data / "spool").pending()}
    files = [path for camera in footage.iterdir() for path in camera.rglob("*") if path.is_file()]
    known = {str(path.relative_to(footage)) for path in files if "chain" not in path.parts and path.suffix != ".lock"}
    assert known == set(records)
    for key, record in records.items():
        assert archive.size(key) == record.size
        assert strips(archive.read(key, 0, record.size))
        examined = archive.examine(key)
        assert examined is not None and examined.fragments == record.fragments


@lru_cache
def promised_s(seconds: float, interpreters: int = 2) -> float:
    """A promised time in seconds, or longer on a machine where merely starting a recording process takes longer."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import shike.api.commands.cli, shike.capture.recorder.shard"], check=True)
    return max(seconds, 2 * interpreters * (time.monotonic() - began))
