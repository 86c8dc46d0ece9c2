"""Where the head counts contradict the sign-ins: windows that two flags report and that put people under review.

Pure functions. The caller (findings.py) asks only if the counts may speak against people: the room is accepted and
enough minutes hold a valid sample. Formulas: docs/design/judgement.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from shike.attendance.judgement.inputs import MINUTE_US, SessionInputs
from shike.attendance.judgement.minutes import Minute, runs, samples_in, within
from shike.attendance.judgement.presence import SignedIn
from shike.attendance.judgement.room_counts import RoomCount
from shike.attendance.judgement.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class EmptyRoom:
    """An empty room where a class was planned, in [start, end). Times in µs UTC.

    `empty`: samples that show an empty room, of `samples` valid ones; `most_seen`: the largest upper end of a count;
    `moment_us`: the first empty sample; `signed_in`: the most people who were signed in at once.
    """

    start_us: int
    end_us: int
    empty: int
    samples: int
    most_seen: int
    moment_us: int
    signed_in: int


@dataclass(frozen=True, slots=True)
class Unseen:
    """More people signed in than in the room, in [start, end). Times in µs UTC.

    `minutes`: those that speak against the class. `at_us`, `signed_in`, `count` and `high` are of the sample in which
    most people were lacking.
    """

    start_us: int
    end_us: int
    minutes: int
    at_us: int
    signed_in: int
    count: int
    high: int


ContradictionKind = Literal["EMPTY_ROOM", "SIGNIN_GT_COUNT"]


def empty_room(
    inputs: SessionInputs, minutes: Sequence[Minute], signed_in: SignedIn, thresholds: Thresholds
) -> EmptyRoom | None:
    """H ≤ 1 in at least 80 % of the valid samples away from start and end; while running, of those so far."""
    margin_us = thresholds.empty_margin_min * MINUTE_US
    start_us, end_us = inputs.start_us + margin_us, inputs.end_us - margin_us
    middle = tuple(minute for minute in within(minutes, start_us, end_us) if minute.known)
    samples = samples_in(middle)
    if not samples or (not inputs.ended and len(middle) < thresholds.turnout_after_min):
        return None
    most = inputs.empty_up_to(thresholds)
    empty = [each for each in samples if each.high <= most]
    if not empty or len(empty) < thresholds.empty_least_share * len(samples):
        return None
    until_us = end_us if inputs.ended else middle[-1].end_us
    return EmptyRoom(
        start_us=start_us,
        end_us=until_us,
        empty=len(empty),
        samples=len(samples),
        most_seen=max(each.high for each in samples),
        moment_us=empty[0].at_us,
        signed_in=signed_in.most(start_us, until_us),
    )


def unseen(minutes: Sequence[Minute], signed_in: SignedIn, thresholds: Thresholds) -> tuple[Unseen, ...]:
    """P − H ≥ max(3, 15 % of P) for 15 minutes, with the upper end of H's interval."""
    share = thresholds.contradiction_least_share

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
