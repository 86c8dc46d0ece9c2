"""The footage of a stream over a range, as pieces.

Here: `Footage` reads the index, the records in the spool and the open segment, so that the last minutes can be played
before they are indexed. It also lists what a rule has deleted. Not here: how segments enter the index (indexing.py),
long ranges of many cameras (stretches.py), gaps (coverage.py), files (capture.archive). Design: docs/design/footage.md.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.footage.fragment_table import unpack
from shike.attendance.footage.index_range import deletions_within, reason_before, segments_within
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.retention import DeletionRow
from shike.capture.archive.files import Archive, OpenSegment
from shike.capture.archive.segment import Fragment, Origin, SegmentRecord, StreamKey, StreamName
from shike.capture.archive.spool import Spool
from shike.capture.errors import NoFootage
from shike.capture.moment import to_us


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment as readers see it, closed or open. Times in µs UTC; `ends_run`: why the run ended with it.

    `link_number` is its row in the camera's chain; None while it is open, and in footage older than the chain.
    `deleted`: a rule has deleted it, or several neighbours of one run; nothing is left to read.
    """

    camera_id: str
    stream: StreamName
    run_id: str
    segment_id: str
    key: str
    start_us: int
    end_us: int
    codec: str
    width: int
    height: int
    timescale: int
    origin: Origin
    simulated: bool
    is_open: bool
    ends_run: str | None
    load: Callable[[], tuple[Fragment, ...]]
    deleted: bool = False
    link_number: int | None = None

    @property
    def fragments(self) -> tuple[Fragment, ...]:
        """The fragment table. It is unpacked on demand, because a day's coverage does not need it."""
        return self.load()


class Footage:
    """Everything recorded, as one list of pieces per stream."""

    def __init__(
        self, archive: Archive, spool: Spool, reading: Callable[[], AbstractContextManager[DbSession]]
    ) -> None:
        """`reading` opens a database session that only reads; it stays open only while the index is read."""
        self.archive, self._spool, self._reading = archive, spool, reading

    def pieces(self, camera_id: str, stream: StreamName, from_us_: int, to_us_: int) -> list[Piece]:
        """The pieces that overlap [from, to), oldest first."""
        # Open first, then spool, then index: a segment that moves on meanwhile is seen twice, never missed.
        opened = self.open_piece(camera_id, stream)
        spooled = [
            _of_record(record)
            for record in self._spool.pending()
            if (record.identity.camera_id, record.identity.stream) == (camera_id, stream)
        ]
        with self._reading() as db:
            indexed = list(_indexed(db, camera_id, stream, from_us_, to_us_))
        by_id = {piece.segment_id: piece for piece in [*([opened] if opened else []), *spooled, *indexed]}
        overlapping = (piece for piece in by_id.values() if piece.end_us > from_us_ and piece.start_us < to_us_)
        return sorted(overlapping, key=lambda piece: piece.start_us)

    def history(self, camera_id: str, stream: StreamName, from_us_: int, to_us_: int) -> list[Piece]:
        """The pieces that overlap [from, to), with those that a rule has deleted since, oldest first."""
        # The index first: what is deleted meanwhile is seen twice, never missed.
        present = self.pieces(camera_id, stream, from_us_, to_us_)
        ids = {piece.segment_id for piece in present}
        with self._reading() as db:
            gone = [piece for piece in _deleted(db, camera_id, stream, from_us_, to_us_) if piece.segment_id not in ids]
        return sorted([*present, *gone], key=lambda piece: piece.start_us)

    def of_range(
        self, camera_ids: Iterable[str], start_us: int, end_us: int, streams: Sequence[StreamName]
    ) -> Mapping[StreamKey, list[Piece]]:
        """The history of several streams, by stream."""
        keys: list[StreamKey] = [(camera_id, stream) for camera_id in camera_ids for stream in streams]
        return {key: self.history(*key, start_us, end_us) for key in keys}

    def reasons_before(self, keys: Iterable[StreamKey], before_us: int) -> Mapping[StreamKey, str | None]:
        """Why the last live run of each stream that began before a moment ended; None if there was none."""
        with self._reading() as db:
            return {key: reason_before(db, *key, before_us) for key in keys}

    def open_piece(self, camera_id: str, stream: StreamName) -> Piece | None:
        """What is being written to a stream right now; None if nothing is."""
        opened = self.archive.tail(camera_id, stream)
        return None if opened is None or not opened.fragments else _of_open(opened)

    def read(self, piece: Piece, first: Fragment, last: Fragment) -> bytes:
        """The bytes from one fragment to another. NoFootage if the file is gone or shorter than its table says."""
        data = self.archive.read(piece.key, first.offset, last.end - first.offset)
        if len(data) != last.end - first.offset:
            raise NoFootage(f"segment {piece.key} ends early")
        return data

    def init(self, piece: Piece) -> bytes:
        """The init section (ftyp + moov) of a piece's run."""
        head = self.archive.head(piece.key)
        if head is None:
            raise NoFootage(f"segment {piece.key} has no head")
        return head.init


def _indexed(db: DbSession, camera_id: str, stream: StreamName, start_us: int, end_us: int) -> Iterator[Piece]:
    query = (
        select(SegmentRow, RunRow)
        .join(RunRow, RunRow.id == SegmentRow.run_id)
        .where(*segments_within(start_us, end_us))
    )
    of_stream = query.where(SegmentRow.camera_id == camera_id, SegmentRow.stream == stream)
    for row, run in db.execute(of_stream.order_by(SegmentRow.wall_start)):
        piece = _of_row(row, run, row.id, row.object_key, partial(unpack, row.fragments))
        yield replace(piece, link_number=row.link_number)


def _deleted(db: DbSession, camera_id: str, stream: StreamName, start_us: int, end_us: int) -> Iterator[Piece]:
    query = (
        select(DeletionRow, RunRow)
        .join(RunRow, RunRow.id == DeletionRow.run_id)
        .where(*deletions_within(start_us, end_us))
    )
    of_stream = query.where(DeletionRow.camera_id == camera_id, DeletionRow.stream == stream)
    for row, run in db.execute(of_stream.order_by(DeletionRow.wall_start)):
        yield replace(_of_row(row, run, row.segment_id or row.id, "", tuple), deleted=True)


def _of_row(
    row: SegmentRow | DeletionRow, run: RunRow, segment_id: str, key: str, load: Callable[[], tuple[Fragment, ...]]
) -> Piece:
    return Piece(
        camera_id=row.camera_id,
        stream=cast(StreamName, row.stream),
        run_id=run.id,
        segment_id=segment_id,
        key=key,
        start_us=to_us(row.wall_start),
        end_us=to_us(row.wall_end),
        codec=run.codec,
        width=run.width,
        height=run.height,
        timescale=run.timescale,
        origin=cast(Origin, run.origin),
        simulated=run.simulated,
        is_open=False,
        ends_run=run.end_reason if run.ended_at == row.wall_end else None,
        load=load,
    )


def _of_record(record: SegmentRecord) -> Piece:
    identity = record.identity
    return Piece(
        camera_id=identity.camera_id,
        stream=identity.stream,
        run_id=identity.run_id,
        segment_id=identity.segment_id,
        key=record.key,
        start_us=record.wall_start_us,
        end_us=record.wall_end_us,
        codec=record.codec,
        width=record.width,
        height=record.height,
        timescale=record.timescale,
        origin=identity.origin,
        simulated=identity.simulated,
        is_open=False,
        ends_run=record.ends_run,
        load=lambda: record.fragments,
        link_number=record.link_number,
    )


def _of_open(opened: OpenSegment) -> Piece:
    identity, facts = opened.identity, opened.head.facts
    fragments = tuple(opened.fragments)
    return Piece(
        camera_id=identity.camera_id,
        stream=identity.stream,
        run_id=identity.run_id,
        segment_id=identity.segment_id,
        key=opened.key,
        start_us=fragments[0].wall_us,
        end_us=fragments[-1].wall_end_us,
        codec=facts.codec,
        width=facts.width,
        height=facts.height,
        timescale=facts.timescale,
        origin=identity.origin,
        simulated=identity.simulated,
        is_open=True,
        ends_run=None,
        load=lambda: fragments,
    )
