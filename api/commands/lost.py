"""`shike footage lost`: names cameras whose footage is not mounted, and records footage as lost for good.

Not here: what is absent and giving it up (attendance/repair/giving_up.py). Design: docs/design/retention.md.
"""

from typing import Annotated

import typer
from sqlalchemy import select

from shike.api.auth import audit
from shike.api.auth.roles import Role
from shike.api.auth.tables import AccountRow
from shike.api.commands.arguments import cameras, index_of, shown
from shike.api.database import Database
from shike.api.settings import Settings, load_settings
from shike.attendance.footage.mounted import away
from shike.attendance.repair.giving_up import Absent, absent, give_up
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.files import Archive
from shike.capture.clock import Clock, SystemClock
from shike.capture.errors import FootageError
from shike.capture.moment import rfc3339_us

_LONGEST_REASON = 500

_Camera = Annotated[str | None, typer.Option("--camera", help="Id of one camera, or its name (room · name).")]
_Reason = Annotated[str | None, typer.Option("--reason", help="Give it up for good: why. Goes on record.")]
By = Annotated[str | None, typer.Option("--account", help="User name of the administrator who gives it up.")]


def lost_footage(camera: _Camera = None, reason: _Reason = None, account: By = None) -> None:
    """Name the cameras whose indexed footage is not here, as a volume is not mounted. Exits with 1 if there are any.

    With --camera, --reason and --account: record that what is not here of this camera is lost for good, so that
    clean-ups go on.
    """
    settings, clock = load_settings(), SystemClock()
    archive = Archive(settings.footage_dir)
    giving_up = reason is not None or account is not None
    if giving_up and (camera is None or account is None or not (reason or "").strip()):
        raise typer.BadParameter("to give footage up, name the camera, the reason and the account that does")
    if len(reason or "") > _LONGEST_REASON:
        raise typer.BadParameter(f"write at most {_LONGEST_REASON} characters", param_hint="--reason")
    cameras_absent = 0
    with index_of(settings) as database:
        for camera_id, name in cameras(database, archive, camera):
            with database.reading() as db:
                what = absent(db, archive, camera_id) if giving_up or away(db, archive, [camera_id]) else None
            if what is None:
                continue
            cameras_absent += 1
            if giving_up:
                _give_up(database, archive, camera_id, what, (account or "", (reason or "").strip()), clock)
            typer.echo(f"{shown(camera_id, name)}: {_line(what, settings, camera_id, giving_up)}")
    if not cameras_absent:
        typer.echo("all footage that the index knows is here; nothing is lost")
    elif not giving_up:
        typer.echo("mount the volume; if it is lost for good, add --camera, --reason and --account")
    raise typer.Exit(1 if cameras_absent and not giving_up else 0)


def _give_up(
    database: Database, archive: Archive, camera_id: str, what: Absent, by_and_reason: tuple[str, str], clock: Clock
) -> None:
    username, reason = by_and_reason
    with database.writing() as db:
        by = db.scalar(select(AccountRow).where(AccountRow.username == username, AccountRow.role == Role.ADMINISTRATOR))
        if by is None or not by.active:
            raise typer.BadParameter(f"there is no administrator {username} who may log in", param_hint="--account")
        row = db.get(CameraRow, camera_id)
        place = audit.NOWHERE if row is None else audit.place_of(db, row)
        audit.write_console(db, clock, by, "footage_given_up", place, reason=reason, segments=what.segments)
        db.flush()
        try:
            give_up(archive, camera_id, what, by.name, reason, clock.now())
        except (OSError, FootageError) as error:
            raise typer.BadParameter(f"the chain of camera {camera_id} cannot be written: {error}") from error


def _line(what: Absent, settings: Settings, camera_id: str, given_up: bool) -> str:
    times = f"{rfc3339_us(what.start_us)} to {rfc3339_us(what.end_us)}"
    folder = settings.footage_dir.absolute() / camera_id
    files = f"; {what.files} of them have files here" if what.files else ""
    verb = "given up for good" if given_up else "not here"
    return f"{what.segments} segments from {times} are {verb} ({folder}){files}"
