"""How much of what should have been recorded was recorded, and how long the disk will last."""

import pytest

from shike.attendance.footage.coverage import Coverage, Gap, RecordedSpan, within
from shike.attendance.recording.disk_space import DAY_US, DiskSpace, bytes_per_day
from shike.attendance.recording.report import NOT_MISSING, last_gap, report

S = 1_000_000
HOUR_US = 3600 * S


def covered(*parts: tuple[int, int, str | None]) -> Coverage:
    """A coverage of parts, in seconds; a part without a reason is recorded."""
    spans = tuple(
        RecordedSpan(start * S, end * S, "run", "live", False, False) for start, end, why in parts if why is None
    )
    return Coverage(spans, tuple(Gap(start * S, end * S, why) for start, end, why in parts if why is not None))


def test_a_report_adds_up_gaps_by_reason_with_the_longest_reason_first() -> None:
    result = report(covered((0, 50, None), (50, 60, "killed"), (60, 80, None), (80, 95, "no_data"), (95, 99, "killed")))
    assert (result.recorded_s, result.missing_s, result.expected_s) == (70, 29, 99)
    assert result.ratio == pytest.approx(70 / 99)
    assert [(total.reason, total.gaps, total.seconds) for total in result.reasons] == [
        ("no_data", 1, 15),
        ("killed", 2, 14),
    ]
    assert result.longest == Gap(80 * S, 95 * S, "no_data")


def test_time_before_the_camera_was_registered_is_not_missing() -> None:
    result = report(covered((0, 40, "not_registered"), (40, 50, "not_recorded"), (50, 60, None)))
    assert (result.expected_s, result.missing_s) == (20, 10)
    assert [(each.reason, each.seconds, each.missing) for each in result.reasons] == [
        ("not_registered", 40, False),
        ("not_recorded", 10, True),
    ]


@pytest.mark.parametrize("reason", sorted(NOT_MISSING))
def test_time_in_which_nothing_was_to_be_recorded_is_reported_and_not_counted(reason: str) -> None:
    result = report(covered((0, 50, reason), (50, 60, None)))
    assert (result.ratio, result.gaps, result.longest) == (1, (), None)
    assert [(each.reason, each.missing) for each in result.reasons] == [(reason, False)]


def test_a_day_on_which_nothing_was_to_be_recorded_has_no_ratio() -> None:
    assert report(covered((0, 50, "off_schedule"))).ratio is None
    assert report(covered()).ratio is None


def test_the_last_gap_is_the_newest_that_is_missing() -> None:
    parts = covered((0, 5, "killed"), (5, 9, None), (9, 12, "no_data"), (12, 20, None), (20, 30, "off_schedule"))
    assert last_gap(parts) == Gap(9 * S, 12 * S, "no_data")
    assert last_gap(covered((0, 10, None))) is None


def test_a_gap_over_midnight_belongs_to_both_days() -> None:
    parts = covered((0, 8, None), (8, 13, "killed"), (13, 20, None))
    first, second = within(parts, 0, 10 * S), within(parts, 10 * S, 20 * S)
    assert [report(each).missing_s for each in (first, second)] == [2, 3]
    assert first.seconds + second.seconds == parts.seconds


def test_the_rate_is_that_of_the_last_day_or_of_the_time_since_recording_began() -> None:
    assert bytes_per_day(86_400, 0, DAY_US) == 86_400
    assert bytes_per_day(86_400, 0, 10 * DAY_US) == 86_400
    assert bytes_per_day(3_600, DAY_US - HOUR_US, DAY_US) == 86_400


def test_there_is_no_rate_before_an_hour_was_recorded() -> None:
    assert bytes_per_day(0, None, DAY_US) is None
    assert bytes_per_day(5_000, DAY_US - HOUR_US + 1, DAY_US) is None


def test_days_left_are_free_space_over_rate_and_unknown_without_a_rate() -> None:
    assert DiskSpace(free=30_000, total=90_000, bytes_per_day=10_000).days_left == 3
    assert DiskSpace(free=30_000, total=90_000, bytes_per_day=None).days_left is None
    assert DiskSpace(free=30_000, total=90_000, bytes_per_day=0).days_left is None
