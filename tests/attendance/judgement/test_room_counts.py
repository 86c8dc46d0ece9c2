"""The counts of several cameras of a room are fused into one."""

from dataclasses import replace

from shike.attendance.judgement.room_counts import RoomCount, Seen, fuse

SLOT = 10_000_000
FRONT = Seen("front", 100, 12, 11, 14, True, "a")
REAR = Seen("rear", 200, 15, 13, 15, True, "a")


def test_the_larger_of_two_views_is_the_count_of_the_room() -> None:
    assert fuse([FRONT, REAR], SLOT) == (RoomCount(100, 15, 13, 15, True, ("front", "rear")),)


def test_a_dark_view_leaves_the_other_one() -> None:
    dark = Seen("front", 100, None, None, None, False)
    assert fuse([dark, REAR], SLOT) == (RoomCount(200, 15, 13, 15, True, ("rear",)),)
    assert not fuse([dark], SLOT)[0].valid


def test_counts_are_separate_per_slot_and_in_order() -> None:
    later = replace(REAR, at_us=SLOT + 5)
    assert [count.at_us for count in fuse([later, FRONT], SLOT)] == [100, SLOT + 5]


def test_the_samples_of_the_preferred_detector_are_used() -> None:
    better = replace(FRONT, count=13, low=13, high=13, model_digest="b")
    assert fuse([better, FRONT], SLOT, model="a")[0].count == 12
    assert fuse([FRONT, better], SLOT, model="b")[0].count == 13
