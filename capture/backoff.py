"""Pauses that double while something keeps failing: cameras, shards, processes, the database.

Here: how long the next pause is. Not here: waiting itself, which each caller does in its own loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


@dataclass(frozen=True, slots=True)
class Pauses:
    """How the pauses of one series grow. Lengths in seconds.

    `healthy_s`: after working for this long, the next failure starts the series anew. `at_once`: so many failures in a
    row cost no pause. `jitter`: each pause is up to this share longer or shorter.
    """

    first_s: float
    longest_s: float
    healthy_s: float = float("inf")
    at_once: int = 0
    jitter: float = 0.0


class Backoff:
    """Counts failures in a row and says how long to wait after each. Does not wait itself."""

    def __init__(self, pauses: Pauses, random: Random | None = None) -> None:
        """`random` is needed only for pauses with jitter."""
        self._pauses, self._random = pauses, random
        self._next_s = pauses.first_s
        self.attempt = 0
        """Failures in a row so far."""

    def failed(self, healthy_for_s: float = 0.0) -> float:
        """Seconds to wait now. `healthy_for_s`: how long it had worked before it failed."""
        pauses = self._pauses
        if healthy_for_s >= pauses.healthy_s:
            self.succeeded()
        self.attempt += 1
        if self.attempt <= pauses.at_once:
            return 0.0
        pause_s, self._next_s = self._next_s, min(pauses.longest_s, self._next_s * 2)
        if self._random is None:
            return pause_s
        return pause_s * self._random.uniform(1 - pauses.jitter, 1 + pauses.jitter)

    def succeeded(self) -> None:
        """The next failure starts the series anew."""
        self._next_s, self.attempt = self._pauses.first_s, 0
