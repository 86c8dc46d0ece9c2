"""When a room is recorded: single cases, and properties of every timetable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shike.attendance.recording.policy import (
    MINUTE_US,
    PlannedSession,
    Policy,
    RecordingDue,
    policy_in_force,
    recording_due,
    windows,
)
from shike.capture.schedule import NEVER_US, rest_at

M = MINUTE_US
TIMETABLE = Policy(mode="timetable", margin_before_min=10, margin_after_min=5)
ALWAYS = Policy(mode="always")


def at(start_min: int, end_min: int, name: str = "a", *, cancelled: bool = False, known_min: int = 0) -> PlannedSession:
    return PlannedSession(name, start_min * M, end_min * M, cancelled, known_min * M)


MORNING, AFTERNOON = at(540, 690, "morning"), at(840, 990, "afternoon")


@pytest.mark.parametrize(
    ("minute", "expected"),
    [
        (0, RecordingDue(False, 530 * M, "off_schedule", "morning")),
        (529, RecordingDue(False, 530 * M, "off_schedule", "morning")),
        (530, RecordingDue(True, 695 * M, "margin_before", "morning")),
        (540, RecordingDue(True, 695 * M, "class_session", "morning")),
        (600, RecordingDue(True, 695 * M, "class_session", "morning")),  # breaks are recorded too
        (690, RecordingDue(True, 695 * M, "margin_after", "morning")),
        (695, RecordingDue(False, 830 * M, "off_schedule", "afternoon")),
        (995, RecordingDue(False, None, "off_schedule", None)),
    ],
)
def test_a_timetable_is_recorded_with_its_margins_and_says_why(minute: int, expected: RecordingDue) -> None:
    assert recording_due(TIMETABLE, [AFTERNOON, MORNING], minute * M) == expected


def test_always_needs_no_timetable_and_has_no_end() -> None:
    assert (
        recording_due(ALWAYS, [], 5) == recording_due(ALWAYS, [MORNING], 600 * M) == RecordingDue(True, None, "always")
    )


def test_a_cancelled_session_does_not_count_and_a_moved_one_counts_where_it_is_now() -> None:
    assert recording_due(TIMETABLE, [at(540, 690, cancelled=True)], 600 * M) == RecordingDue(
        False, None, "off_schedule"
    )
    assert not recording_due(TIMETABLE, [at(840, 990)], 600 * M).recorded
    assert recording_due(TIMETABLE, [at(840, 990)], 900 * M).recorded


def test_sessions_whose_margins_touch_are_recorded_without_a_break() -> None:
    pair = [at(540, 600, "first"), at(615, 660, "second")]
    assert windows([TIMETABLE], pair, 0, 2000 * M) == ((530 * M, 665 * M),)
    assert recording_due(TIMETABLE, pair, 604 * M) == RecordingDue(True, 665 * M, "margin_after", "first")
    assert recording_due(TIMETABLE, pair, 605 * M) == RecordingDue(True, 665 * M, "margin_before", "second")


def test_each_moment_follows_the_policy_that_was_in_force_then() -> None:
    history = [ALWAYS, Policy("timetable", 10, 5, valid_from_us=600 * M), Policy("always", valid_from_us=900 * M)]
    due = windows(history, [MORNING, AFTERNOON], 0, 1440 * M)
    assert due == ((0, 695 * M), (830 * M, 1440 * M))
    assert [policy_in_force(history, minute * M).mode for minute in (0, 599, 600, 899, 900)] == [
        "always",
        "always",
        "timetable",
        "timetable",
        "always",
    ]


def test_of_two_policies_that_begin_together_the_later_decision_holds() -> None:
    history = [ALWAYS, Policy("timetable", 10, 5, valid_from_us=100), Policy("always", valid_from_us=100)]
    assert policy_in_force(history, 100).mode == "always"
    assert windows(history, [], 0, 1000) == ((0, 1000),)


def test_a_session_that_was_entered_late_was_due_from_then_on() -> None:
    assert windows([TIMETABLE], [at(540, 690, known_min=600)], 0, 2000 * M) == ((600 * M, 695 * M),)


def test_without_any_policy_in_force_there_is_no_answer() -> None:
    with pytest.raises(ValueError, match="no policy"):
        policy_in_force([Policy(valid_from_us=10)], 9)


sessions = st.lists(
    st.builds(
        lambda start, length, cancelled: at(start, start + length, f"{start}", cancelled=cancelled),
        st.integers(0, 3000),
        st.integers(1, 300),
        st.booleans(),
    ),
    max_size=8,
)
policies = st.builds(Policy, st.just("timetable"), st.integers(1, 60), st.integers(0, 60))


@given(policies, sessions, st.integers(-100, 3500))
def test_recording_due_agrees_with_the_windows(policy: Policy, planned: list[PlannedSession], minute: int) -> None:
    due = windows([policy], planned, -(10**12), 10**12)
    now_us = minute * M
    answer = recording_due(policy, planned, now_us)
    pause = rest_at(due, now_us)
    assert answer.recorded == (pause is None)
    if pause is not None:
        assert answer.until_us == (None if pause[1] == NEVER_US else pause[1])
    else:
        assert answer.until_us == next(end for begin, end in due if begin <= now_us < end)


@given(policies, sessions, st.integers(0, 3000))
def test_every_minute_of_a_session_is_recorded_and_nobody_is_filmed_without_one(
    policy: Policy, planned: list[PlannedSession], minute: int
) -> None:
    held = [each for each in planned if not each.cancelled]
    near = [
        each
        for each in held
        if each.start_us - policy.margin_before_min * M <= minute * M < each.end_us + policy.margin_after_min * M
    ]
    assert recording_due(policy, planned, minute * M).recorded == bool(near)


@given(policies, sessions, st.integers(0, 2000), st.integers(0, 1500))
def test_windows_are_in_order_apart_and_within_their_range(
    policy: Policy, planned: list[PlannedSession], begin: int, length: int
) -> None:
    due = windows([policy], planned, begin * M, (begin + length) * M)
    edges = [edge for window in due for edge in window]
    assert edges == sorted(set(edges))
    assert not edges or (edges[0] >= begin * M and edges[-1] <= (begin + length) * M)
