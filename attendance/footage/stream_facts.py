"""All that decides the coverage of one stream over one range: a frozen value.

Here: what was recorded, why earlier recording ended, what the recorder says now, what the registry and the timetable
say. Not here: reading these facts (recording/coverage_reader.py), what follows from them (coverage.py, gap_reason.py).
Design: docs/design/footage.md, "Coverage".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shike.capture.schedule import Window


class Recorded(Protocol):
    """Footage of one run: a piece (index.py) or a stretch (stretches.py). `ends_run`: why the run ended with it."""

    @property
    def run_id(self) -> str: ...
    @property
    def start_us(self) -> int: ...
    @property
    def end_us(self) -> int: ...
    @property
    def origin(self) -> str: ...
    @property
    def simulated(self) -> bool: ...
    @property
    def is_open(self) -> bool: ...
    @property
    def ends_run(self) -> str | None: ...
    @property
    def deleted(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """The facts of one stream over [start, end). Times in µs UTC; what lies after `now_us` is unknown.

    `ended_before`: why the last live run that began before the range ended; None if there was none.
    `cause_now`: what the recorder says at this moment about why it does not record; None if it says nothing.
    `registered_us`: when the camera was entered. `enabled`: False if somebody has switched the camera off, and it was
    not recorded after the range.
    `due`: when the room was to be recorded; None for all the time.
    `deleted_as_recorded`: count footage that a rule has deleted as recorded. A judgement asks for that: what a class
    session was judged by does not change when footage is deleted.
    """

    start_us: int
    end_us: int
    now_us: int
    recorded: Sequence[Recorded] = ()
    ended_before: str | None = None
    cause_now: str | None = None
    registered_us: int = 0
    enabled: bool = True
    due: Sequence[Window] | None = None
    deleted_as_recorded: bool = False

    @property
    def until_us(self) -> int:
        """The end of what is known: the end of the range, or now."""
        return min(self.end_us, self.now_us)

    @property
    def known_us(self) -> int:
        """Since when the camera is known: since it was entered, or since its first live run if that was earlier.

        A camera that was entered anew keeps its footage. 0: it was recorded before this range.
        """
        if self.ended_before is not None:
            return 0
        return min([self.registered_us, *(each.start_us for each in self.recorded if each.origin == "live")])
