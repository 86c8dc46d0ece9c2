"""Ends a long-running process on a signal, or when its parent has ended for any reason.

The standard input of a child is a pipe whose other end only the parent holds: it closes with the parent.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

LIFELINE = "SHIKE_LIFELINE"
"""Environment variable that `shike up` sets for its children: their standard input is such a pipe, no terminal."""


def end_with_parent(stop: Callable[[], None]) -> None:
    """Call `stop` at the end of standard input, a pipe that only the parent holds."""

    def watch() -> None:
        sys.stdin.read()
        stop()

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def halt_on_signal() -> threading.Event:
    """An event that is set on SIGTERM, on SIGINT, and when a parent that set `LIFELINE` has ended."""
    halt = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        halt.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    if os.environ.get(LIFELINE):
        end_with_parent(halt.set)
    return halt
