"""A class session minute by minute: what its room showed against a limit, with doubt counted for the class.

A minute speaks against the class only if it holds a valid sample and every valid sample in it does. A minute without
a valid sample says nothing. So one more honest picture can take a minute away from an accusation and never adds one.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shike.attendance.judgement.inputs import MINUTE_US, SECOND_US, SessionInputs
from shike.attendance.judgement.room_counts import RoomCount
from shike.attendance.judgement.thresholds import Thresholds

Against = Callable[[RoomCount], bool]


@dataclass(frozen=True, slots=True)
class Minute:
    """A minute of the plan outside of breaks, and the valid samples in it. `known`: it may be judged by now."""

    start_us: int
    end_us: int
    samples: tuple[RoomCount, ...]
    known: bool

    @property
    def valid(self) -> bool:
        """Whether it can be judged at all."""
        return self.known and bool(self.samples)

    def speaks_against(self, against: Against) -> bool:
        return self.valid and all(against(sample) for sample in self.samples)


def minutes_of(inputs: SessionInputs, thresholds: Thresholds) -> tuple[Minute, ...]:
    """Every minute of the plan outside of breaks, counted from the planned start; the last may be shorter.

    While the session runs, the last seconds are not known yet: counting may still be at them.
    """
    known_until = (
        inputs.end_us
        if inputs.now_us is None
        else min(inputs.end_us, inputs.now_us - thresholds.counting_lag_s * SECOND_US)
    )
    samples = sorted((each for each in inputs.counts if each.valid), key=lambda each: each.at_us)
    times = [each.at_us for each in samples]
    found = []
    for start_us in range(inputs.start_us, inputs.end_us, MINUTE_US):
        end_us = min(start_us + MINUTE_US, inputs.end_us)
        if not any(begin < end_us and until > start_us for begin, until in inputs.breaks):
            inside = tuple(samples[bisect_left(times, start_us) : bisect_left(times, end_us)])
            found.append(Minute(start_us, end_us, inside, end_us <= known_until))
    return tuple(found)


def within(minutes: Sequence[Minute], start_us: int, end_us: int) -> tuple[Minute, ...]:
    """The minutes that lie wholly in [start, end)."""
    return tuple(minute for minute in minutes if minute.start_us >= start_us and minute.end_us <= end_us)


def samples_in(minutes: Sequence[Minute]) -> tuple[RoomCount, ...]:
    """The valid samples of minutes that may be judged."""
    return tuple(sample for minute in minutes if minute.known for sample in minute.samples)


def first_clear(minutes: Sequence[Minute], against: Against, length: int) -> int | None:
    """Index of the first minute from which on `length` minutes do not speak against the class; None if there is none.

    Fewer than `length` are enough where the minutes end: what is not there is doubt.
    """
    bad = [minute.speaks_against(against) for minute in minutes]
    return next((index for index in range(len(bad)) if not any(bad[index : index + length])), None)


def runs(minutes: Sequence[Minute], against: Against, least: int, pause: int) -> list[tuple[Minute, ...]]:
    """Stretches of at least `least` minutes that speak against the class, in order of time.

    Up to `pause` minutes in a row without a valid sample neither count nor end a stretch; any other minute ends it.
    """
    found: list[tuple[Minute, ...]] = []
    current: list[Minute] = []
    silent = 0
    for minute in minutes:
        if minute.speaks_against(against):
            current.append(minute)
            silent = 0
            continue
        silent += 1
        if minute.valid or silent > pause:
            found.append(tuple(current))
            current = []
    found.append(tuple(current))
    return [each for each in found if len(each) >= max(1, least)]
