"""`shike camera-sim`: the simulated camera, as a child of `shike demo` or on its own."""

import os
import signal

import typer

from shike.camera_sim.command import main
from shike.capture.lifeline import LIFELINE, end_with_parent


def camera_sim(context: typer.Context) -> None:
    """Serve prepared clips as RTSP cameras on this machine (--help for its own options)."""
    if os.environ.get(LIFELINE):
        end_with_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
    raise typer.Exit(main(context.args))
