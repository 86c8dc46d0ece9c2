"""The segment index: closed segments enter the database here, and whoever wants footage of a time asks here.

`Footage` answers from the index, from records still in the spool and from the open segment alike, so that the
last minutes can be seen before they are indexed, and it remembers what a rule has deleted. Not here: what a gap
means (coverage), files (capture.archive). Design: docs/design/footage.md.
"""

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.retention_tables import Deletion
from shike.attendance.tables import Camera, Run, Segment, from_us, to_us
from shike.capture.archive import Archive, OpenSegment
from shike.capture.clock import Clock, SystemClock
from shike.capture.errors import NoFootage
from shike.capture.segment import Fragment, Origin, SegmentRecord, StreamName
from shike.capture.spool import Spool

_ROW = struct.Struct("<QIqIqB")
LONGEST_SEGMENT_US = 30 * 60 * 1_000_000
# Deletions of a run become one row after some weeks, of no more than a day.
LONGEST_DELETED_US = 24 * 60 * 60 * 1_000_000 + LONGEST_SEGMENT_US
_SYSTEM_CLOCK = SystemClock()


def pack(fragments: Sequence[Fragment]) -> bytes:
    """A fragment table as the index keeps it: fixed rows, compressed."""
    rows = (_ROW.pack(f.offset, f.size, f.wall_us, f.duration_us, f.media_time, f.is_key) for f in fragments)
    return zlib.compress(b"".join(rows))


def unpack(table: bytes) -> tuple[Fragment, ...]:
    """The fragments of a table made by `pack`."""
    return tuple(
        Fragment(offset, size, wall_us, duration_us, media_time, bool(is_key))
        for offset, size, wall_us, duration_us, media_time, is_key in _ROW.iter_unpack(zlib.decompress(table))
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment as readers see it, closed or open. Times in µs UTC; `ends_run` says why the run ended with it.

    `link_number` is its row in the camera's chain; None while it is open, and in footage older than the chain.
    `deleted`: a rule has deleted it (or several of a run in a row); there is nothing left to read.
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
        """The fragment table; unpacked when it is asked for, because a day's coverage does not need it."""
        return self.load()


def as_recorded(pieces: Iterable[Piece]) -> list[Piece]:
    """The same as if nothing had been deleted: what a class session was judged by does not change with its footage."""
    return [replace(piece, deleted=False) for piece in pieces]


def index(
    db: DbSession, archive: Archive, records: Sequence[SegmentRecord], clock: Clock = _SYSTEM_CLOCK
) -> list[SegmentRecord]:
    """Put closed segments into the index; again is harmless. Returns those that are in it now.

    `created_at` is the time of indexing, not of the footage: counting finds imports and late arrivals by it.
    A record of a camera that the registry does not know is left out: it stays in the spool until it does. So is one
    whose file is gone: one lost file must not hold up the others.
    """
    known = set(db.scalars(select(Camera.id).where(Camera.id.in_({r.identity.camera_id for r in records}))))
    taken: list[SegmentRecord] = []
    for record in records:
        if record.identity.camera_id not in known:
            continue
        there = db.get(Segment, record.identity.segment_id)
        if there is None and not _exists(archive, record.key):
            continue
        run = db.get(Run, record.identity.run_id)
        if run is None:
            run = _new_run(record, archive)
            db.add(run)
            db.flush()
        elif not run.init:
            _complete(run, record, archive)
        taken.append(record)
        run.ended_at = max(run.ended_at or run.started_at, from_us(record.wall_end_us))
        if record.ends_run is not None:
            run.end_reason = record.ends_run
        if there is None:
            db.add(_new_segment(record, clock.now()))
            db.flush()
        elif record.link_number is not None and (there.link_number or 0) < record.link_number:
            there.link_number, there.link = record.link_number, record.link
    return taken


def _exists(archive: Archive, key: str) -> bool:
    try:
        archive.size(key)
    except NoFootage:
        return False
    return True


def _new_run(record: SegmentRecord, archive: Archive) -> Run:
    identity = record.identity
    run = Run(
        id=identity.run_id,
        camera_id=identity.camera_id,
        stream=identity.stream,
        node=identity.node,
        epoch=identity.epoch,
        origin=identity.origin,
        simulated=identity.simulated,
    )
    _complete(run, record, archive)
    return run


def _complete(run: Run, record: SegmentRecord, archive: Archive) -> None:
    """What only a file says of its run: one that was made anew from the chain knows it once a file is back."""
    run.started_at = from_us(record.identity.run_started_us)
    run.codec, run.width, run.height, run.timescale = record.codec, record.width, record.height, record.timescale
    run.init = archive.read(record.key, 0, record.init_size)
    run.init_digest = hashlib.sha256(run.init).hexdigest()


def _new_segment(record: SegmentRecord, indexed_us: int) -> Segment:
    identity = record.identity
    return Segment(
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


class Footage:
    """Everything recorded, as one list of pieces per stream."""

    def __init__(
        self, archive: Archive, spool: Spool, reading: Callable[[], AbstractContextManager[DbSession]]
    ) -> None:
        """`reading` opens a database session for looking; it is held only while the index is read."""
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
        found = {piece.segment_id: piece for piece in [*([opened] if opened else []), *spooled, *indexed]}
        overlapping = (piece for piece in found.values() if piece.end_us > from_us_ and piece.start_us < to_us_)
        return sorted(overlapping, key=lambda piece: piece.start_us)

    def history(self, camera_id: str, stream: StreamName, from_us_: int, to_us_: int) -> list[Piece]:
        """The pieces that overlap [from, to), and those that were deleted by a rule since, oldest first."""
        # The index first: what is deleted meanwhile is seen twice, never missed.
        there = self.pieces(camera_id, stream, from_us_, to_us_)
        ids = {piece.segment_id for piece in there}
        with self._reading() as db:
            gone = [piece for piece in _deleted(db, camera_id, stream, from_us_, to_us_) if piece.segment_id not in ids]
        return sorted([*there, *gone], key=lambda piece: piece.start_us)

    def open_piece(self, camera_id: str, stream: StreamName) -> Piece | None:
        """What is being written to a stream right now; None if nothing is."""
        opened = self.archive.tail(camera_id, stream)
        return None if opened is None or not opened.fragments else _of_open(opened)

    def last_end_reason(self, camera_id: str, stream: StreamName, before_us: int) -> str | None:
        """Why the last live run that began before a time ended; None if nothing was recorded before it."""
        with self._reading() as db:
            query = (
                select(Run.end_reason)
                .where(Run.camera_id == camera_id, Run.stream == stream, Run.started_at < from_us(before_us))
                .where(Run.origin == "live")
                .order_by(Run.started_at.desc())
                .limit(1)
            )
            row = db.execute(query).first()
        return None if row is None else (row[0] or "unknown")

    def read(self, piece: Piece, first: Fragment, last: Fragment) -> bytes:
        """The bytes of a stretch of fragments. NoFootage if the file is gone or shorter than its table says."""
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


def _indexed(db: DbSession, camera_id: str, stream: StreamName, start: int, end: int) -> Iterator[Piece]:
    query = (
        select(Segment, Run)
        .join(Run, Run.id == Segment.run_id)
        .where(
            Segment.camera_id == camera_id,
            Segment.stream == stream,
            Segment.state == "closed",
            # A lower bound on the start keeps this a range scan of the index.
            Segment.wall_start > from_us(start - LONGEST_SEGMENT_US),
            Segment.wall_start < from_us(end),
            Segment.wall_end > from_us(start),
        )
        .order_by(Segment.wall_start)
    )
    for segment, run in db.execute(query):
        yield Piece(
            camera_id=camera_id,
            stream=stream,
            run_id=run.id,
            segment_id=segment.id,
            key=segment.object_key,
            start_us=to_us(segment.wall_start),
            end_us=to_us(segment.wall_end),
            codec=run.codec,
            width=run.width,
            height=run.height,
            timescale=run.timescale,
            origin=cast(Origin, run.origin),
            simulated=run.simulated,
            is_open=False,
            ends_run=run.end_reason if run.ended_at == segment.wall_end else None,
            load=partial(unpack, segment.fragments),
            link_number=segment.link_number,
        )


def _deleted(db: DbSession, camera_id: str, stream: StreamName, start: int, end: int) -> Iterator[Piece]:
    query = (
        select(Deletion, Run)
        .join(Run, Run.id == Deletion.run_id)
        .where(
            Deletion.camera_id == camera_id,
            Deletion.stream == stream,
            Deletion.wall_start > from_us(start - LONGEST_DELETED_US),
            Deletion.wall_start < from_us(end),
            Deletion.wall_end > from_us(start),
        )
        .order_by(Deletion.wall_start)
    )
    for row, run in db.execute(query):
        yield Piece(
            camera_id=camera_id,
            stream=stream,
            run_id=run.id,
            segment_id=row.segment_id or row.id,
            key="",
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
            load=tuple,
            deleted=True,
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
