"""The commands that run a process until it is stopped. Each imports only what it needs.

`up` and `capture` read the settings here, `up` migrates the database; then the process goes on as another module that
does not hold their libraries in memory (capture/become.py). Not here: what the processes do (processes/pipeline.py).
Why: docs/decisions/0014.
"""

import os

import typer

from shike.api.processes import pipeline
from shike.api.processes.supervisor import CONSOLE_ONLY
from shike.api.settings import Settings, load_settings
from shike.capture.become import become, start_logging
from shike.capture.clock import SystemClock
from shike.capture.lifeline import LIFELINE, halt_on_signal


def up() -> None:
    """Run everything on this machine: capture, keep, count and api."""
    settings = _started(migrated=True)
    become("shike.api.processes.supervisor", settings.log_level, str(settings.logs_dir))


def capture() -> None:
    """Record the cameras that the registry names."""
    pipeline.capture(_started(migrated=False))


def keep() -> None:
    """Index what was recorded, and tell the recorder what to record."""
    pipeline.keep(_started(migrated=True), SystemClock(), halt_on_signal())


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
    from shike.api.registry.probe import trial_counter
    from shike.api.serve import serve

    settings = _started(migrated=False)  # serve() migrates the database
    mark = CONSOLE_ONLY if os.environ.get(LIFELINE) else ""
    serve(settings, lambda line: typer.echo(mark + line), trial_counter(settings))


def _started(*, migrated: bool) -> Settings:
    settings = load_settings()
    start_logging(settings.log_level)
    if migrated:
        from shike.api.migrate import migrate

        migrate(settings)
    return settings
