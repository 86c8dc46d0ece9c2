"""`shike footage` typed on the data folder of a service, and what it did to rows and files."""

from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from typer.testing import CliRunner, Result

from shike.api.commands.cli import app
from shike.api.processes.keep import Housekeeper
from shike.attendance.tables.base import Base
from shike.attendance.tables.footage import RunRow, SegmentRow
from tests.api.filmed import Filmed
from tests.recorded import CAMERA

START_US = 1_790_000_000_000_000


def keep(filmed: Filmed) -> None:
    Housekeeper(filmed.service.settings, filmed.service.database, filmed.service.clock).index_spool()


def footage(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def rows(filmed: Filmed, entity: type[Base]) -> dict[str, dict[str, Any]]:
    """All columns of the camera's rows by id, except created_at."""
    with filmed.service.database.reading() as db:
        found = db.scalars(select(entity).where(entity.__table__.c.camera_id == CAMERA))
        columns = [column.name for column in entity.__table__.columns if column.name != "created_at"]
        return {row.id: {name: getattr(row, name) for name in columns} for row in found}  # type: ignore[attr-defined]


def path_of(filmed: Filmed, key: str) -> Path:
    return filmed.service.settings.footage_dir / key


def forget(filmed: Filmed) -> None:
    with filmed.service.database.writing() as db:
        db.execute(delete(SegmentRow).where(SegmentRow.camera_id == CAMERA))
        db.execute(delete(RunRow).where(RunRow.camera_id == CAMERA))
