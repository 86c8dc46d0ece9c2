"""A room is accepted by a person's counts, and they determine its interval."""

from hypothesis import given
from hypothesis import strategies as st

from shike.attendance.judgement.acceptance import LEAST_SAMPLES, assess, wanted_parts

FULL = [(24, 24)] * 5
EMPTY = [(0, 0)] * 5
SHOWN = {0: 50, 24: 50}


def test_nine_samples_are_not_enough() -> None:
    acceptance = assess((EMPTY + FULL)[:9], SHOWN)
    assert (acceptance.accepted, acceptance.missing) == (False, "samples")


def test_ten_samples_of_the_empty_and_the_full_room_are_enough_for_a_room_that_shows_nothing_else() -> None:
    acceptance = assess(EMPTY + FULL, SHOWN)
    assert acceptance.accepted
    assert (acceptance.mae, acceptance.bias, acceptance.missing) == (0, 0, None)


def test_ten_samples_of_the_empty_room_are_not_enough() -> None:
    assert assess(EMPTY * 2, SHOWN).missing == "high"
    assert assess(EMPTY * 2).missing == "occupied"


def test_a_room_that_is_often_half_full_needs_samples_of_the_middle_third() -> None:
    half = {0: 30, 12: 30, 24: 30}
    assert assess(EMPTY + FULL, half).missing == "middle"
    assert assess([*EMPTY, *FULL, (12, 12), (11, 11)], half).accepted
    assert wanted_parts(EMPTY + FULL, half) == {"low": 0, "middle": 2, "high": 0}


def test_the_interval_narrows_to_what_was_measured() -> None:
    exact = assess(EMPTY + FULL, SHOWN)
    assert exact.interval(0).high == 0
    assert (exact.interval(24).low, exact.interval(24).high) == (24, 24)
    missed_two_of_24 = assess([*EMPTY, *FULL, (24, 22)], SHOWN)
    assert (missed_two_of_24.interval(22).low, missed_two_of_24.interval(22).high) == (22, 24)
    assert missed_two_of_24.interval(0).high == 0
    assert missed_two_of_24.high_error == 2


def test_a_room_that_was_never_measured_empty_is_never_proven_empty() -> None:
    assert assess([(24, 24)] * 10, {24: 100}).interval(0).high == 2


def test_a_room_that_is_used_for_an_hour_a_week_is_not_accepted_with_too_few_samples_of_the_full_room() -> None:
    nights = {0: 10_000, 24: 60}
    assert assess([(0, 0)] * 9 + [(24, 24)], nights).missing == "high"


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=LEAST_SAMPLES, max_size=30))
def test_the_interval_holds_every_sample_it_was_measured_on(pairs: list[tuple[int, int]]) -> None:
    acceptance = assess(pairs)
    for true, counted in pairs:
        interval = acceptance.interval(counted)
        assert interval.low <= true <= interval.high
        assert interval.low <= counted <= interval.high
