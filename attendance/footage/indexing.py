"""Puts closed segments into the segment index; no other module writes its rows.

Not here: reading the index (index.py, stretches.py, indexed.py), rebuilding it from files (repair/rebuilding.py).
Design: docs/design/footage.md, "The index".
"""

import hashlib
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.footage.fragment_table import pack
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import SegmentRecord
from shike.capture.clock import Clock, SystemClock
from shike.capture.errors import NoFootage
from shike.capture.moment import from_us

_SYSTEM_CLOCK = SystemClock()


def index(
    db: DbSession, archive: Archive, records: Sequence[SegmentRecord], clock: Clock = _SYSTEM_CLOCK
) -> list[SegmentRecord]:
    """Put closed segments into the index and return those that are in it now. Calling it twice is harmless.

    `created_at` is the time of indexing, not of the footage: counting finds imports and late arrivals by it.
    Some records are left out and stay in the spool: those of a camera that the registry does not know yet, and those
    whose file is gone or on a volume that does not answer. One lost file must not hold up the others.
    """
    known = set(db.scalars(select(CameraRow.id).where(CameraRow.id.in_({r.identity.camera_id for r in records}))))
    indexed: list[SegmentRecord] = []
    for record in records:
        if record.identity.camera_id not in known:
            continue
        row = db.get(SegmentRow, record.identity.segment_id)
        run = db.get(RunRow, record.identity.run_id)
        try:
            if row is None:
                archive.size(record.key)
            init = b"" if run is not None and run.init else archive.read(record.key, 0, record.init_size)
        except (NoFootage, OSError):
            continue
        if run is None:
            run = _new_run(record, init)
            db.add(run)
            db.flush()
        elif not run.init:
            _complete(run, record, init)
        indexed.append(record)
        run.ended_at = max(run.ended_at or run.started_at, from_us(record.wall_end_us))
        if record.ends_run is not None:
            run.end_reason = record.ends_run
        if row is None:
            db.add(_new_segment(record, clock.now()))
            db.flush()
        elif record.link_number is not None and (row.link_number or 0) < record.link_number:
            row.link_number, row.link = record.link_number, record.link
    return indexed


def _new_run(record: SegmentRecord, init: bytes) -> RunRow:
    identity = record.identity
    run = RunRow(
        id=identity.run_id,
        camera_id=identity.camera_id,
        stream=identity.stream,
        node=identity.node,
        epoch=identity.epoch,
        origin=identity.origin,
        simulated=identity.simulated,
    )
    _complete(run, record, init)
    return run


def _complete(run: RunRow, record: SegmentRecord, init: bytes) -> None:
    """Fill in what only a file tells of its run. A run restored from the chain lacks it until a file is back."""
    run.started_at = from_us(record.identity.run_started_us)
    run.codec, run.width, run.height, run.timescale = record.codec, record.width, record.height, record.timescale
    run.init = init
    run.init_digest = hashlib.sha256(run.init).hexdigest()


def _new_segment(record: SegmentRecord, indexed_us: int) -> SegmentRow:
    identity = record.identity
    return SegmentRow(
        id=identity.segment_id,
        run_id=identity.run_id,
        camera_id=identity.camera_id,
        stream=identity.stream,
        sequence=identity.sequence,
        object_key=record.key,
        wall_start=from_us(record.wall_start_us),
        wall_end=from_us(record.wall_end_us),
        size=record.size,
        head_size=record.head_size,
        fragments=pack(record.fragments),
        clock_offset_ms=record.clock_offset_ms,
        dropped=record.dropped,
        digest=record.digest,
        link_number=record.link_number,
        link=record.link,
        created_at=from_us(indexed_us),
    )
