"""What commands read from their arguments alike: cameras by id or name, moments with a zone."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import typer
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from shike.api.db import Database
from shike.api.settings import Settings
from shike.attendance.tables import Camera, to_us
from shike.capture.archive import Archive


def cameras(database: Database, archive: Archive, asked: str | None) -> Iterable[tuple[str, str]]:
    """Ids and names of the cameras that have files or are registered; the one that was asked for."""
    with database.reading() as db:
        named = {row.id: row.name for row in db.execute(select(Camera.id, Camera.name))}
    found = {camera_id: named.get(camera_id, camera_id) for camera_id in sorted({*archive.cameras(), *named})}
    chosen = {key: name for key, name in found.items() if asked in (None, key, name)}
    if asked is not None and len(chosen) != 1:
        raise typer.BadParameter(f"{len(chosen)} cameras are called {asked}", param_hint="--camera")
    return chosen.items()


@contextmanager
def index_of(settings: Settings) -> Iterator[Database]:
    """The index, for commands that only read it. BadParameter, with the folder, where there is none."""
    try:
        yield Database.at(settings.database)
    except SQLAlchemyError as error:
        said = (
            f"the index of {settings.data_dir.absolute()} cannot be read: {type(error).__name__}; "
            "set SHIKE_DATA_DIR to the data folder, start `shike keep` once, or restore the database"
        )
        raise typer.BadParameter(said) from error


def moment_us(text: str, option: str) -> int:
    """A moment with a zone in µs UTC. BadParameter if it is none."""
    try:
        return to_us(datetime.fromisoformat(text))
    except ValueError as error:
        message = f"{text} is no time with a zone; write it like 2026-11-20T08:30:00+08:00"
        raise typer.BadParameter(message, param_hint=option) from error
