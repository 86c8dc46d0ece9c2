"""Retention rules: exact by age, never more than needed, oldest first, and nothing that is held."""

from hypothesis import given
from hypothesis import strategies as st

from shike.attendance.retention.rules import (
    DAY_US,
    Amount,
    Candidate,
    by_age,
    by_bytes,
    by_floor,
    floor_bytes,
    free_stretches,
    is_held,
    needed_bytes,
    resting,
    too_much,
)
from shike.capture.spans import Span, merged

MOST_US = 10_000


@st.composite
def segments(draw: st.DrawFn, camera: str = "a") -> list[Candidate]:
    """Segments of one stream, oldest first; some of them overlap."""
    drawn = draw(st.lists(st.tuples(st.integers(0, MOST_US), st.integers(1, 400), st.integers(1, 50)), max_size=30))
    return [
        Candidate(f"{camera}{number}", camera, "main", start, start + length, size)
        for number, (start, length, size) in enumerate(sorted(drawn))
    ]


HELD = st.lists(st.tuples(st.integers(0, MOST_US), st.integers(0, MOST_US)), max_size=6).map(merged)


def overlaps(segment: Candidate, held: tuple[Span, ...]) -> bool:
    return any(begin < segment.end_us and end > segment.start_us for begin, end in held)


@given(segments(), HELD)
def test_a_segment_is_held_if_any_moment_of_it_is(given_: list[Candidate], held: tuple[Span, ...]) -> None:
    for segment in given_:
        assert is_held(segment, held) == overlaps(segment, held)


@given(segments(), HELD, st.integers(0, 2 * MOST_US))
def test_what_is_not_held_lies_within_one_free_stretch(
    given_: list[Candidate], held: tuple[Span, ...], until: int
) -> None:
    free = list(free_stretches(held, until))
    assert all(begin < end for begin, end in free)
    for segment in given_:
        within = any(begin <= segment.start_us and segment.end_us <= end for begin, end in free)
        assert within == (segment.end_us <= until and not overlaps(segment, held))


@given(segments(), HELD, st.integers(0, 2 * MOST_US))
def test_age_takes_exactly_what_ended_by_the_cutoff_and_is_not_held(
    given_: list[Candidate], held: tuple[Span, ...], cutoff: int
) -> None:
    due = [each.segment for each in by_age(given_, cutoff, held)]
    assert due == [each for each in given_ if each.end_us <= cutoff and not overlaps(each, held)]


@given(segments(), HELD, st.integers(-10, 2_000))
def test_bytes_take_the_oldest_and_not_one_segment_more_than_needed(
    given_: list[Candidate], held: tuple[Span, ...], excess: int
) -> None:
    due = [each.segment for each in by_bytes(given_, excess, held)]
    free = [each for each in given_ if not overlaps(each, held)]
    assert due == free[: len(due)]
    taken = sum(each.size for each in due)
    assert taken >= excess or due == free
    assert not due or taken - due[-1].size < excess


@given(segments("a"), segments("b"), HELD, st.integers(-10, 2_000), st.integers(1, 3))
def test_the_floor_takes_the_oldest_of_all_and_not_one_segment_more_than_needed(
    one: list[Candidate], other: list[Candidate], held: tuple[Span, ...], needed: int, importance: int
) -> None:
    streams = {("a", "main"): one, ("b", "main"): other}
    due = [each.segment for each in by_floor(streams, {"a": importance}, {"a": held}, needed)]  # type: ignore[arg-type]
    assert not any(overlaps(each, held) for each in due if each.camera_id == "a")
    taken = sum(each.size for each in due)
    assert not due or taken - due[-1].size < needed
    free = [each for each in one if not overlaps(each, held)] + other
    assert taken >= needed or len(due) == len(free)
    rank = {"a": importance, "b": 2}
    left = [each for each in free if each not in due]
    assert all((rank[x.camera_id], x.start_us) <= (rank[y.camera_id], y.start_us) for x in due for y in left)


def test_of_one_day_the_floor_takes_the_least_important_camera_and_of_several_the_oldest_day() -> None:
    def at(camera: str, day: float) -> Candidate:
        return Candidate(f"{camera}{day}", camera, "main", round(day * DAY_US), round(day * DAY_US) + 10, 5)

    streams = {
        ("dear", "main"): [at("dear", 0.1), at("dear", 1.1)],
        ("cheap", "main"): [at("cheap", 0.5), at("cheap", 1.5)],
    }
    due = by_floor(streams, {"dear": 3, "cheap": 1}, {}, 20)  # type: ignore[arg-type]
    assert [each.segment.segment_id for each in due] == ["cheap0.5", "dear0.1", "cheap1.5", "dear1.1"]


def test_more_than_half_is_too_much_by_number_or_by_bytes() -> None:
    assert not too_much(Amount(5, 50), Amount(10, 100))
    assert too_much(Amount(6, 10), Amount(10, 100))
    assert too_much(Amount(1, 51), Amount(10, 100))
    assert not too_much(Amount(), Amount())


def test_the_floor_is_the_smaller_of_its_two_limits() -> None:
    assert floor_bytes(100_000_000_000, 20, 5) == 5_000_000_000
    assert floor_bytes(250_000_000_000_000, 20, 5) == 20_000_000_000
    assert floor_bytes(100_000_000_000, 0, 5) == 0


def test_the_floor_of_a_small_volume_lies_above_what_recording_leaves_free() -> None:
    reserve = 256_000_000
    assert floor_bytes(4_000_000_000, 20, 5, reserve) == 512_000_000, "not 200 MB, where nothing is recorded any more"
    assert floor_bytes(100_000_000_000, 20, 5, reserve) == 5_000_000_000
    assert floor_bytes(600_000_000, 20, 5, reserve) == 300_000_000
    assert floor_bytes(4_000_000_000, 0, 5, reserve) == 0


def test_a_clean_up_begins_below_the_floor_and_frees_a_little_more() -> None:
    assert needed_bytes(1_000, 1_000, scarce=False) == 0
    assert needed_bytes(999, 1_000, scarce=False) == 151
    assert needed_bytes(1_100, 1_000, scarce=True) == 50
    assert needed_bytes(1_200, 1_000, scarce=True) == 0


def test_the_least_important_cameras_rest_first_and_come_back_last() -> None:
    order = ["low", "middle", "high"]
    rest = resting(order, (), 899, 900, can_free=False)
    assert rest == {"low"}
    assert resting(order, (), 899, 900, can_free=True) == frozenset()
    rest = resting(order, rest, 500, 900, can_free=False)
    assert rest == {"low", "middle"}
    rest = resting(order, rest, 200, 900, can_free=False)
    assert rest == {"low", "middle", "high"}
    # Each camera records again when a tenth of the floor is free above its mark, not at the mark itself.
    assert resting(order, rest, 380, 900, can_free=False) == rest
    assert resting(order, rest, 390, 900, can_free=False) == {"low", "middle"}
    assert resting(order, {"low"}, 980, 900, can_free=True) == {"low"}
    assert resting(order, {"low"}, 990, 900, can_free=True) == frozenset()


@given(st.integers(1, 70), st.integers(0, 2_000), st.integers(0, 2_000))
def test_less_space_never_lets_more_cameras_record(cameras: int, free: int, less: int) -> None:
    order = [str(number) for number in range(cameras)]
    more, fewer = (resting(order, (), each, 1_000, can_free=False) for each in sorted((free, less)))
    assert fewer <= more
    assert fewer == set(order[: len(fewer)])
