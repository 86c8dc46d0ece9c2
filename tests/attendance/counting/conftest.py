"""A database with two cameras in one room, an archive and a spool; the packed default detector; real pictures."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shike.api.database import Database
from shike.attendance.counting.centerface import CenterFace
from shike.attendance.counting.worker import Counter, CountingOptions
from shike.attendance.tables.base import Base
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RegionRow, RoomRow
from shike.capture.archive.files import Archive
from shike.capture.archive.spool import Spool
from shike.capture.moment import from_us

from .recording import MORNING_US, HandClock, WhiteSquares

FRONT = "01900000-0000-7000-8000-00000000000a"
REAR = "01900000-0000-7000-8000-00000000000b"


@pytest.fixture
def clock() -> HandClock:
    """A manual clock at the start of the recordings."""
    return HandClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """SQLite in a file, as in production, with the cameras FRONT and REAR."""
    database = Database.at(f"sqlite:///{tmp_path / 'shike.sqlite3'}")
    Base.metadata.create_all(database.engine)
    now = from_us(MORNING_US)
    with database.writing() as db:
        region = RegionRow(id="r", name="Hengyang", level="city", path="/r/")
        institution = InstitutionRow(id="i", region_id="r", name="School", created_at=now)
        room = RoomRow(id="room", institution_id="i", name="301", created_at=now)
        for row in (region, institution, room):
            db.add(row)
            db.flush()
        for camera_id in (FRONT, REAR):
            db.add(
                CameraRow(
                    id=camera_id,
                    room_id="room",
                    name=camera_id[-1],
                    host="127.0.0.1",
                    main_path="/main",
                    created_at=now,
                    updated_at=now,
                )
            )
    yield database
    database.dispose()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """An empty archive."""
    return Archive(tmp_path / "footage")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool."""
    return Spool(tmp_path / "spool")


@pytest.fixture
def options(tmp_path: Path) -> CountingOptions:
    """Two seconds between samples."""
    return CountingOptions(
        node="node-1", place_file=tmp_path / "state" / "count.json", sample_interval_s=2, imported_interval_s=2
    )


@pytest.fixture
def counter(archive: Archive, database: Database, options: CountingOptions, clock: HandClock) -> Counter:
    """A counter of white squares."""
    return Counter(archive, database, WhiteSquares(), options, clock)


@pytest.fixture(scope="session")
def centerface() -> CenterFace:
    """The packed default detector. Without it the tests fail with a message that says how to pack it."""
    return CenterFace(threads=2)


@pytest.fixture(scope="session")
def real_set() -> Path:
    """The folder of real pictures in SHIKE_REAL_SET. They may not be distributed, so they are not in git."""
    named = os.environ.get("SHIKE_REAL_SET")
    if not named:
        pytest.skip("SHIKE_REAL_SET is not set: real classroom pictures were NOT counted")
    folder = Path(named)
    if not (folder / "intel-classroom.gif").is_file():
        pytest.fail(f"SHIKE_REAL_SET names {folder}, which holds no intel-classroom.gif")
    return folder
