"""Recording waits for nothing: no frame is missing while the service restarts or the database is away."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from shike.api.database import Database
from shike.api.migrate import migrate
from shike.api.settings import Settings
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RegionRow, RoomRow
from shike.camera_sim import CameraSim
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import SegmentRecord
from shike.capture.archive.spool import Spool
from shike.capture.moment import from_us, to_us
from shike.capture.recorder import health
from tests.recorded import CAMERA, position, sent_frames, strips, wait_until, whole_run

from .outage import House


@pytest.fixture
def house(tmp_path: Path, sim: CameraSim) -> Iterator[House]:
    house = registered(tmp_path, sim)
    yield house
    house.stop()


def registered(tmp_path: Path, sim: CameraSim) -> House:
    """A data folder with one room and one simulated camera in the registry; no process runs yet."""
    settings = Settings(data_dir=tmp_path)
    migrate(settings)
    database = Database.at(settings.database)
    moment = from_us(1_790_000_000_000_000)
    with database.writing() as db:
        db.add(RegionRow(id="r", name="City", level="city", path="/r/"))
        db.flush()
        db.add(InstitutionRow(id="i", region_id="r", name="School", created_at=moment))
        db.flush()
        db.add(RoomRow(id="o", institution_id="i", name="Room", created_at=moment))
        db.flush()
        camera = CameraRow(
            id=CAMERA, room_id="o", name="Front", host="127.0.0.1", port=sim.port, main_path="/hall/main"
        )
        camera.created_at = camera.updated_at = moment
        db.add(camera)
    database.dispose()
    return House(tmp_path)


def is_recording(house: House, since_us: int = 0) -> bool:
    state = health.read(house.data / "state").get((CAMERA, "main"))
    return state is not None and state.state == "recording" and (state.last_packet_us or 0) > since_us


def indexed(house: House) -> list[str]:
    """Object keys in the index, oldest first."""
    database = Database.at(Settings(data_dir=house.data).database)
    with database.reading() as db:
        keys = list(db.scalars(select(SegmentRow.object_key).order_by(SegmentRow.wall_start)))
    database.dispose()
    return keys


def runs(house: House) -> list[RunRow]:
    """The runs in the index, oldest first."""
    database = Database.at(Settings(data_dir=house.data).database)
    with database.reading() as db:
        rows = list(db.scalars(select(RunRow).order_by(RunRow.started_at)))
    database.dispose()
    return rows


def expect_nothing_missing(house: House) -> None:
    """Stops the recorder and asserts that index, files and the camera's log agree frame by frame."""
    house.running["capture"].terminate()
    house.running.pop("capture").wait(60)
    spool = Spool(house.data / "spool")
    wait_until(lambda: not list(spool.pending()), "the spool is drained")
    archive = Archive(house.data / "footage")
    files = {str(path.relative_to(house.data / "footage")) for path in (house.data / "footage").rglob("*.mp4")}
    keys = indexed(house)
    assert set(keys) == files and len(keys) == len(files)
    records = [archive.examine(key) for key in keys]
    whole: list[SegmentRecord] = [record for record in records if record is not None]
    assert len(whole) == len(keys)
    assert len({record.identity.run_id for record in whole}) == 1, "recording was interrupted"
    frames = strips(whole_run(archive, whole))
    sent = sent_frames(house.data / "sent.jsonl")
    assert position(sent, frames) == 0
    # The camera may have been disconnected while a frame or two were on the way.
    assert len(sent) - len(frames) <= 15
    assert [run.end_reason for run in runs(house)] == ["stopped"]


def hold_the_lock(house: House, seconds: float) -> None:
    """Locks the database: no other process can write or, in this mode, read."""
    connection = sqlite3.connect(house.data / "db" / "shike.sqlite3", timeout=30, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    time.sleep(seconds)
    connection.execute("ROLLBACK")
    connection.close()


@pytest.mark.parametrize("seconds", [6, pytest.param(60, marks=pytest.mark.long)])
def test_the_service_restarted_and_the_database_gone_leave_no_frame_out(house: House, seconds: int) -> None:
    house.start("keep", "api", "capture")
    wait_until(lambda: is_recording(house), "it records")
    wait_until(house.answers, "the service answers")
    house.kill("api")
    # The database is removed: housekeeping may wait or end; recording must continue.
    house.kill("keep")
    (house.data / "db").rename(house.data / "db.away")
    time.sleep(seconds)
    assert is_recording(house)
    assert len(list(Spool(house.data / "spool").pending())) >= seconds // house.segment_s - 1
    (house.data / "db.away").rename(house.data / "db")
    house.start("keep", "api")
    wait_until(house.answers, "the service answers again")
    expect_nothing_missing(house)


def test_a_database_that_is_locked_and_then_away_delays_the_index_and_ends_nobody(house: House) -> None:
    house.start("keep", "capture")
    wait_until(lambda: is_recording(house), "it records")
    wait_until(lambda: indexed(house), "something is indexed")
    hold_the_lock(house, 4)
    before = len(indexed(house))
    wait_until(lambda: len(indexed(house)) > before, "indexing goes on by itself")
    (house.data / "db").rename(house.data / "db.away")
    time.sleep(4)
    (house.data / "db.away").rename(house.data / "db")
    assert is_recording(house)
    before = len(indexed(house))
    wait_until(lambda: len(indexed(house)) > before, "indexing goes on again")
    assert house.running["keep"].poll() is None, house.words("keep")
    expect_nothing_missing(house)


def test_what_a_killed_recorder_had_is_indexed_after_the_next_start(house: House) -> None:
    house.start("keep", "capture")
    wait_until(lambda: is_recording(house), "it records")
    time.sleep(1)
    recorder = psutil.Process(house.running["capture"].pid)
    shards = recorder.children(recursive=True)
    for victim in [*shards, recorder]:
        victim.kill()
    killed_us = time.time_ns() // 1000
    house.kill("capture")
    house.start("capture")
    wait_until(lambda: [run.end_reason for run in runs(house)] == ["killed"], "the run is in the index and says why")
    ended_us = to_us(runs(house)[0].ended_at or from_us(0))
    # The end of the last whole fragment, by the camera's time of sending.
    assert killed_us - 600_000 < ended_us <= killed_us + 100_000
    wait_until(lambda: is_recording(house), "it records again")
    house.running["capture"].terminate()
    wait_until(lambda: [run.end_reason for run in runs(house)] == ["killed", "stopped"], "the second run too")
    files = {str(path.relative_to(house.data / "footage")) for path in (house.data / "footage").rglob("*.mp4")}
    assert set(indexed(house)) == files
