"""Class sessions for tests of judgement: reads the plain wording of cases/*.yaml into inputs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from shike.attendance.judgement.inputs import (
    MINUTE_US,
    SECOND_US,
    CameraCoverage,
    FootageSpan,
    Person,
    Rejected,
    SessionInputs,
    Sign,
)
from shike.attendance.judgement.room_counts import RoomCount
from shike.attendance.judgement.thresholds import Thresholds, edition_in_force
from shike.capture.moment import to_us

THRESHOLDS: Thresholds = edition_in_force(date(2026, 11, 23))
MIDNIGHT_US = to_us(datetime(2026, 11, 23, tzinfo=UTC))
EVERY_US = 30 * SECOND_US


def at(clock: str) -> int:
    """ "08:16" or "08:16:30" of the day of the tests, in µs UTC."""
    hours, minutes, *seconds = (int(part) for part in clock.split(":"))
    return MIDNIGHT_US + ((hours * 60 + minutes) * 60 + (seconds[0] if seconds else 0)) * SECOND_US


def clock(at_us: int) -> str:
    """The inverse of `at`, to the minute."""
    return datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%H:%M")


def between(text: str) -> tuple[int, int]:
    """ "08:00-09:00" in µs UTC."""
    start, end = text.split("-")
    return at(start), at(end)


def seen(start_us: int, end_us: int, count: int, low: int | None = None, high: int | None = None) -> list[RoomCount]:
    """The same count every thirty seconds."""
    low, high = count if low is None else low, count if high is None else high
    return [RoomCount(us, count, low, high, True, ("front",)) for us in range(start_us, end_us, EVERY_US)]


def dark(start_us: int, end_us: int) -> list[RoomCount]:
    """Pictures that cannot be counted."""
    return [RoomCount(us, 0, 0, 0, False, ("front",)) for us in range(start_us, end_us, EVERY_US)]


def signed(people: int, start_us: int, end_us: int | None, first: int = 0) -> list[Sign]:
    """Sign-ins of people at one time, and their sign-outs at another; None: no sign-outs."""
    names = [f"trainee-{number:03}" for number in range(first, first + people)]
    signs = [Sign(start_us, name, "in") for name in names]
    return signs + ([] if end_us is None else [Sign(end_us, name, "out") for name in names])


def roster(people: int, on_leave: int = 0) -> tuple[Person, ...]:
    """A roster of people, the last ones on leave."""
    return tuple(Person(f"trainee-{number:03}", number >= people - on_leave) for number in range(people))


@dataclass(frozen=True)
class Case:
    """A class session in a YAML case, and its expected result."""

    name: str
    planned: str
    expected: int = 20
    on_leave: int = 0
    breaks: Sequence[str] = ()
    signed_in: Sequence[str] = ()
    seen: Sequence[str] = ()
    room: str = "accepted"
    recorded: Sequence[str] | None = None
    now: str | None = None
    rejected: Sequence[str] = ()
    flags: Sequence[str] = ()
    people: dict[str, int] = field(default_factory=dict)
    credited_minutes: Sequence[int] | None = None
    lesson_hours: Sequence[str] | None = None

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Case":
        return cls(**document)

    def inputs(self) -> SessionInputs:
        """The case as inputs of judgement."""
        start_us, end_us = between(self.planned)
        inputs = SessionInputs(
            session_id="session",
            start_us=start_us,
            end_us=end_us,
            breaks=tuple(between(each) for each in self.breaks),
            expected=roster(self.expected, self.on_leave),
            signs=tuple(self._signs()),
            counts=tuple(count for line in self.seen for count in _seen(line)),
            accepted=self.room == "accepted",
            rejected=tuple(_rejected(line) for line in self.rejected),
            now_us=None if self.now is None else at(self.now),
        )
        return inputs if self.room == "without cameras" else replace(inputs, coverage=(self._camera(inputs),))

    def _signs(self) -> list[Sign]:
        """Lines like "20 people 07:55-09:00" or "3 people 08:20-", which take people in the order of the roster."""
        signs: list[Sign] = []
        first = 0
        for line in self.signed_in:
            match = re.fullmatch(r"(\d+) people ([\d:]+)-([\d:]*)", line)
            assert match, line
            signs += signed(int(match[1]), at(match[2]), at(match[3]) if match[3] else None, first)
            first += int(match[1])
        return signs

    def _camera(self, inputs: SessionInputs) -> CameraCoverage:
        spans = [between(each) for each in (self.recorded if self.recorded is not None else [self.planned])]
        cut = [(max(a, inputs.start_us), min(b, inputs.until_us)) for a, b in spans]
        gaps, done_us = [], inputs.start_us
        for begin, until in [*cut, (inputs.until_us, inputs.until_us)]:
            if begin > done_us:
                gaps.append(FootageSpan(done_us, begin, "no_data"))
            done_us = max(done_us, until)
        return CameraCoverage("front", tuple(FootageSpan(a, b) for a, b in cut if a < b), tuple(gaps))


def _seen(line: str) -> list[RoomCount]:
    """ "08:00-08:16 shows 18 (17 to 20)", or "... shows nothing countable"."""
    match = re.fullmatch(r"(\S+) shows (\d+)(?: \((\d+) to (\d+)\))?", line)
    if match is None:
        assert line.endswith(" shows nothing countable"), line
        return dark(*between(line.split()[0]))
    low, high = (int(match[3]), int(match[4])) if match[3] else (None, None)
    return seen(*between(match[1]), int(match[2]), low, high)


def _rejected(line: str) -> Rejected:
    code, window = line.split()
    return Rejected(code, *between(window))


def minutes(number: float) -> int:
    """Minutes in µs."""
    return round(number * MINUTE_US)
