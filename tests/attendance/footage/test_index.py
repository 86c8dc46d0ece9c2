"""Fragment tables and records of the spool: written and read back they are unchanged."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from shike.attendance.footage.fragment_table import pack, unpack
from shike.capture.archive.segment import Fragment, SegmentRecord
from tests.recording import Recorded

FRAGMENTS = st.lists(
    st.builds(
        Fragment,
        offset=st.integers(0, 2**63),
        size=st.integers(0, 2**32 - 1),
        wall_us=st.integers(0, 2**62),
        duration_us=st.integers(0, 2**32 - 1),
        media_time=st.integers(0, 2**62),
        is_key=st.booleans(),
    )
)


@given(FRAGMENTS)
def test_a_fragment_table_comes_back_as_it_was(fragments: list[Fragment]) -> None:
    assert unpack(pack(fragments)) == tuple(fragments)


def test_a_record_comes_back_from_the_spool_as_it_was(recorded: Recorded, tmp_path: Path) -> None:
    for record in recorded.records:
        assert SegmentRecord.from_json(record.to_json()) == record


def test_the_table_of_a_minute_is_small(recorded: Recorded) -> None:
    fragments = recorded.records[0].fragments
    assert len(pack(fragments)) < 40 * len(fragments)
