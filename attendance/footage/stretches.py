"""The footage of many streams over long ranges, as stretches: read without fragment tables and files.

A stretch is footage of one run without a break; the database joins its segments. Segments in the spool and the segment
that is being written are stretches of their own. Not here: segments and fragments, for players and counting (index.py).
Design: docs/design/footage.md, "Stretches".
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import BigInteger, Select, case, func, select, type_coerce
from sqlalchemy.orm import Session as DbSession

from shike.attendance.footage.coverage import SEAM_US
from shike.attendance.footage.index_range import deletions_within, reason_before, segments_within
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.retention import DeletionRow
from shike.capture.archive.files import Archive, Writing
from shike.capture.archive.segment import STREAMS, SegmentRecord, StreamKey, StreamName
from shike.capture.archive.spool import Spool
from shike.capture.moment import from_us, to_us

_MOST_RUNS = 500
# Values in one statement. Every database accepts this many (SQLite: 32,766).
_IDS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Footage of one run without a break. Times in µs UTC; `ends_run` says why the run ended with it.

    `deleted`: a rule has deleted it since. `size` (bytes) and `dropped` (packets): of its segments that began within
    the requested range.
    """

    run_id: str
    start_us: int
    end_us: int
    origin: str
    simulated: bool
    is_open: bool
    ends_run: str | None
    size: int = 0
    dropped: int = 0
    deleted: bool = False


class Stretches:
    """Reads stretches from the index, the spool and the segments that are being written."""

    def __init__(
        self, archive: Archive, spool: Spool, reading: Callable[[], AbstractContextManager[DbSession]]
    ) -> None:
        """`reading` opens a database session that only reads; it stays open only while the index is read."""
        self._archive, self._spool, self._reading = archive, spool, reading

    def of_range(
        self, camera_ids: Iterable[str], start_us: int, end_us: int, streams: Sequence[StreamName] = STREAMS
    ) -> Mapping[StreamKey, list[Stretch]]:
        """The stretches of streams that overlap [from, to), by stream and in order of time."""
        wanted = {(camera_id, stream) for camera_id in set(camera_ids) for stream in streams}
        # Open first, then spool, then index: a segment that moves on meanwhile is seen twice, never missed.
        unindexed = self._unindexed(wanted, start_us)
        by_stream: dict[StreamKey, list[Stretch]] = defaultdict(list)
        with self._reading() as db:
            for key, stretch in _indexed(db, {camera_id for camera_id, _ in wanted}, streams, start_us, end_us):
                by_stream[key].append(stretch)
            for key, stretch in _deleted(db, wanted, start_us, end_us):
                by_stream[key].append(stretch)
            _remove_indexed(db, unindexed)
        for key, stretch in unindexed.values():
            if stretch.end_us > start_us and stretch.start_us < end_us:
                by_stream[key].append(stretch)
        return {key: sorted(of_stream, key=lambda each: each.start_us) for key, of_stream in by_stream.items()}

    def runs(self, camera_id: str, stream: StreamName, since_us: int, now_us: int) -> list[Stretch]:
        """The runs of one stream: cheap over months, but a segment that was lost inside a run is not noticed.

        If there are very many runs, only the newest ones.
        """
        unindexed = self._unindexed({(camera_id, stream)}, since_us)
        query = (
            select(RunRow)
            .where(RunRow.camera_id == camera_id, RunRow.stream == stream, RunRow.started_at < from_us(now_us))
            .where(RunRow.ended_at > from_us(since_us))
            .order_by(RunRow.started_at.desc())
            .limit(_MOST_RUNS)
        )
        with self._reading() as db:
            indexed = [
                Stretch(
                    run_id=run.id,
                    start_us=to_us(run.started_at),
                    end_us=to_us(run.ended_at or run.started_at),
                    origin=run.origin,
                    simulated=run.simulated,
                    is_open=False,
                    ends_run=run.end_reason,
                )
                for run in db.scalars(query)
            ]
        return sorted([*indexed, *(stretch for _, stretch in unindexed.values())], key=lambda each: each.start_us)

    def reasons_before(self, keys: Iterable[StreamKey], before_us: int) -> Mapping[StreamKey, str | None]:
        """Why the last live run of each stream that began before a moment ended; None if there was none."""
        with self._reading() as db:
            return {key: reason_before(db, *key, before_us) for key in keys}

    def _unindexed(self, wanted: set[StreamKey], start_us: int) -> dict[str, tuple[StreamKey, Stretch]]:
        """Stretches of segments that are not in the index yet, by segment id."""
        opened = ((key, self._archive.writing(*key)) for key in wanted)
        stretches = {
            writing.identity.segment_id: (key, _of_open(writing)) for key, writing in opened if writing is not None
        }
        for record in self._spool.pending():
            key = (record.identity.camera_id, record.identity.stream)
            if key in wanted:
                stretches[record.identity.segment_id] = (key, _of_record(record, start_us))
        return stretches


def _remove_indexed(db: DbSession, unindexed: dict[str, tuple[StreamKey, Stretch]]) -> None:
    """Remove the segments that have reached the index meanwhile."""
    ids = list(unindexed)
    for first in range(0, len(ids), _IDS_AT_ONCE):
        some = ids[first : first + _IDS_AT_ONCE]
        for segment_id in db.scalars(select(SegmentRow.id).where(SegmentRow.id.in_(some))):
            unindexed.pop(segment_id)


def _indexed(
    db: DbSession, camera_ids: set[str], streams: Sequence[StreamName], start_us: int, end_us: int
) -> Iterator[tuple[StreamKey, Stretch]]:
    for row in db.execute(_joined(camera_ids, streams, start_us, end_us)):
        key: StreamKey = (row.camera_id, row.stream)
        yield (
            key,
            Stretch(
                run_id=row.run_id,
                start_us=row.start_us,
                end_us=row.end_us,
                origin=row.origin,
                simulated=row.simulated,
                is_open=False,
                ends_run=row.end_reason if row.ended_us == row.end_us else None,
                size=row.size,
                dropped=row.dropped,
            ),
        )


def _deleted(
    db: DbSession, wanted: Iterable[StreamKey], start_us: int, end_us: int
) -> Iterator[tuple[StreamKey, Stretch]]:
    for key in sorted(wanted):
        query = select(DeletionRow, RunRow.origin, RunRow.simulated, RunRow.end_reason, RunRow.ended_at).where(
            RunRow.id == DeletionRow.run_id,
            DeletionRow.camera_id == key[0],
            DeletionRow.stream == key[1],
            *deletions_within(start_us, end_us),
        )
        for row, origin, simulated, reason, ended_at in db.execute(query):
            begin, end = to_us(row.wall_start), to_us(row.wall_end)
            ends_run = reason if ended_at == row.wall_end else None
            yield key, Stretch(row.run_id, begin, end, origin, simulated, False, ends_run, deleted=True)


def _joined(camera_ids: set[str], streams: Sequence[StreamName], start_us: int, end_us: int) -> Select[tuple[object]]:
    """One row per stretch. A segment that begins more than SEAM_US after the one before begins a new stretch."""
    starts, ends = type_coerce(SegmentRow.wall_start, BigInteger), type_coerce(SegmentRow.wall_end, BigInteger)
    before = func.lag(ends).over(partition_by=SegmentRow.run_id, order_by=SegmentRow.wall_start)
    begun_inside = SegmentRow.wall_start >= from_us(start_us)
    segments = (
        select(
            SegmentRow.camera_id,
            SegmentRow.stream,
            SegmentRow.run_id,
            starts.label("start_us"),
            ends.label("end_us"),
            case((begun_inside, SegmentRow.size), else_=0).label("size"),
            case((begun_inside, SegmentRow.dropped), else_=0).label("dropped"),
            case((starts - before > SEAM_US, 1), else_=0).label("broken"),
        )
        .where(
            SegmentRow.camera_id.in_(camera_ids),
            SegmentRow.stream.in_(streams),
            *segments_within(start_us, end_us),
        )
        .subquery()
    )
    number = func.sum(segments.c.broken).over(partition_by=segments.c.run_id, order_by=segments.c.start_us)
    numbered = select(segments, number.label("number")).subquery()
    joined = (
        select(
            numbered.c.camera_id,
            numbered.c.stream,
            numbered.c.run_id,
            func.min(numbered.c.start_us).label("start_us"),
            func.max(numbered.c.end_us).label("end_us"),
            func.sum(numbered.c.size).label("size"),
            func.sum(numbered.c.dropped).label("dropped"),
        )
        .group_by(numbered.c.camera_id, numbered.c.stream, numbered.c.run_id, numbered.c.number)
        .subquery()
    )
    ended = type_coerce(RunRow.ended_at, BigInteger).label("ended_us")
    return select(joined, RunRow.origin, RunRow.simulated, RunRow.end_reason, ended).join(
        RunRow, RunRow.id == joined.c.run_id
    )


def _of_record(record: SegmentRecord, start_us: int) -> Stretch:
    identity, inside = record.identity, record.wall_start_us >= start_us
    return Stretch(
        run_id=identity.run_id,
        start_us=record.wall_start_us,
        end_us=record.wall_end_us,
        origin=identity.origin,
        simulated=identity.simulated,
        is_open=False,
        ends_run=record.ends_run,
        size=record.size if inside else 0,
        dropped=record.dropped if inside else 0,
    )


def _of_open(writing: Writing) -> Stretch:
    identity = writing.identity
    return Stretch(
        run_id=identity.run_id,
        start_us=identity.started_us,
        end_us=max(identity.started_us, writing.written_us),
        origin=identity.origin,
        simulated=identity.simulated,
        is_open=True,
        ends_run=None,
        size=writing.size,
    )
