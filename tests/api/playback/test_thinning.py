"""A day's counts on a screen: fewer points, the same extremes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shike.api.playback.thinning import thin
from shike.attendance.tables.counting import SampleRow

START = datetime(2026, 11, 20, tzinfo=UTC)


def samples(counts: list[int | None]) -> list[SampleRow]:
    return [SampleRow(picture_at=START + timedelta(seconds=10 * n), count=count) for n, count in enumerate(counts)]


@given(st.lists(st.none() | st.integers(0, 60), max_size=400), st.integers(2, 100))
def test_extremes_stay_order_stays_and_the_number_is_bounded(counts: list[int | None], most: int) -> None:
    thinned = thin(samples(counts), most)
    assert len(thinned) <= most + 2
    known = [count for count in counts if count is not None]
    kept = [sample.count for sample in thinned if sample.count is not None]
    if known:
        assert (min(kept), max(kept)) == (min(known), max(known))
    times = [sample.picture_at for sample in thinned]
    assert times == sorted(times) and len(set(times)) == len(times)


def test_few_counts_are_all_shown() -> None:
    few = samples([1, 2, None, 4])
    assert thin(few) == few
