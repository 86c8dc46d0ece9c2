"""What recording needs of the disks: streams, hours a week and days kept → bytes. Pure functions.

A terabyte is 10^12 bytes, as on the label of a disk. Not here: where bit rates and timetables come from (shike.api).
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
"""What a camera is taken to send of which nothing has been recorded yet."""
KEPT_FREE = 0.05
"""A share of the volume that footage never fills: the system, the index and what is being deleted need room."""

RateSource = Literal["recorded", "nominal"]


@dataclass(frozen=True, slots=True)
class StreamLoad:
    """A stream, what it sends in bit/s, and whether that was measured on its footage."""

    camera_id: str
    stream: StreamName
    bps: int
    source: RateSource = "nominal"


def bytes_kept(bps: int, hours_a_week: float, days: int) -> int:
    """What a stream of a bit rate, recorded so many hours a week, takes up once it is kept for so many days."""
    return round(bps / 8 * hours_a_week * 3600 * days / 7)


def bytes_of(loads: Iterable[StreamLoad], hours_a_week: float, days: dict[StreamName, int]) -> int:
    """The same of several streams; `days` kept by stream."""
    return sum(bytes_kept(load.bps, hours_a_week, days[load.stream]) for load in loads)


@dataclass(frozen=True, slots=True)
class PlannedHours:
    """Hours a week that a timetable comes to, and over how many weeks of it that was counted."""

    a_week: float
    weeks: int


def planned_hours(
    policy: Policy, class_sessions: Sequence[PlannedSession], now_us: int, weeks: int = 4
) -> PlannedHours | None:
    """What a timetable comes to with a policy's margins: of so many weeks ahead, those before, or both together,
    whichever are more a week. None for a room without a timetable in either.

    Sessions count whole, also the one that is going on, and by the weeks from the first of them to the last: a
    timetable of one week is not four weeks of little.
    """
    before_us, after_us = now_us - weeks * WEEK_US, now_us + weeks * WEEK_US
    ranges = [(now_us, after_us, weeks), (before_us, now_us, weeks), (before_us, after_us, 2 * weeks)]
    found = [_planned(policy, class_sessions, begin, end, most) for begin, end, most in ranges]
    return max((each for each in found if each is not None), key=lambda each: each.a_week, default=None)


def measured_bps(segments: Sequence[tuple[int, int]]) -> int | None:
    """The bit rate of segments, each as bytes and length in µs; None without any."""
    length_us = sum(length for _, length in segments)
    return round(sum(size for size, _ in segments) * 8_000_000 / length_us) if length_us > 0 else None


def usable(total_bytes: int, free_bytes: int, footage_bytes: int) -> int:
    """What of a volume footage may fill: what it holds already and what is free, less what is kept free.

    What else lies on the volume is taken as it is now.
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
    # When a session was entered is no part of how long it is.
    whole = [PlannedSession(each.session_id, each.start_us, each.end_us) for each in held]
    spans = windows([policy], whole, first_us - WEEK_US, last_us + WEEK_US)
    return PlannedHours(_hours(spans) / weeks, weeks)


def _hours(spans: Sequence[Window]) -> float:
    return sum(end - begin for begin, end in spans) / HOUR_US
