"""Query conditions for a range of the segment index, and why the run before a moment ended.

Pieces (index.py) and stretches (stretches.py) both use them. Design: docs/design/footage.md.
"""

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.retention import DeletionRow
from shike.capture.archive.segment import StreamName
from shike.capture.moment import from_us

LONGEST_SEGMENT_US = 30 * 60 * 1_000_000
# After some weeks the deletions of a run become one row, which covers at most a day.
LONGEST_DELETED_US = 24 * 60 * 60 * 1_000_000 + LONGEST_SEGMENT_US


def segments_within(start_us: int, end_us: int) -> tuple[ColumnElement[bool], ...]:
    """Conditions: closed segments that overlap [start, end)."""
    return (
        SegmentRow.state == "closed",
        # The lower bound on the start makes this a range scan of the index.
        SegmentRow.wall_start > from_us(start_us - LONGEST_SEGMENT_US),
        SegmentRow.wall_start < from_us(end_us),
        SegmentRow.wall_end > from_us(start_us),
    )


def deletions_within(start_us: int, end_us: int) -> tuple[ColumnElement[bool], ...]:
    """Conditions: records of deletion whose footage overlapped [start, end)."""
    return (
        DeletionRow.wall_start > from_us(start_us - LONGEST_DELETED_US),
        DeletionRow.wall_start < from_us(end_us),
        DeletionRow.wall_end > from_us(start_us),
    )


def reason_before(db: DbSession, camera_id: str, stream: StreamName, before_us: int) -> str | None:
    """Why the last live run of a stream that began before a moment ended; None if there was none."""
    query = (
        select(RunRow.end_reason)
        .where(RunRow.camera_id == camera_id, RunRow.stream == stream, RunRow.started_at < from_us(before_us))
        .where(RunRow.origin == "live")
        .order_by(RunRow.started_at.desc())
        .limit(1)
    )
    row = db.execute(query).first()
    return None if row is None else (row[0] or "unknown")
