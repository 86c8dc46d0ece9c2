"""Clocks. Whoever needs the time is handed a clock, so that tests can move it."""

import time
from typing import Protocol


class Clock(Protocol):
    """Wall time and a time that never steps."""

    def now(self) -> int:
        """UTC in microseconds since the Unix epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> int:
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        return time.monotonic()
