"""Edges of a long-running command: logging, signals, the parent's pipe."""

import logging
import os
import signal
from threading import Event
from types import FrameType

from shike.api.processes import LIFELINE
from shike.api.settings import Settings
from shike.capture.lifeline import end_with_parent


def start_logging(settings: Settings) -> None:
    """Lines to standard error, with UTC-free local wall time left to whoever collects them."""
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )


def halt_on_signal() -> Event:
    """Set on SIGTERM, on SIGINT, and when the parent that started this process for `shike up` is gone."""
    halt = Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        halt.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    if os.environ.get(LIFELINE):
        end_with_parent(halt.set)
    return halt
