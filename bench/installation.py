"""An installation to measure: a data folder with a registry, and how to start Shike's processes on it."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from shike.api.auth.login import open_login
from shike.api.auth.tables import AccountRow
from shike.api.database import Database
from shike.api.migrate import migrate
from shike.api.moment import now
from shike.api.registry.regions import new_region
from shike.api.settings import Settings
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RoomRow
from shike.capture.clock import SystemClock
from shike.capture.ids import new_id


def create(data: Path, urls: Sequence[str]) -> tuple[list[str], str]:
    """Make a migrated database with a room and a camera for each address.

    Returns the camera ids and a supervisor's session token.
    """
    settings, clock = Settings(data_dir=data), SystemClock()
    migrate(settings)
    database, moment = Database.at(settings.database), now(clock)
    ids = [new_id() for _ in urls]
    with database.writing() as db:
        root = new_region(db, None, "Bench", "province")
        institution = InstitutionRow(id=new_id(), region_id=root.id, name="Bench", created_at=moment)
        db.add(institution)
        db.flush()
        for number, (camera_id, url) in enumerate(zip(ids, urls, strict=True)):
            at = urlsplit(url)
            room = RoomRow(id=new_id(), institution_id=institution.id, name=f"Room {number}", created_at=moment)
            db.add(room)
            db.flush()
            camera = CameraRow(
                id=camera_id, room_id=room.id, name=f"Camera {number}", host=at.hostname or "", port=at.port or 554,
                main_path=at.path, created_at=moment, updated_at=moment,
            )  # fmt: skip
            db.add(camera)
        account = AccountRow(
            id=new_id(), username="bench", name="Bench", password_hash="-", role="supervisor", region_id=root.id,
            created_at=moment,
        )  # fmt: skip
        db.add(account)
        db.flush()
        token = open_login(db, account.id, moment, 24)
    database.dispose()
    return ids, token


def command(name: str) -> list[str]:
    """Command line of `shike NAME` with this Python."""
    return [sys.executable, "-m", "shike.api.commands.cli", name]


def environment(data: Path, **settings: object) -> dict[str, str]:
    """Environment of a process of Shike, without the SHIKE_* variables of this shell."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHIKE_")}
    if "PYTHONPATH" in kept:  # the processes are started in another folder
        kept["PYTHONPATH"] = os.pathsep.join(
            str(Path(each).absolute()) for each in kept["PYTHONPATH"].split(os.pathsep)
        )
    own = {"SHIKE_DATA_DIR": str(data), "SHIKE_LOG_LEVEL": "error"}
    return kept | own | {f"SHIKE_{name.upper()}": str(value) for name, value in settings.items()}
