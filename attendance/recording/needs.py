"""The disk space that recording needs: streams, hours a week and days kept → bytes. Pure functions.

A terabyte is 10^12 bytes, as on the label of a disk. Not here: reading bit rates and timetables
(api/recording/needs.py).
Design: docs/design/keep.md, "When to record".
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from shike.attendance.recording.policy import PlannedSession, Policy, windows
from shike.capture.archive.segment import StreamName
from shike.capture.schedule import Window

HOURS_A_WEEK = 168
HOUR_US = 3_600_000_000
WEEK_US = HOURS_A_WEEK * HOUR_US
NOMINAL_BPS: dict[StreamName, int] = {"main": 4_000_000, "sub": 500_000}
"""The assumed bit rate of a camera of which nothing has been recorded yet."""
KEPT_FREE = 0.05
"""The share of the volume that footage never fills: the system, the index and pending deletions need space."""

RateSource = Literal["recorded", "nominal"]


@dataclass(frozen=True, slots=True)
class StreamLoad:
    """The bit rate of a stream. `source`: measured on its footage, or assumed."""

    camera_id: str
    stream: StreamName
    bps: int
    source: RateSource = "nominal"


def bytes_kept(bps: int, hours_a_week: float, days: int) -> int:
    """The bytes of a stream that is recorded `hours_a_week` hours a week and kept for `days` days."""
    return round(bps / 8 * hours_a_week * 3600 * days / 7)


def bytes_of(loads: Iterable[StreamLoad], hours_a_week: float, days: dict[StreamName, int]) -> int:
    """The bytes of several streams. `days`: days kept, by stream."""
    return sum(bytes_kept(load.bps, hours_a_week, days[load.stream]) for load in loads)


@dataclass(frozen=True, slots=True)
class PlannedHours:
    """Recorded hours a week of a timetable, and the number of weeks that they were averaged over."""

    a_week: float
    weeks: int


def planned_hours(
    policy: Policy, class_sessions: Sequence[PlannedSession], now_us: int, weeks: int = 4
) -> PlannedHours | None:
    """The recorded hours a week of a timetable with a policy's margins; None for a room without a timetable.

    Three periods are tried: the next `weeks`, the last `weeks`, and both together. The one with most hours a week
    counts. Sessions count whole, also the one that is running. They are divided by the weeks from the first session to
    the last: a timetable of one week is not averaged over four.
    """
    before_us, after_us = now_us - weeks * WEEK_US, now_us + weeks * WEEK_US
    ranges = [(now_us, after_us, weeks), (before_us, now_us, weeks), (before_us, after_us, 2 * weeks)]
    hours = [_planned(policy, class_sessions, begin, end, most) for begin, end, most in ranges]
    return max((each for each in hours if each is not None), key=lambda each: each.a_week, default=None)


def measured_bps(segments: Sequence[tuple[int, int]]) -> int | None:
    """The bit rate of segments, each given as bytes and length in µs; None without segments."""
    length_us = sum(length for _, length in segments)
    return round(sum(size for size, _ in segments) * 8_000_000 / length_us) if length_us > 0 else None


def usable(total_bytes: int, free_bytes: int, footage_bytes: int) -> int:
    """The bytes that footage may fill: what it fills already, plus free space, minus the share that is kept free.

    Other data on the volume is assumed to stay as it is.
    """
    return max(0, free_bytes + footage_bytes - int(total_bytes * KEPT_FREE))


def _planned(
    policy: Policy, class_sessions: Sequence[PlannedSession], begin_us: int, end_us: int, most_weeks: int
) -> PlannedHours | None:
    held = [each for each in class_sessions if not each.cancelled and each.start_us < end_us and each.end_us > begin_us]
    if not held:
        return None
    first_us, last_us = min(each.start_us for each in held), max(each.end_us for each in held)
    weeks = max(1, min(most_weeks, math.ceil((last_us - first_us) / WEEK_US)))
    # Without the time of entry, which would shorten a session that was entered late.
    whole = [PlannedSession(each.session_id, each.start_us, each.end_us) for each in held]
    spans = windows([policy], whole, first_us - WEEK_US, last_us + WEEK_US)
    return PlannedHours(_hours(spans) / weeks, weeks)


def _hours(spans: Sequence[Window]) -> float:
    return sum(end - begin for begin, end in spans) / HOUR_US
