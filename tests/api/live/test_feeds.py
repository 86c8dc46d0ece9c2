"""What waits for one viewer: bounded, and after a skip only what can be decoded."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from shike.api.live.feeds import FeedFragment, FeedItem, Inbox, Skipped
from shike.capture.archive.segment import Fragment

FRAGMENT_US = 400_000


def piece(number: int, is_key: bool) -> FeedFragment:
    return FeedFragment(Fragment(number, 1, number * FRAGMENT_US, FRAGMENT_US, number, is_key), b"")


def waiting(inbox: Inbox) -> list[FeedItem]:
    return asyncio.run(inbox.take())


def fill(inbox: Inbox, count: int, group: int, start: int = 0) -> None:
    for number in range(start, start + count):
        inbox.put(piece(number, number % group == 0))


def test_a_viewer_who_keeps_up_gets_everything() -> None:
    inbox = Inbox()
    fill(inbox, 8, 5)
    assert [item.fragment.offset for item in waiting(inbox) if isinstance(item, FeedFragment)] == list(range(8))


def test_a_viewer_who_falls_behind_is_moved_to_the_newest_keyframe_and_told() -> None:
    inbox = Inbox()
    fill(inbox, 58, 5)
    skipped, *rest = waiting(inbox)
    assert isinstance(skipped, Skipped) and isinstance(rest[0], FeedFragment) and rest[0].fragment.is_key
    assert rest[0].fragment.offset * FRAGMENT_US / 1e6 == skipped.seconds
    assert isinstance(rest[-1], FeedFragment) and rest[-1].fragment.offset == 57


def test_after_a_skip_without_a_keyframe_nothing_comes_before_the_next_one() -> None:
    inbox = Inbox()
    fill(inbox, 1, 100)
    waiting(inbox)  # the keyframe is being sent to a viewer who stalls
    fill(inbox, 39, 100, start=1)
    inbox.put(piece(40, False))
    inbox.put(piece(100, True))
    inbox.put(piece(101, False))
    skipped, *rest = waiting(inbox)
    assert isinstance(skipped, Skipped) and round(skipped.seconds, 1) == 16.0
    assert [item.fragment.offset for item in rest if isinstance(item, FeedFragment)] == [100, 101]


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=300))
def test_whatever_happens_each_stretch_that_is_shown_begins_with_a_keyframe(steps: list[tuple[bool, bool]]) -> None:
    inbox, shown, taken_seconds = Inbox(), [], 0.0
    inbox.put(piece(0, True))
    for number, (is_key, takes) in enumerate(steps, start=1):
        inbox.put(piece(number, is_key))
        if takes and inbox._ready.is_set():
            shown.extend(waiting(inbox))
    inbox.put(piece(len(steps) + 1, True))
    shown.extend(waiting(inbox))
    last = -1
    for at, item in enumerate(shown):
        if isinstance(item, Skipped):
            taken_seconds += item.seconds
            following = shown[at + 1]
            assert isinstance(following, FeedFragment) and following.fragment.is_key
        elif isinstance(item, FeedFragment):
            number = item.fragment.offset
            assert number == last + 1 or item.fragment.is_key
            last = number
    pieces = sum(isinstance(item, FeedFragment) for item in shown)
    assert round(taken_seconds / (FRAGMENT_US / 1e6)) + pieces == len(steps) + 2
