"""The disk space that recording needs."""

from collections.abc import Sequence

import pytest

from shike.attendance.recording.needs import (
    HOURS_A_WEEK,
    WEEK_US,
    StreamLoad,
    bytes_kept,
    bytes_of,
    measured_bps,
    planned_hours,
    usable,
)
from shike.attendance.recording.policy import MINUTE_US, PlannedSession, Policy

HOUR_US = 60 * MINUTE_US
TB = 10**12
TIMETABLE = Policy("timetable", 10, 20)


def lesson(start_us: int, hours: float = 2.5, *, cancelled: bool = False) -> PlannedSession:
    return PlannedSession(str(start_us), start_us, start_us + round(hours * HOUR_US), cancelled)


def test_64_cameras_of_4_megabits_for_90_days_are_249_terabytes() -> None:
    loads = [StreamLoad(str(number), "main", 4_000_000) for number in range(64)]
    needed = bytes_of(loads, HOURS_A_WEEK, {"main": 90, "sub": 14})
    assert needed == 64 * 90 * 86_400 * 500_000
    assert round(needed / TB) == 249


def test_a_week_that_is_recorded_for_a_quarter_needs_a_quarter() -> None:
    assert bytes_kept(4_000_000, 42, 90) == bytes_kept(4_000_000, 168, 90) // 4


def test_the_sub_stream_is_kept_for_its_own_days() -> None:
    loads = [StreamLoad("a", "main", 4_000_000), StreamLoad("a", "sub", 500_000)]
    assert bytes_of(loads, HOURS_A_WEEK, {"main": 10, "sub": 1}) == 86_400 * (10 * 500_000 + 62_500)


def a_week(sessions: Sequence[PlannedSession], now_us: int) -> tuple[float, int]:
    """Hours a week and the weeks they were counted over."""
    hours = planned_hours(TIMETABLE, sessions, now_us)
    assert hours is not None
    return round(hours.a_week, 6), hours.weeks


def test_planned_hours_of_a_timetable_count_margins_and_overlaps_once() -> None:
    now_us = 100 * WEEK_US
    # Four weeks of two lessons a week: half an hour of margins each; a cancelled one does not count.
    ahead = [lesson(now_us + week * WEEK_US + day * 24 * HOUR_US) for week in range(4) for day in (1, 3)]
    off = lesson(now_us + 5 * 24 * HOUR_US, cancelled=True)
    assert a_week([*ahead, off], now_us) == (6.0, 4)
    # Two lessons at the same time in one room are recorded once.
    assert a_week([*ahead, *ahead], now_us) == (6.0, 4)


def test_the_busier_of_the_weeks_before_and_ahead_counts_and_no_timetable_is_not_zero_hours() -> None:
    now_us = 100 * WEEK_US
    before = [lesson(now_us - (week + 1) * WEEK_US + HOUR_US) for week in range(4)]
    assert a_week(before, now_us) == (3.0, 4)
    assert a_week([*before, lesson(now_us + HOUR_US), lesson(now_us + 24 * HOUR_US)], now_us) == (6.0, 1)
    assert planned_hours(TIMETABLE, [], now_us) is None
    assert planned_hours(TIMETABLE, [lesson(now_us + 6 * WEEK_US)], now_us) is None


def test_a_timetable_of_one_week_is_counted_by_that_week() -> None:
    now_us = 100 * WEEK_US
    assert a_week([lesson(now_us + day * 24 * HOUR_US + HOUR_US) for day in range(5)], now_us) == (15.0, 1)


@pytest.mark.parametrize("hours_in", [-0.1, 0.1, 1, 2.4, 2.6, 24, 60, 100, 120])
def test_need_does_not_shrink_while_a_class_session_runs_nor_in_the_middle_of_the_week(hours_in: float) -> None:
    monday_us = 100 * WEEK_US
    week = [lesson(monday_us + day * 24 * HOUR_US) for day in range(5)]
    assert a_week(week, monday_us + round(hours_in * HOUR_US)) == (15.0, 1)


def test_a_bit_rate_is_bytes_by_time_and_unknown_without_any() -> None:
    assert measured_bps([(30_000_000, 60_000_000), (10_000_000, 20_000_000)]) == 4_000_000
    assert measured_bps([]) is None
    assert measured_bps([(100, 0)]) is None


def test_usable_space_is_footage_plus_free_space_minus_the_share_that_is_kept_free() -> None:
    assert usable(100 * TB, 100 * TB, 0) == 95 * TB
    assert usable(100 * TB, 40 * TB, 60 * TB) == 95 * TB
    # The volume also holds thirty terabytes of other data.
    assert usable(100 * TB, 40 * TB, 30 * TB) == 65 * TB
    assert usable(100 * TB, 1 * TB, 0) == 0
