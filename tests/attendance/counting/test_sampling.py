"""Which keyframes are counted."""

from hypothesis import given
from hypothesis import strategies as st

from shike.attendance.counting.sampling import (
    Waiting,
    due_keyframes,
    fairest,
    skipped,
    slot_of,
    too_old,
)
from shike.capture.archive.segment import Fragment

SECOND = 1_000_000
INTERVAL = 10 * SECOND


def fragment(wall_us: int, is_key: bool = True) -> Fragment:
    return Fragment(wall_us // 1000, 100, wall_us, SECOND // 2, 0, is_key)


def seconds(fragments: list[Fragment]) -> list[float]:
    return [each.wall_us / SECOND for each in fragments]


def test_the_first_keyframe_of_each_slot_is_due() -> None:
    every_two_seconds = [fragment(second * SECOND) for second in range(1, 32, 2)]
    assert seconds(due_keyframes(every_two_seconds, set(), INTERVAL)) == [1, 11, 21, 31]


def test_a_fragment_that_is_not_a_keyframe_is_never_due() -> None:
    assert due_keyframes([fragment(10 * SECOND, is_key=False)], set(), INTERVAL) == []


def test_a_slot_that_was_counted_is_not_due_again() -> None:
    keyframes = [fragment(5 * SECOND), fragment(15 * SECOND)]
    assert seconds(due_keyframes(keyframes, {0}, INTERVAL)) == [15]


def test_a_slot_without_a_keyframe_has_no_sample() -> None:
    long_gops = [fragment(second * SECOND) for second in (3, 28, 53)]
    assert seconds(due_keyframes(long_gops, set(), INTERVAL)) == [3, 28, 53]


@given(st.lists(st.integers(0, 10**9), max_size=60), st.integers(1, 60))
def test_reading_in_two_parts_chooses_what_reading_at_once_chooses(gaps_us: list[int], cut: int) -> None:
    keyframes, now = [], 0
    for gap in gaps_us:
        now += gap
        keyframes.append(fragment(now))
    at_once = due_keyframes(keyframes, set(), INTERVAL)
    first = due_keyframes(keyframes[:cut], set(), INTERVAL)
    second = due_keyframes(keyframes[cut:], {slot_of(each.wall_us, INTERVAL) for each in first}, INTERVAL)
    assert first + second == at_once


@given(st.lists(st.integers(0, 10**12), max_size=60))
def test_no_slot_is_counted_twice_and_none_with_a_keyframe_is_left_out(walls_us: list[int]) -> None:
    keyframes = [fragment(wall_us) for wall_us in sorted(walls_us)]
    chosen = [slot_of(each.wall_us, INTERVAL) for each in due_keyframes(keyframes, set(), INTERVAL)]
    assert chosen == sorted({slot_of(wall_us, INTERVAL) for wall_us in walls_us})


def test_adjacent_skipped_slots_are_one_stretch() -> None:
    keyframes = [fragment(second * SECOND) for second in (1, 12, 29, 55)]
    stretches = skipped("camera", keyframes, INTERVAL, "behind")
    assert [(one.from_us // SECOND, one.to_us // SECOND) for one in stretches] == [(0, 30), (50, 60)]


def test_the_camera_that_was_served_longest_ago_is_next() -> None:
    offers = [Waiting("a", fragment(0), served_at=9.0), Waiting("b", fragment(5 * SECOND), served_at=3.0)]
    chosen = fairest(offers)
    assert chosen is not None and chosen.camera_id == "b"
    assert fairest([]) is None


def test_an_import_of_last_year_is_not_too_old_when_it_has_just_arrived() -> None:
    assert not too_old(available_us=1000 * SECOND, now_us=1001 * SECOND, limit_us=60 * SECOND)
    assert too_old(available_us=1000 * SECOND, now_us=1061 * SECOND, limit_us=60 * SECOND)
