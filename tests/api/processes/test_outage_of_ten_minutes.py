"""The database is away for ten simulated minutes: leases run out, records wait, and no footage is lost.

What ten minutes bring is brought at once: leases that ended long ago, and the records of ten minutes of 64 cameras,
made from one that was recorded. The outage itself is real and short.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from shike.api.database import Database
from shike.api.settings import Settings
from shike.attendance.tables.footage import SegmentRow
from shike.attendance.tables.registry import CameraRow
from shike.camera_sim import CameraSim
from shike.capture.archive.segment import SegmentRecord
from shike.capture.archive.spool import Spool
from shike.capture.ids import new_id
from shike.capture.moment import from_us
from shike.capture.recorder.desired import Desired
from tests.recorded import CAMERA, wait_until

from .outage import House
from .test_outage import indexed, is_recording, registered, runs

CAMERAS, MINUTES = 64, 10


@pytest.fixture
def house(tmp_path: Path, sim: CameraSim) -> Iterator[House]:
    house = registered(tmp_path, sim)
    database = Database.at(Settings(data_dir=tmp_path).database)
    moment = from_us(1_790_000_000_000_000)
    with database.writing() as db:
        for number in range(CAMERAS):
            camera = CameraRow(id=camera_id(number), room_id="o", name=f"C{number}", host="h", port=1, main_path="/")
            camera.enabled, camera.created_at, camera.updated_at = False, moment, moment
            db.add(camera)
    database.dispose()
    yield house
    house.stop()


def camera_id(number: int) -> str:
    return f"01900000-0000-7000-8000-0000000010{number:02}"


def pile_up(house: House, made: SegmentRecord) -> None:
    """Records of a minute each, ten for each of 64 cameras; all files are links to one file."""
    spool = Spool(house.data / "spool")
    footage = house.data / "footage"
    for number in range(CAMERAS):
        run_id = new_id()
        for minute in range(MINUTES):
            started_us = made.identity.started_us + minute * 60_000_000
            identity = replace(
                made.identity,
                camera_id=camera_id(number),
                run_id=run_id,
                segment_id=new_id(),
                sequence=minute,
                started_us=started_us,
            )
            path = footage / identity.object_key
            path.parent.mkdir(parents=True, exist_ok=True)
            os.link(footage / made.key, path)
            record = replace(made, identity=identity, key=identity.object_key, ends_run=None)
            # Written as the spool writes it, without fsync, which would take most of the test.
            (house.data / "spool" / f"{identity.segment_id}.json").write_bytes(record.to_json())
    assert len(list(spool.pending())) >= CAMERAS * MINUTES


def test_ten_minutes_without_a_database_lose_nothing_though_leases_end_and_the_recorder_is_restarted(
    house: House,
) -> None:
    house.start("keep", "capture")
    wait_until(lambda: is_recording(house), "it records")
    house.kill("keep")
    (house.data / "db").rename(house.data / "db.away")
    before = Desired.load(house.data / "state")
    expired = tuple(replace(wanted, lease_until_us=time.time_ns() // 1000 - 600_000_000) for wanted in before.streams)
    Desired(before.version + 1, expired).store(house.data / "state")
    wait_until(lambda: list(Spool(house.data / "spool").pending()), "a segment waits in the spool")
    pile_up(house, next(Spool(house.data / "spool").pending()))
    # The recorder not only continues: it also starts again, from the desired state that was published last.
    house.running["capture"].terminate()
    house.running.pop("capture").wait(60)
    began_us = time.time_ns() // 1000
    house.start("capture")
    wait_until(lambda: is_recording(house, since_us=began_us), "it records without a database and without a lease")
    (house.data / "db.away").rename(house.data / "db")
    house.start("keep")
    began_s = time.monotonic()
    wait_until(lambda: count_of_others(house) == CAMERAS * MINUTES, "all of it is indexed")
    print(f"{CAMERAS * MINUTES} records indexed within {time.monotonic() - began_s:.1f} s of the start")
    house.running["capture"].terminate()
    house.running.pop("capture").wait(60)
    wait_until(lambda: not list(Spool(house.data / "spool").pending()), "the spool is drained")
    files = {str(path.relative_to(house.data / "footage")) for path in (house.data / "footage").rglob("*.mp4")}
    assert set(indexed(house)) == files
    own = [run.end_reason for run in runs(house) if run.camera_id == CAMERA]
    assert own == ["stopped", "stopped"]


def count_of_others(house: House) -> int:
    database = Database.at(Settings(data_dir=house.data).database)
    with database.reading() as db:
        count = db.scalar(select(func.count()).select_from(SegmentRow).where(SegmentRow.camera_id != CAMERA)) or 0
    database.dispose()
    return count
