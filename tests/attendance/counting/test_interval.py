"""The interval of a count before a room is accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shike.attendance.counting.interval import before_acceptance

counts = st.integers(0, 2000)


@given(counts)
def test_the_count_lies_within_its_interval(count: int) -> None:
    interval = before_acceptance(count)
    assert 0 <= interval.low <= count <= interval.high


@given(counts, counts)
def test_more_people_never_lower_either_end(one: int, other: int) -> None:
    fewer, more = before_acceptance(min(one, other)), before_acceptance(max(one, other))
    assert fewer.low <= more.low
    assert fewer.high <= more.high


@given(counts)
def test_it_reaches_further_up_than_down_because_detectors_miss_more_than_they_invent(count: int) -> None:
    interval = before_acceptance(count)
    assert interval.high - count > count - interval.low


def test_an_empty_picture_does_not_prove_an_empty_room() -> None:
    assert (before_acceptance(0).low, before_acceptance(0).high) == (0, 2)


def test_a_class_of_twenty_five_is_between_twenty_two_and_thirty_eight() -> None:
    assert (before_acceptance(25).low, before_acceptance(25).high) == (22, 38)


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="never negative"):
        before_acceptance(-1)
