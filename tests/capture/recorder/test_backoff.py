"""How long a camera is left alone after a failure."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shike.capture.backoff import Backoff


@given(st.integers(), st.integers(1, 40))
def test_waits_double_from_one_second_to_a_minute_with_jitter(seed: int, failures: int) -> None:
    backoff = Backoff(Random(seed))
    for number in range(failures):
        nominal_s = min(60.0, 2.0**number)
        assert 0.75 * nominal_s <= backoff.failed(0) <= 1.25 * nominal_s
    assert backoff.attempt == failures


def test_a_healthy_minute_starts_the_series_anew_and_less_does_not() -> None:
    backoff = Backoff(Random(1))
    for _ in range(8):
        backoff.failed(0)
    assert backoff.failed(59) > 40
    assert backoff.failed(60) < 2
    assert backoff.attempt == 1


def test_cameras_do_not_come_back_all_at_once() -> None:
    assert len({Backoff(Random(seed)).failed(0) for seed in range(30)}) == 30
