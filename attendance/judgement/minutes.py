"""A class session minute by minute: its valid samples, and the stretches of minutes that speak against the class.

A minute speaks against the class only if it holds a valid sample and every valid sample in it does. A minute without
a valid sample is unknown and speaks neither way. So one more correct picture can take a minute out of an accusation,
and never adds one. Pure functions. Formulas: docs/design/judgement.md.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shike.attendance.judgement.inputs import MINUTE_US, SECOND_US, SessionInputs
from shike.attendance.judgement.room_counts import RoomCount
from shike.attendance.judgement.thresholds import Thresholds

Against = Callable[[RoomCount], bool]
"""Whether a sample speaks against the class."""


@dataclass(frozen=True, slots=True)
class Minute:
    """A minute of the plan outside of breaks, and the valid samples in it. `known`: counting is past this minute."""

    start_us: int
    end_us: int
    samples: tuple[RoomCount, ...]
    known: bool

    @property
    def valid(self) -> bool:
        """Whether the minute can be judged: it is known and holds a valid sample."""
        return self.known and bool(self.samples)

    def speaks_against(self, against: Against) -> bool:
        return self.valid and all(against(sample) for sample in self.samples)


@dataclass(frozen=True, slots=True)
class Confidence:
    """How many of the known minutes of a class session hold a valid sample."""

    valid: int
    minutes: int

    @property
    def share(self) -> float:
        """In 0..1; 1 while no minute is known yet."""
        return self.valid / self.minutes if self.minutes else 1.0

    def is_low(self, thresholds: Thresholds) -> bool:
        """Whether too few minutes hold a valid sample to judge the session by its counts."""
        return self.valid < thresholds.confidence_least_share * self.minutes


def minutes_of(inputs: SessionInputs, thresholds: Thresholds) -> tuple[Minute, ...]:
    """Every minute of the plan outside of breaks, counted from the planned start; the last may be shorter.

    While the session runs, the last `counting_lag_s` seconds are not known: their pictures may not be counted yet.
    """
    known_until = (
        inputs.end_us
        if inputs.now_us is None
        else min(inputs.end_us, inputs.now_us - thresholds.counting_lag_s * SECOND_US)
    )
    samples = sorted((each for each in inputs.counts if each.valid), key=lambda each: each.at_us)
    times = [each.at_us for each in samples]
    minutes = []
    for start_us in range(inputs.start_us, inputs.end_us, MINUTE_US):
        end_us = min(start_us + MINUTE_US, inputs.end_us)
        if not any(begin < end_us and until > start_us for begin, until in inputs.breaks):
            inside = tuple(samples[bisect_left(times, start_us) : bisect_left(times, end_us)])
            minutes.append(Minute(start_us, end_us, inside, end_us <= known_until))
    return tuple(minutes)


def confidence(minutes: Sequence[Minute]) -> Confidence:
    """The confidence of a class session's minutes."""
    known = [minute for minute in minutes if minute.known]
    return Confidence(sum(minute.valid for minute in known), len(known))


def within(minutes: Sequence[Minute], start_us: int, end_us: int) -> tuple[Minute, ...]:
    """The minutes that lie wholly in [start, end)."""
    return tuple(minute for minute in minutes if minute.start_us >= start_us and minute.end_us <= end_us)


def samples_in(minutes: Sequence[Minute]) -> tuple[RoomCount, ...]:
    """The valid samples of the known minutes, in order of time."""
    return tuple(sample for minute in minutes if minute.known for sample in minute.samples)


def first_clear(minutes: Sequence[Minute], against: Against, length: int) -> int | None:
    """Index of the first minute from which on `length` minutes do not speak against the class; None if there is none.

    Fewer than `length` minutes are enough at the end: the missing ones count as doubt in favour of the class.
    """
    bad = [minute.speaks_against(against) for minute in minutes]
    return next((index for index in range(len(bad)) if not any(bad[index : index + length])), None)


def runs(minutes: Sequence[Minute], against: Against, least: int, pause: int) -> list[tuple[Minute, ...]]:
    """Stretches of at least `least` minutes that speak against the class, in order of time.

    Up to `pause` minutes in a row without a valid sample neither count nor end a stretch; any other minute ends it.
    """
    stretches: list[tuple[Minute, ...]] = []
    current: list[Minute] = []
    unknown = 0
    for minute in minutes:
        if minute.speaks_against(against):
            current.append(minute)
            unknown = 0
            continue
        unknown += 1
        if minute.valid or unknown > pause:
            stretches.append(tuple(current))
            current = []
    stretches.append(tuple(current))
    return [each for each in stretches if len(each) >= max(1, least)]
