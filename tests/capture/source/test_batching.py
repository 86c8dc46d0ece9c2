"""Readers pause while pictures arrive: never for long, and never while pictures are waiting."""

import itertools

import pytest

from shike.capture.recorder.config import Lengths
from shike.capture.source.batching import LONGEST_WAIT_US, ReadBatching

FRAME_US = 40_000


def read(
    pictures: int, *, backlog: int = 0, frame_us: int = FRAME_US, delay_us: int = 3_000, batch: int = 1
) -> list[tuple[int, int]]:
    """(picture, µs from its arrival until it is read) of a camera; the first `backlog` pictures are there at once."""
    batching, now_us = ReadBatching(0.3, batch), backlog * frame_us
    read: list[tuple[int, int]] = []
    for number in range(pictures):
        came_us = number * frame_us + delay_us
        now_us = max(now_us + 300, came_us)
        read.append((number, now_us - came_us))
        now_us += int(batching.pause_s(now_us, number * frame_us) * 1_000_000)
    return read


def test_a_reader_wakes_for_several_pictures_at_once_and_none_waits_longer_than_allowed() -> None:
    late = [late_us for _, late_us in read(2_000)]
    assert max(late) <= LONGEST_WAIT_US
    # The reader waited for a picture that it read the moment it arrived.
    assert sum(late_us == 0 for late_us in late) < 200


@pytest.mark.parametrize("frames_per_s", [20, 25, 30])
def test_a_reader_of_batches_of_two_reads_two_at_once_and_none_waits_longer_than_allowed(frames_per_s: int) -> None:
    late = [late_us for _, late_us in read(2_000, frame_us=1_000_000 // frames_per_s, batch=2)]
    assert max(late) <= LONGEST_WAIT_US
    # The first of two has waited for the second. From those that are read alone the reader measures the delay.
    second = sum(later < earlier for earlier, later in itertools.pairwise(late))
    assert second > 0.45 * len(late)


def test_a_backlog_at_the_start_is_caught_up_with() -> None:
    late = read(2_000, backlog=12)
    assert all(late_us <= LONGEST_WAIT_US for number, late_us in late if number > 20)


def test_some_picture_of_every_few_seconds_is_read_as_it_comes() -> None:
    prompt = [number for number, late_us in read(3_000) if late_us < 1_000]
    assert max(later - earlier for earlier, later in itertools.pairwise(prompt)) * FRAME_US < 10_000_000


def test_a_slow_camera_is_read_as_its_pictures_come() -> None:
    assert {late_us for _, late_us in read(200, frame_us=100_000)} == {0}


def test_a_jump_of_the_cameras_time_makes_no_reader_pause_for_long() -> None:
    batching = ReadBatching(0.0)
    for number in range(100):
        batching.pause_s(number * FRAME_US, number * FRAME_US)
    assert batching.pause_s(100 * FRAME_US, 3_600_000_000) == 0.0
    assert batching.pause_s(101 * FRAME_US, 0) == 0.0


def test_a_picture_that_waits_and_the_fragment_that_it_is_in_are_less_than_a_crash_may_lose() -> None:
    assert LONGEST_WAIT_US / 1_000_000 + Lengths().fragment_s < 0.5 - 0.05
