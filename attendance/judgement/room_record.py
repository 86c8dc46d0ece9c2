"""The room over one class session: medians of the head count, and how much was filmed and could be counted.

Here: the part of an attendance record that is about the room. Not here: the people (records.py).
Formulas: docs/design/judgement.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from shike.attendance.judgement.inputs import SessionInputs
from shike.attendance.judgement.minutes import Confidence
from shike.attendance.judgement.room_counts import RoomCount
from shike.capture.spans import Span


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """The room over the class session. Medians are over the valid samples, None without one; shares in 0..1."""

    accepted: bool
    cameras: int
    expected: int
    minutes: int
    valid_minutes: int
    valid_share: float
    median: float | None
    median_low: float | None
    median_high: float | None
    covered_share: float | None


def room_record(
    inputs: SessionInputs, samples: Sequence[RoomCount], confidence: Confidence, recorded: Sequence[Span]
) -> RoomRecord:
    """`recorded`: the time from `inputs.watched_from_us` up to now of which a camera of the room has footage."""
    length_us = inputs.until_us - inputs.watched_from_us
    covered_us = sum(until - begin for begin, until in recorded)
    return RoomRecord(
        accepted=inputs.accepted,
        cameras=len(inputs.coverage),
        expected=inputs.present_expected,
        minutes=confidence.minutes,
        valid_minutes=confidence.valid,
        valid_share=confidence.share,
        median=median(each.count for each in samples) if samples else None,
        median_low=median(each.low for each in samples) if samples else None,
        median_high=median(each.high for each in samples) if samples else None,
        covered_share=covered_us / length_us if inputs.coverage and length_us else None,
    )
