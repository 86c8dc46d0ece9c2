"""Readers rest while pictures gather, never long, and never behind what has come."""

import itertools

import pytest

from shike.capture.recorder.config import Lengths
from shike.capture.source.rest import MOST_US, Rest

FRAME_US = 40_000


def read(
    pictures: int, *, backlog: int = 0, frame_us: int = FRAME_US, delay_us: int = 3_000, together: int = 1
) -> list[tuple[int, int]]:
    """(picture, µs between its coming and its being read) of a camera whose first pictures are there at once."""
    rest, now_us = Rest(0.3, together), backlog * frame_us
    read: list[tuple[int, int]] = []
    for number in range(pictures):
        came_us = number * frame_us + delay_us
        now_us = max(now_us + 300, came_us)
        read.append((number, now_us - came_us))
        now_us += int(rest.after(now_us, number * frame_us) * 1_000_000)
    return read


def test_a_reader_wakes_for_several_pictures_at_once_and_none_waits_longer_than_allowed() -> None:
    late = [late_us for _, late_us in read(2_000)]
    assert max(late) <= MOST_US
    # A picture that was read the moment it came was waited for.
    assert sum(late_us == 0 for late_us in late) < 200


@pytest.mark.parametrize("frames_per_s", [20, 25, 30])
def test_who_reads_two_at_once_does_and_none_waits_longer_than_allowed(frames_per_s: int) -> None:
    late = [late_us for _, late_us in read(2_000, frame_us=1_000_000 // frames_per_s, together=2)]
    assert max(late) <= MOST_US
    # The first of two has waited for the second; those that are read alone are what a reader learns from.
    second = sum(later < earlier for earlier, later in itertools.pairwise(late))
    assert second > 0.45 * len(late)


def test_what_had_gathered_before_the_first_picture_was_read_is_caught_up_with() -> None:
    late = read(2_000, backlog=12)
    assert all(late_us <= MOST_US for number, late_us in late if number > 20)


def test_some_picture_of_every_few_seconds_is_read_as_it_comes() -> None:
    prompt = [number for number, late_us in read(3_000) if late_us < 1_000]
    assert max(later - earlier for earlier, later in itertools.pairwise(prompt)) * FRAME_US < 10_000_000


def test_a_slow_camera_is_read_as_its_pictures_come() -> None:
    assert {late_us for _, late_us in read(200, frame_us=100_000)} == {0}


def test_a_jump_of_the_cameras_time_makes_no_reader_rest_for_long() -> None:
    rest = Rest(0.0)
    for number in range(100):
        rest.after(number * FRAME_US, number * FRAME_US)
    assert rest.after(100 * FRAME_US, 3_600_000_000) == 0.0
    assert rest.after(101 * FRAME_US, 0) == 0.0


def test_a_picture_that_waits_and_the_fragment_that_it_is_in_are_less_than_a_crash_may_lose() -> None:
    assert MOST_US / 1_000_000 + Lengths().fragment_s < 0.5 - 0.05
