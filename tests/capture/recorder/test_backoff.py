"""How long a pause is after each failure: of cameras, and of whatever else is tried again."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shike.capture.backoff import Backoff, Pauses
from shike.capture.recorder.camera import PAUSES


@given(st.integers(), st.integers(1, 40))
def test_waits_double_from_one_second_to_a_minute_with_jitter(seed: int, failures: int) -> None:
    backoff = Backoff(PAUSES, Random(seed))
    for number in range(failures):
        nominal_s = min(60.0, 2.0**number)
        assert 0.75 * nominal_s <= backoff.failed(0) <= 1.25 * nominal_s
    assert backoff.attempt == failures


def test_a_healthy_minute_starts_the_series_anew_and_less_does_not() -> None:
    backoff = Backoff(PAUSES, Random(1))
    for _ in range(8):
        backoff.failed(0)
    assert backoff.failed(59) > 40
    assert backoff.failed(60) < 2
    assert backoff.attempt == 1


def test_cameras_do_not_come_back_all_at_once() -> None:
    assert len({Backoff(PAUSES, Random(seed)).failed(0) for seed in range(30)}) == 30


@pytest.mark.parametrize(
    ("pauses", "expected_s"),
    [
        (Pauses(0.5, 10.0), [0.5, 1, 2, 4, 8, 10, 10]),
        (Pauses(1.0, 30.0), [1, 2, 4, 8, 16, 30, 30]),
        (Pauses(1.0, 60.0, at_once=1), [0, 1, 2, 4, 8, 16, 32, 60, 60]),
    ],
)
def test_without_jitter_pauses_double_exactly_up_to_the_longest(pauses: Pauses, expected_s: list[float]) -> None:
    backoff = Backoff(pauses)
    for _ in range(2):
        assert [backoff.failed() for _ in expected_s] == expected_s
        backoff.succeeded()


def test_after_healthy_work_the_first_failure_costs_no_pause_again() -> None:
    backoff = Backoff(Pauses(1.0, 60.0, healthy_s=60.0, at_once=1))
    assert [backoff.failed(lived_s) for lived_s in (0, 1, 2, 60, 59)] == [0, 1, 2, 0, 1]


def test_a_series_of_failures_that_lasts_for_weeks_stays_at_the_longest_pause() -> None:
    backoff = Backoff(Pauses(1.0, 30.0))
    assert [backoff.failed() for _ in range(5000)][-1] == 30.0
