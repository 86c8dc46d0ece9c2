"""`shike ingest`: stores a video file that was recorded elsewhere as footage of a camera, marked as imported.

Not here: reading the file (capture/recorder/ingest.py). Design: docs/design/capture.md.
"""

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select

from shike.api.commands.arguments import moment_us
from shike.api.database import Database
from shike.api.migrate import migrate
from shike.api.processes.pipeline import capture_config
from shike.api.settings import load_settings
from shike.attendance.footage.index import Footage
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import StreamName
from shike.capture.archive.spool import Spool
from shike.capture.clock import SystemClock
from shike.capture.errors import CaptureError
from shike.capture.moment import rfc3339_us
from shike.capture.recorder.ingest import duration_us, ingest
from shike.capture.recorder.recording import Recording

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A video file: H.264 or H.265.")]
_Camera = Annotated[str, typer.Option("--camera", help="Id of the camera, or its name if that is unique.")]
_Start = Annotated[str, typer.Option(help="Wall time of its first picture, with zone: 2026-11-20T08:30:00+08:00.")]


def ingest_file(
    file: File, camera: _Camera, start: _Start, stream: StreamName = "main", simulated: bool = False
) -> None:
    """Store a video file as footage of a camera. Nothing that is there is overwritten."""
    settings = load_settings()
    migrate(settings)
    database = Database.at(settings.database)
    start_us = moment_us(start, "--start")
    config = capture_config(settings)
    archive, spool, clock = Archive(config.footage, config.reserve_bytes), Spool(config.spool), SystemClock()
    with database.reading() as db:
        matches = list(db.scalars(select(CameraRow).where((CameraRow.id == camera) | (CameraRow.name == camera))))
    if len(matches) != 1:
        raise typer.BadParameter(f"{len(matches)} cameras are called {camera}", param_hint="--camera")
    try:
        end_us = start_us + duration_us(file)
        if end_us > clock.now():
            raise typer.BadParameter("the footage would end in the future", param_hint="--start")
        stored = Footage(archive, spool, database.reading).pieces(matches[0].id, stream, start_us, end_us)
        if stored:
            span = f"{rfc3339_us(stored[0].start_us)} to {rfc3339_us(stored[-1].end_us)}"
            raise typer.BadParameter(f"there is footage already from {span}", param_hint="--start")
        done = ingest(
            file,
            matches[0].id,
            stream,
            start_us,
            Recording(archive, spool, clock, config.lengths, settings.node),
            simulated=simulated or matches[0].simulated,
            progress=lambda seconds: typer.echo(f"\r{seconds:8.0f} s", nl=False, err=True),
        )
    except CaptureError as error:
        message = f"{error}; {error.hint}" if error.hint else str(error)
        raise typer.BadParameter(message, param_hint="FILE") from error
    typer.echo(f"\n{done.pictures} pictures, {done.seconds:.1f} s, up to {rfc3339_us(done.end_us)}: imported")
