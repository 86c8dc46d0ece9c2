"""The commands that run a part of the data path until they are stopped."""

import typer

from shike.api import pipeline
from shike.api.migrate import migrate
from shike.api.probe import Counter
from shike.api.processes import Processes
from shike.api.running import halt_on_signal, start_logging
from shike.api.serve import serve
from shike.api.settings import load_settings
from shike.attendance.counting.errors import CountingError
from shike.attendance.counting.headcount import count_heads
from shike.capture.clock import SystemClock
from shike.capture.recorder import AlreadyRecording


def up() -> None:
    """Run everything on this machine: capture, keep, count and api."""
    settings = load_settings()
    start_logging(settings)
    migrate(settings)
    Processes(settings.logs_dir, SystemClock()).run(halt_on_signal())


def capture() -> None:
    """Record the cameras that the registry names."""
    settings = load_settings()
    start_logging(settings)
    try:
        pipeline.capture(settings, SystemClock(), halt_on_signal())
    except AlreadyRecording as error:
        raise typer.BadParameter(str(error)) from error


def keep() -> None:
    """Index what was recorded, and tell the recorder what to record."""
    settings = load_settings()
    start_logging(settings)
    migrate(settings)
    pipeline.keep(settings, SystemClock(), halt_on_signal())


def count() -> None:
    """Count the people in what was recorded."""
    settings = load_settings()
    start_logging(settings)
    migrate(settings)
    try:
        pipeline.count(settings, SystemClock(), halt_on_signal())
    except CountingError as error:
        raise typer.BadParameter(str(error)) from error


def api() -> None:
    """Serve HTTP, the browser app, live view and playback."""
    settings = load_settings()
    start_logging(settings)
    counter: Counter | None = None
    try:
        detector = pipeline.detector(settings)
        counter = lambda image: count_heads(image, detector)  # noqa: E731
    except CountingError as error:
        typer.echo(f"No trial counts when a camera is added: {error}", err=True)
    serve(settings, typer.echo, counter)
