"""`kill -9` at seeded random moments: each time, at most the last half second is lost."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from shike.api.database import Database
from shike.api.migrate import migrate
from shike.api.processes.keep import Housekeeper
from shike.api.settings import Settings
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RegionRow, RoomRow
from shike.camera_sim import CameraSim, Mount, SimConfig
from shike.capture.archive.spool import Spool
from shike.capture.clock import SystemClock
from shike.capture.moment import from_us, to_us
from tests.camera_sim.conftest import write_clip
from tests.capture.evidence import (
    GOP_S,
    OTHER,
    ends,
    expect_everything_known_and_playable,
    now_us,
    promised_s,
    recorded_of,
    runs_of,
)
from tests.capture.recorder_process import RecorderProcess
from tests.recorded import CAMERA, sent_frames, wait_until, want

# With groups of 0.4 s the keyframes keep fragments short; with groups of 2 s only the length limit of fragments does.
PATHS = {CAMERA: "hall/main", OTHER: "long/main"}
GROUPS_S = {CAMERA: GOP_S, OTHER: 2.0}
LONG_GOP_FRAMES = 50
LONGEST_US = 500_000 - 80_000  # a reader may rest for 80 ms before it looks for pictures
SEED = int(os.environ.get("SHIKE_TEST_SEED", "20261125"))


@dataclass(frozen=True)
class Life:
    """From a start of the recorder to the kill, in µs UTC."""

    began_us: int
    killed_us: int


@pytest.fixture
def sim(clips: Path, tmp_path: Path) -> Iterator[CameraSim]:
    """Two cameras, one of them with keyframes two seconds apart."""
    write_clip(tmp_path / "long-main.mp4", 320, 180, view=1, gops=8, frames=LONG_GOP_FRAMES)
    mounts = (Mount("hall/main", clips / "hall-main.mp4"), Mount("long/main", tmp_path / "long-main.mp4"))
    with CameraSim(SimConfig(mounts, log=tmp_path / "sent.jsonl", report_every_s=0.5)) as running:
        yield running


@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_a_recorder_killed_again_and_again_loses_half_a_second_each_time(
    sim: CameraSim, tmp_path: Path, recorder: RecorderProcess, kills: int
) -> None:
    random = Random(SEED)
    recorder.segment_s, recorder.cameras_per_shard = 2, 1
    want(tmp_path, sim, *[(camera, "main", f"/{path}") for camera, path in PATHS.items()])
    lives: list[Life] = []
    for _ in range(kills):
        began_us = now_us()
        recorder.start()
        # Sometimes before it records, mostly while it records, often near the end of a segment.
        if random.random() < 0.8:
            wait_until(lambda: recorder.is_recording(2), "both record")
        time.sleep(random.uniform(0, 2.6))
        lives.append(Life(began_us, recorder.kill_tree()))
    recorder.start()
    wait_until(lambda: recorder.is_recording(2), "both record again")
    recorder.stop()

    for camera, gop_s in GROUPS_S.items():
        back_s = max(expect_nothing_lost(tmp_path, camera, lives))
        print(f"seed {SEED}: {PATHS[camera]} recorded again after {back_s:.1f} s at most")
        assert back_s < promised_s(5) + gop_s
    # A kill shows only by chance whether fragments are short enough; their lengths show it each time.
    of_long = [record for records in runs_of(tmp_path, OTHER).values() for record in records]
    assert max(fragment.duration_us for record in of_long for fragment in record.fragments) < LONGEST_US
    expect_everything_known_and_playable(tmp_path)
    expect_everything_indexed(tmp_path, sim)


def expect_nothing_lost(data: Path, camera: str, lives: list[Life]) -> list[float]:
    """Check that all frames sent half a second before each kill are recorded. Returns start-up times in seconds."""
    runs = runs_of(data, camera)
    recorded = {run: recorded_of(data, records, PATHS[camera]) for run, records in runs.items()}
    held = {each.sent_us for frames in recorded.values() for each in frames}
    backs_s = []
    for life in lives:
        # The camera may notice a moment late that the killed recorder has disconnected.
        since_us = life.began_us + 100_000
        sent = [s for s in sent_frames(data / "sent.jsonl", PATHS[camera]) if since_us < s.sent_us]
        lost = [each for each in sent if each.sent_us < life.killed_us - 500_000 and each.sent_us not in held]
        assert not lost, f"{len(lost)} frames, the last {(life.killed_us - lost[-1].sent_us) / 1000:.0f} ms before"
        firsts = [frames[0].sent_us for frames in recorded.values() if life.began_us < frames[0].sent_us]
        if firsts and min(firsts) < life.killed_us:
            backs_s.append((min(firsts) - life.began_us) / 1_000_000)
    assert ends(runs) == ["killed"] * (len(runs) - 1) + ["stopped"]
    return backs_s


def expect_everything_indexed(data: Path, sim: CameraSim) -> None:
    """Check that housekeeping indexes every record, and that indexed runs have the end reasons of their records."""
    settings = Settings(data_dir=data, node="test")
    migrate(settings)
    database = Database.at(settings.database)
    moment = from_us(now_us())
    with database.writing() as db:
        db.add(RegionRow(id="r", name="City", level="city", path="/r/"))
        db.flush()
        db.add(InstitutionRow(id="i", region_id="r", name="School", created_at=moment))
        db.flush()
        db.add(RoomRow(id="o", institution_id="i", name="Room", created_at=moment))
        db.flush()
        for camera, path in PATHS.items():
            row = CameraRow(id=camera, room_id="o", name=path, host="127.0.0.1", port=sim.port, main_path=f"/{path}")
            row.created_at = row.updated_at = moment
            db.add(row)
    waiting = list(Spool(data / "spool").pending())
    assert Housekeeper(settings, database, SystemClock()).index_spool() == len(waiting)
    assert not list(Spool(data / "spool").pending())
    with database.reading() as db:
        for record in waiting:
            segment, run = db.get(SegmentRow, record.identity.segment_id), db.get(RunRow, record.identity.run_id)
            assert segment is not None and segment.object_key == record.key
            assert to_us(segment.wall_end) == record.wall_end_us
            assert run is not None and (record.ends_run is None or run.end_reason == record.ends_run)
    database.dispose()
