"""Where the room contradicts the sign-ins: the windows that put people under review and that two flags report.

Pure functions of inputs and limits. Nothing is found in a room that is not accepted, or whose counts are not to be
trusted. Formulas: docs/design/judgement.md.
"""

from dataclasses import dataclass
from typing import Literal

from shike.attendance.judgement.inputs import MINUTE_US, SessionInputs
from shike.attendance.judgement.minutes import Minute, minutes_of, runs, samples_in, within
from shike.attendance.judgement.presence import SignedIn, stays
from shike.attendance.judgement.room_counts import RoomCount
from shike.attendance.judgement.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class EmptyRoom:
    """An empty room where a class was planned: [start, end) and what was seen in it; `signed_in`: P at its most."""

    start_us: int
    end_us: int
    empty: int
    samples: int
    most_seen: int
    moment_us: int
    signed_in: int


@dataclass(frozen=True, slots=True)
class Unseen:
    """More people signed in than were in the room: [start, end), and the sample in which most were lacking."""

    start_us: int
    end_us: int
    minutes: int
    at_us: int
    signed_in: int
    count: int
    high: int


@dataclass(frozen=True, slots=True)
class Confidence:
    """How many minutes of the plan so far hold a valid sample."""

    valid: int
    minutes: int

    @property
    def share(self) -> float:
        """In 0..1; 1 while there is nothing to judge yet."""
        return self.valid / self.minutes if self.minutes else 1.0

    def is_low(self, thresholds: Thresholds) -> bool:
        return self.valid < thresholds.confidence_least_share * self.minutes


ContradictionKind = Literal["EMPTY_ROOM", "SIGNIN_GT_COUNT"]


def confidence(minutes: tuple[Minute, ...]) -> Confidence:
    """The confidence of a class session's minutes."""
    known = [minute for minute in minutes if minute.known]
    return Confidence(sum(minute.valid for minute in known), len(known))


def may_accuse(inputs: SessionInputs, minutes: tuple[Minute, ...], thresholds: Thresholds) -> bool:
    """Whether this room's counts may speak against anybody in this class session."""
    return inputs.accepted and not confidence(minutes).is_low(thresholds)


def empty_room(inputs: SessionInputs, thresholds: Thresholds) -> EmptyRoom | None:
    """H ≤ 1 in at least 80 % of the valid samples away from start and end; while running, of those so far."""
    minutes = minutes_of(inputs, thresholds)
    margin_us = thresholds.empty_margin_min * MINUTE_US
    start_us, end_us = inputs.start_us + margin_us, inputs.end_us - margin_us
    middle = tuple(minute for minute in within(minutes, start_us, end_us) if minute.known)
    samples = samples_in(middle)
    if not samples or not may_accuse(inputs, minutes, thresholds):
        return None
    if not inputs.ended and len(middle) < thresholds.turnout_after_min:
        return None
    most = inputs.empty_up_to(thresholds)
    empty = [each for each in samples if each.high <= most]
    if not empty or len(empty) < thresholds.empty_least_share * len(samples):
        return None
    until_us = end_us if inputs.ended else middle[-1].end_us
    signed_in = SignedIn(stays(inputs.signs)).most(start_us, until_us)
    return EmptyRoom(
        start_us, until_us, len(empty), len(samples), max(e.high for e in samples), empty[0].at_us, signed_in
    )


def unseen(inputs: SessionInputs, thresholds: Thresholds) -> tuple[Unseen, ...]:
    """P − H ≥ max(3, 15 % of P) for 15 minutes, with the upper end of H's interval."""
    minutes = minutes_of(inputs, thresholds)
    if not may_accuse(inputs, minutes, thresholds):
        return ()
    signed_in, share = SignedIn(stays(inputs.signs)), thresholds.contradiction_least_share

    def is_short(sample: RoomCount) -> bool:
        people = signed_in.at(sample.at_us)
        lacking = people - sample.high
        return lacking >= thresholds.contradiction_least_people and lacking >= share * people

    return tuple(
        _unseen(run, signed_in)
        for run in runs(minutes, is_short, thresholds.contradiction_min, thresholds.contradiction_pause_min)
    )


def _unseen(run: tuple[Minute, ...], signed_in: SignedIn) -> Unseen:
    worst = max(samples_in(run), key=lambda each: (signed_in.at(each.at_us) - each.high, -each.at_us))
    return Unseen(
        start_us=run[0].start_us,
        end_us=run[-1].end_us,
        minutes=len(run),
        at_us=worst.at_us,
        signed_in=signed_in.at(worst.at_us),
        count=worst.count,
        high=worst.high,
    )
