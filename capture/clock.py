"""Clocks. Code that needs the time gets a clock as an argument, so that tests can control it."""

import time
from typing import Protocol


class Clock(Protocol):
    """A wall clock and a steady clock."""

    def now(self) -> int:
        """UTC in microseconds since the Unix epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        ...


class SystemClock:
    """The clocks of this machine."""

    def now(self) -> int:
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        return time.monotonic()
