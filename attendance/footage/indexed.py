"""The segment index as verification reads it: rows with the field names of the chain.

Not here: comparing index, chain and files (capture.proof.integrity). Design: docs/design/integrity.md, "Verification".
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.footage.fragment_table import unpack
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.capture.archive.segment import Fragment, StreamName
from shike.capture.archive.spool import Spool
from shike.capture.moment import from_us, to_us
from shike.capture.proof.findings import Indexed

_ROWS = 2_000


class IndexRows:
    """The rows of the index, and the segments that wait in the spool."""

    def __init__(self, reading: Callable[[], AbstractContextManager[DbSession]], spool: Spool) -> None:
        """`reading` opens a database session that only reads."""
        self._reading, self._spool = reading, spool

    def find(self, segment_ids: Sequence[str]) -> Mapping[str, Indexed]:
        """The rows of these segments, as far as the index has them. Ask for some hundreds at a time."""
        if not segment_ids:
            return {}
        query = (
            select(SegmentRow, RunRow)
            .join(RunRow, RunRow.id == SegmentRow.run_id)
            .where(SegmentRow.id.in_(segment_ids))
        )
        with self._reading() as db:
            return {segment.id: _indexed(segment, run) for segment, run in db.execute(query)}

    def between(
        self, camera_id: str, stream: StreamName | None, from_us_: int | None, to_us_: int | None
    ) -> Iterator[str]:
        """Ids of the segments of a camera that overlap [from, to). None leaves a side, or the stream, open."""
        query = select(SegmentRow.id).where(SegmentRow.camera_id == camera_id).execution_options(yield_per=_ROWS)
        if stream is not None:
            query = query.where(SegmentRow.stream == stream)
        if from_us_ is not None:
            query = query.where(SegmentRow.wall_end > from_us(from_us_))
        if to_us_ is not None:
            query = query.where(SegmentRow.wall_start < from_us(to_us_))
        with self._reading() as db:
            yield from db.scalars(query)

    def waiting(self) -> set[str]:
        """Ids of the segments that are closed and not indexed yet."""
        return {record.identity.segment_id for record in self._spool.pending()}


def _indexed(segment: SegmentRow, run: RunRow) -> Indexed:
    return Indexed(
        segment_id=segment.id,
        camera_id=segment.camera_id,
        fields={
            "run": segment.run_id,
            "sequence": segment.sequence,
            "stream": segment.stream,
            "origin": run.origin,
            "simulated": run.simulated,
            "node": run.node,
            "epoch": run.epoch,
            "key": segment.object_key,
            "start_us": to_us(segment.wall_start),
            "end_us": to_us(segment.wall_end),
            "size": segment.size,
            "digest": segment.digest,
            "clock_offset_ms": segment.clock_offset_ms,
            "dropped": segment.dropped,
            "ends_run": run.end_reason if run.ended_at == segment.wall_end else None,
        },
        link_number=segment.link_number,
        link=segment.link,
        contents={
            "head_size": segment.head_size,
            "codec": run.codec,
            "width": run.width,
            "height": run.height,
            "timescale": run.timescale,
        },
        fragments=partial(_fragments, segment.fragments),
    )


def _fragments(table: bytes) -> tuple[Fragment, ...]:
    """The fragments of a table. An unreadable table has none; comparison with the file then finds the difference."""
    try:
        return unpack(table)
    except (zlib.error, struct.error):
        return ()
