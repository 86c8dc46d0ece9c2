"""The commands that run a part of the data path until they are stopped. Each loads only what it needs (pipeline)."""

import os

import typer

from shike.api import pipeline
from shike.api.processes import CONSOLE_ONLY, LIFELINE, Processes
from shike.api.running import halt_on_signal, start_logging
from shike.api.settings import Settings, load_settings
from shike.capture.clock import SystemClock


def up() -> None:
    """Run everything on this machine: capture, keep, count and api."""
    settings = _started(migrated=True)
    Processes(settings.logs_dir, SystemClock()).run(halt_on_signal())


def capture() -> None:
    """Record the cameras that the registry names."""
    from shike.capture.recorder import AlreadyRecording

    settings = _started(migrated=False)
    try:
        pipeline.capture(settings, SystemClock(), halt_on_signal())
    except AlreadyRecording as error:
        raise typer.BadParameter(str(error)) from error


def keep() -> None:
    """Index what was recorded, and tell the recorder what to record."""
    settings = _started(migrated=True)
    pipeline.keep(settings, SystemClock(), halt_on_signal())


def count() -> None:
    """Count the people in what was recorded."""
    from shike.attendance.counting.errors import CountingError

    settings = _started(migrated=True)
    try:
        pipeline.count(settings, SystemClock(), halt_on_signal())
    except CountingError as error:
        raise typer.BadParameter(str(error)) from error


def api() -> None:
    """Serve HTTP, the browser app, live view and playback."""
    from shike.api.probe import trial_counter
    from shike.api.serve import serve

    settings = _started(migrated=False)  # serving migrates by itself
    mark = CONSOLE_ONLY if os.environ.get(LIFELINE) else ""
    serve(settings, lambda line: typer.echo(mark + line), trial_counter(settings))


def _started(*, migrated: bool) -> Settings:
    settings = load_settings()
    start_logging(settings)
    if migrated:
        from shike.api.migrate import migrate

        migrate(settings)
    return settings
