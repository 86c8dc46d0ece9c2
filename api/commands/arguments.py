"""What several commands share in reading their arguments: cameras by id or name, moments with a zone, many options."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar, get_type_hints

import typer
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from shike.api.database import Database
from shike.api.settings import Settings
from shike.attendance.tables.registry import CameraRow, RoomRow
from shike.capture.archive.files import Archive
from shike.capture.moment import to_us

# How many cameras an error names where it is not clear which one is meant.
_CANDIDATES = 10
OptionsT = TypeVar("OptionsT")


def with_options(options: type[OptionsT]) -> Callable[[Callable[[OptionsT], None]], Callable[..., None]]:
    """Turns a function of one dataclass into a command with an option for each field of the dataclass."""

    def command_of(function: Callable[[OptionsT], None]) -> Callable[..., None]:
        def command(**values: Any) -> None:
            function(options(**values))

        # Typer reads the options from the signature and the annotations.
        command.__signature__ = inspect.signature(options).replace(return_annotation=None)  # type: ignore[attr-defined]
        command.__annotations__ = get_type_hints(options, include_extras=True)
        command.__name__, command.__doc__ = function.__name__, function.__doc__
        return command

    return command_of


def cameras(database: Database, archive: Archive, asked: str | None) -> Iterable[tuple[str, str]]:
    """Ids and names (room · camera) of all cameras that have files or are registered, or of the one that is asked for.

    `asked` is an id, a name, or a name with the room. BadParameter, with the candidates, unless it fits exactly one.
    """
    with database.reading() as db:
        query = select(CameraRow.id, CameraRow.name, RoomRow.name.label("room")).join(
            RoomRow, RoomRow.id == CameraRow.room_id
        )
        registered = {row.id: (row.name, f"{row.room} · {row.name}") for row in db.execute(query)}
    ids = sorted({*archive.cameras(), *registered})
    names = {each: registered[each][1] if each in registered else each for each in ids}
    chosen = {
        each: name
        for each, name in names.items()
        if asked is None or asked in (each, name, shown(each, name), *registered.get(each, ()))
    }
    if asked is not None and len(chosen) != 1:
        raise typer.BadParameter(_unclear(asked, chosen, names), param_hint="--camera")
    return chosen.items()


def shown(camera_id: str, name: str) -> str:
    """A camera in messages for people: `201 · Front (id)`."""
    return camera_id if name == camera_id else f"{name} ({camera_id})"


def _unclear(asked: str, chosen: dict[str, str], names: dict[str, str]) -> str:
    candidates = [shown(*each) for each in sorted((chosen or names).items(), key=lambda each: each[1])]
    count = f"{len(chosen)} cameras are called {asked}"
    if not candidates:
        return f"{count}: nothing is recorded, and no camera is registered"
    more = f", and {len(candidates) - _CANDIDATES} more" if len(candidates) > _CANDIDATES else ""
    lead = "give the id of one: " if chosen else "there are "
    return f"{count}; {lead}{', '.join(candidates[:_CANDIDATES])}{more}"


@contextmanager
def index_of(settings: Settings) -> Iterator[Database]:
    """The index, for commands that only read it. BadParameter, with the folder, if it cannot be read."""
    try:
        yield Database.at(settings.database)
    except SQLAlchemyError as error:
        message = (
            f"the index of {settings.data_dir.absolute()} cannot be read: {type(error).__name__}; "
            "set SHIKE_DATA_DIR to the data folder, start `shike keep` once, or restore the database"
        )
        raise typer.BadParameter(message) from error


def moment_us(text: str, option: str) -> int:
    """Parses a time with a zone; µs UTC. BadParameter if it is not one."""
    try:
        return to_us(datetime.fromisoformat(text))
    except ValueError as error:
        message = f"{text} is no time with a zone; write it like 2026-11-20T08:30:00+08:00"
        raise typer.BadParameter(message, param_hint=option) from error
