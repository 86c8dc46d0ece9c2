"""How a long-running process is told to end: a signal, or the end of its parent, however the parent ends.

A child's standard input is a pipe, of which only the parent holds the other end.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

LIFELINE = "SHIKE_LIFELINE"
"""Set for a child of `shike up`, whose standard input is such a pipe; a person's terminal is none."""


def end_with_parent(stop: Callable[[], None]) -> None:
    """Call `stop` once standard input, a pipe that only the parent holds, comes to its end."""

    def watch() -> None:
        sys.stdin.read()
        stop()

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def halt_on_signal() -> threading.Event:
    """Set on SIGTERM, on SIGINT, and when the parent that started this process for `shike up` is gone."""
    halt = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        halt.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    if os.environ.get(LIFELINE):
        end_with_parent(halt.set)
    return halt
