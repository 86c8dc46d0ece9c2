"""Compares files with the index: files without a row, rows without a file, overlaps, and gaps between segments.

Not here: whether bytes are unchanged (capture/proof/integrity.py), rebuilding the index (rebuilding.py), gaps as users
see them (recording/coverage_reader.py). Design: docs/design/footage.md, "When files and index disagree".
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import STREAMS, Origin, StreamName
from shike.capture.archive.spool import Spool
from shike.capture.errors import NoFootage
from shike.capture.moment import to_us

# Two writers may overlap for the length of a fragment. Segments less than this apart follow one another.
_SEAM_US = 500_000
_ROWS = 2_000
_ORIGINS: tuple[Origin, ...] = ("live", "imported")

InventoryCode = Literal["orphan", "missing", "empty", "size_differs", "damaged", "overlap", "gap"]


@dataclass(frozen=True, slots=True)
class InventoryFinding:
    """One finding. Times in µs UTC. A `gap` is no fault: its `reason` is why the live run before it ended.

    `said`, `found`: the size in bytes by the index, and of the file.
    """

    code: InventoryCode
    camera_id: str
    stream: StreamName
    key: str | None = None
    start_us: int | None = None
    end_us: int | None = None
    reason: str | None = None
    said: int | None = None
    found: int | None = None

    @property
    def is_fault(self) -> bool:
        return self.code != "gap"


@dataclass(frozen=True, slots=True)
class _Row:
    key: str
    size: int
    run_id: str
    start_us: int
    end_us: int
    end_reason: str


def check(
    archive: Archive, spool: Spool, reading: Callable[[], AbstractContextManager[DbSession]], camera_id: str
) -> Iterator[InventoryFinding]:
    """All differences between the files and the index of a camera, and all gaps, stream by stream."""
    known: set[str] = set()
    for stream in STREAMS:
        indexed: set[str] = set()
        lost: list[_Row] = []
        before: _Row | None = None
        with reading() as db:
            for row in _rows(db, camera_id, stream):
                indexed.add(row.key)
                try:
                    yield from _file_of(archive, camera_id, stream, row)
                except NoFootage:
                    lost.append(row)
                if before is not None:
                    yield from _between(camera_id, stream, before, row)
                if before is None or row.end_us >= before.end_us:
                    before = row  # a row that ends earlier does not change where the footage ends
        # A clean-up marks the row `deleting` first, then deletes the file, then the row.
        kept = _indexed(reading, [row.key for row in lost], "closed")
        for row in lost:
            if row.key in kept:
                yield InventoryFinding("missing", camera_id, stream, row.key, row.start_us, row.end_us)
        unknown = [(key, size) for key, size in archive.stored(camera_id, [stream]) if key not in indexed]
        # They may have been closed or indexed meanwhile: ask again, in the order in which a segment moves on.
        if unknown:
            known |= _being_written(archive, camera_id) | {record.key for record in spool.pending()}
            known |= _indexed(reading, [key for key, _ in unknown])
        for key, size in unknown:
            yield from _unindexed(camera_id, stream, key, size, known)


def _rows(db: DbSession, camera_id: str, stream: StreamName) -> Iterator[_Row]:
    query = (
        select(
            SegmentRow.object_key,
            SegmentRow.size,
            RunRow.id,
            SegmentRow.wall_start,
            SegmentRow.wall_end,
            RunRow.end_reason,
            RunRow.origin,
        )
        .join(RunRow, RunRow.id == SegmentRow.run_id)
        .where(SegmentRow.camera_id == camera_id, SegmentRow.stream == stream)
        .order_by(SegmentRow.wall_start)
        .execution_options(yield_per=_ROWS)
    )
    # As in coverage: how an import ended is no reason for a gap after it.
    live_reason = "not_recorded"
    for key, size, run_id, start, end, reason, origin in db.execute(query):
        live_reason = reason or "unknown" if origin == "live" else live_reason
        yield _Row(key, size, run_id, to_us(start), to_us(end), live_reason)


def _indexed(reading: Callable[[], AbstractContextManager[DbSession]], keys: list[str], *state: str) -> set[str]:
    """Those of the keys that have a row by now. `state`: only rows in one of these states."""
    with_row: set[str] = set()
    for first in range(0, len(keys), _ROWS):
        query = select(SegmentRow.object_key).where(SegmentRow.object_key.in_(keys[first : first + _ROWS]))
        with reading() as db:
            with_row.update(db.scalars(query.where(SegmentRow.state.in_(state)) if state else query))
    return with_row


def _file_of(archive: Archive, camera_id: str, stream: StreamName, row: _Row) -> Iterator[InventoryFinding]:
    size = archive.size(row.key)
    if size == 0:
        yield InventoryFinding("empty", camera_id, stream, row.key, row.start_us, row.end_us, said=row.size, found=0)
    elif size != row.size:
        yield InventoryFinding(
            "size_differs", camera_id, stream, row.key, row.start_us, row.end_us, said=row.size, found=size
        )


def _between(camera_id: str, stream: StreamName, before: _Row, row: _Row) -> Iterator[InventoryFinding]:
    if row.start_us - before.end_us > _SEAM_US:
        reason = "segment_lost" if row.run_id == before.run_id else before.end_reason
        yield InventoryFinding("gap", camera_id, stream, None, before.end_us, row.start_us, reason)
    elif before.end_us - row.start_us > _SEAM_US:
        yield InventoryFinding("overlap", camera_id, stream, row.key, row.start_us, min(before.end_us, row.end_us))


def _unindexed(camera_id: str, stream: StreamName, key: str, size: int, known: set[str]) -> Iterator[InventoryFinding]:
    if key in known:
        return
    if not key.endswith(".mp4"):
        yield InventoryFinding("damaged", camera_id, stream, key, found=size)
    elif size == 0:
        yield InventoryFinding("empty", camera_id, stream, key, found=0)
    else:
        yield InventoryFinding("orphan", camera_id, stream, key, found=size)


def _being_written(archive: Archive, camera_id: str) -> set[str]:
    keys = (archive.open_key(camera_id, stream, origin) for stream in STREAMS for origin in _ORIGINS)
    return {key for key in keys if key is not None}
