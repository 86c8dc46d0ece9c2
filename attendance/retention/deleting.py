"""Deleting footage in the one order in which no row of the index is without its file, nor a file without its row.

1. plan      one transaction: rows of `deletion`, and the segments are `deleting`  → readers leave them out
2. chain     row `deleted` in the camera's chain                                   → it is known who took the file
3. file      unlink, fsync of its folder
4. finish    one transaction: the segment's row goes, the deletion is `done`
Killed between any two, the next `finish` goes on from there. Not here: what is due (retention.py).
Design: docs/design/retention.md, "Deleting".
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session as DbSession

from shike.attendance.footage.mounted import away, given_up
from shike.attendance.retention.holds import held_of, stretches_of
from shike.attendance.retention.rules import DueSegment, FlagHolds
from shike.attendance.tables.footage import SegmentRow
from shike.attendance.tables.registry import CameraRow
from shike.attendance.tables.retention import DeletionRow
from shike.attendance.transactions import Transactions
from shike.capture.archive.chain import Link
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import StreamKey
from shike.capture.clock import Clock
from shike.capture.errors import CaptureError, FootageError, NoFootage
from shike.capture.moment import from_us, to_us
from shike.capture.spans import Span

log = logging.getLogger(__name__)

BATCH = 20
_WRITTEN_TO = timedelta(days=2)
"""Folders of days that are not older may be written to: they stay, empty or not."""
LONGEST_ROW = timedelta(days=1)
_SEAM = timedelta(milliseconds=500)


@dataclass(frozen=True, slots=True)
class _Gone:
    """A planned deletion whose file is gone: the chain's row for it, and whether the file was missing before."""

    deletion_id: str
    segment_id: str
    link_number: int
    missing: bool


def plan(db: DbSession, due: Sequence[DueSegment], rule_ids: Mapping[StreamKey, str | None], now_us: int) -> int:
    """Step 1, within the caller's transaction. Returns how many segments will go."""
    rules = {each.segment.segment_id: each.rule for each in due}
    # Footage that came back from a backup is deleted once more: the older record stays, without the name.
    again = DeletionRow.segment_id.in_(rules), DeletionRow.state == "done"
    db.execute(update(DeletionRow).where(*again).values(segment_id=None))
    rows = db.scalars(select(SegmentRow).where(SegmentRow.id.in_(rules), SegmentRow.state == "closed")).all()
    for row in rows:
        row.state = "deleting"
        db.add(
            DeletionRow(
                segment_id=row.id,
                camera_id=row.camera_id,
                stream=row.stream,
                run_id=row.run_id,
                object_key=row.object_key,
                wall_start=row.wall_start,
                wall_end=row.wall_end,
                size=row.size,
                digest=row.digest,
                rule=rules[row.id],
                rule_id=rule_ids.get((row.camera_id, "main" if row.stream == "main" else "sub")),
                planned_at=from_us(now_us),
            )
        )
    db.flush()
    return len(rows)


class Deleter:
    """Takes planned deletions to their end. Owner of what it said already about files that cannot be removed."""

    def __init__(self, database: Transactions, archive: Archive, clock: Clock, flags: FlagHolds) -> None:
        self._database, self._archive, self._clock, self._flags = database, archive, clock, flags
        self._said: set[str] = set()
        self._lost_rows: dict[str, Link | None] = {}
        self._told: dict[str, Mapping[str, Link] | None] = {}

    def finish(self, limit: int = BATCH) -> Iterator[int]:
        """Steps 2 to 4 for every planned deletion, a batch between two yields; yields how many came to their end.

        Those of cameras whose footage is not mounted stay planned, and so does a file that cannot be removed. One that
        has come under a hold since it was planned is given back.
        """
        after, lost = "", self._away()
        self._lost_rows, self._told = {}, {}
        while rows := self._planned(after, limit, lost):
            yield self._finish(rows)
            after = rows[-1].id

    def _away(self) -> Sequence[str]:
        with self._database.reading() as db:
            camera_ids = db.scalars(
                select(DeletionRow.camera_id).where(DeletionRow.state == "planned").distinct()
            ).all()
            return away(db, self._archive, camera_ids)

    def _planned(self, after: str, limit: int, lost: Sequence[str]) -> Sequence[DeletionRow]:
        query = select(DeletionRow).where(DeletionRow.state == "planned", DeletionRow.id > after)
        query = query.where(DeletionRow.camera_id.not_in(lost))
        with self._database.reading() as db:
            return db.scalars(query.order_by(DeletionRow.id).limit(limit)).all()

    def _finish(self, rows: Sequence[DeletionRow]) -> int:
        with self._database.reading() as db:
            links = self._links_of(db, rows)
        gone: list[_Gone] = []
        saved: list[str] = []
        for row in rows:
            assert row.segment_id is not None and row.object_key is not None
            try:
                # Asked for each file anew: somebody may place a hold while those before it are being deleted.
                held = self._held(row)
                link, missing = self._said_in_chain(row, links.get(row.segment_id), held)
                if link is None:
                    saved.append(row.segment_id)
                    continue
                self._archive.delete(row.object_key)
            except (OSError, CaptureError) as error:
                self._note(row.object_key, error)
                continue
            gone.append(_Gone(row.id, row.segment_id, link.number, missing))
        if gone or saved:
            self._settle(gone, saved)
        self._sweep(rows)
        return len(gone) + len(saved)

    def _said_in_chain(
        self, row: DeletionRow, linked: tuple[int, str] | None, held: Sequence[Span]
    ) -> tuple[Link | None, bool]:
        """The chain's row about this deletion, made now if there is none; None if the segment is held by now."""
        assert row.segment_id is not None and row.object_key is not None
        chain = self._archive.chain(row.camera_id)
        there = chain.recent("deleted", row.segment_id)
        if there is not None:
            return there, bool(there.fields.get("missing"))
        missing = not self._exists(row.object_key)
        if not missing and any(begin < to_us(row.wall_end) and end > to_us(row.wall_start) for begin, end in held):
            return None, False
        known = linked is not None and chain.holds(*linked)
        if known and missing and linked is not None:
            # Long ago this process may have died between file and row: then the chain says so, further back.
            there = self._told_of(row.camera_id).get(row.segment_id)
            if there is not None and there.number > linked[0]:
                return there, bool(there.fields.get("missing"))
        elif not known and (missing or linked is not None):
            # This chain says nothing of the segment, nor can it say that the file is missing: it may lie elsewhere.
            lost = self._given_up(row.camera_id)
            if lost is not None and to_us(row.wall_end) <= lost.fields["at_us"]:
                return lost, missing
            if missing and (linked is not None or chain.head() is None):
                raise FootageError(f"it is not in the chain here; mount the volume of camera {row.camera_id}'s footage")
        said: dict[str, Any] = {"segment": row.segment_id, "digest": row.digest, "rule": row.rule}
        said |= {"policy": row.rule_id, "at_us": self._clock.now()}
        if missing:
            said["missing"] = True
        return chain.append("deleted", said), missing

    def _told_of(self, camera_id: str) -> Mapping[str, Link]:
        """What a chain says of planned deletions, by segment; walked once, however many files are missing."""
        if camera_id not in self._told:
            self._told[camera_id] = None
            planned = DeletionRow.state == "planned", DeletionRow.camera_id == camera_id
            with self._database.reading() as db:
                ids = set(db.scalars(select(DeletionRow.segment_id).where(*planned)))
            rows = self._archive.chain(camera_id).of_kinds("deleted")
            told = ((str(link.fields.get("segment")), link) for link in rows)
            self._told[camera_id] = {segment_id: link for segment_id, link in told if segment_id in ids}
        found = self._told[camera_id]
        if found is None:
            raise FootageError(f"the chain of camera {camera_id} cannot be read")
        return found

    def _given_up(self, camera_id: str) -> Link | None:
        if camera_id not in self._lost_rows:  # finding it reads the whole chain
            self._lost_rows[camera_id] = given_up(self._archive.chain(camera_id))
        return self._lost_rows[camera_id]

    def _exists(self, key: str) -> bool:
        try:
            self._archive.size(key)
        except NoFootage:
            return False
        return True

    def _settle(self, gone: Sequence[_Gone], saved: Sequence[str]) -> None:
        moment = from_us(self._clock.now())
        with self._database.writing() as db:
            db.execute(delete(SegmentRow).where(SegmentRow.id.in_([each.segment_id for each in gone])))
            for each in gone:
                values = {"state": "done", "file_deleted_at": moment}
                values |= {"link_number": each.link_number, "missing": each.missing}
                db.execute(update(DeletionRow).where(DeletionRow.id == each.deletion_id).values(**values))
            if saved:
                db.execute(update(SegmentRow).where(SegmentRow.id.in_(saved)).values(state="closed"))
                db.execute(delete(DeletionRow).where(DeletionRow.segment_id.in_(saved)))

    def _held(self, row: DeletionRow) -> Sequence[Span]:
        """What is held now of the time that a segment covers."""
        with self._database.reading() as db:
            camera = db.get(CameraRow, row.camera_id)
            if camera is None:
                return ()
            return stretches_of(held_of(db, camera, self._flags, to_us(row.wall_start), to_us(row.wall_end)))

    def _links_of(self, db: DbSession, rows: Sequence[DeletionRow]) -> Mapping[str, tuple[int, str]]:
        ids = [row.segment_id for row in rows]
        found = db.execute(select(SegmentRow.id, SegmentRow.link_number, SegmentRow.link).where(SegmentRow.id.in_(ids)))
        return {row[0]: (row[1], row[2]) for row in found if row[1] is not None and row[2] is not None}

    def _sweep(self, rows: Sequence[DeletionRow]) -> None:
        """Remove folders of days that have become empty."""
        before = from_us(self._clock.now()) - _WRITTEN_TO
        keys = {row.object_key.rsplit("/", 1)[0]: row.object_key for row in rows if row.object_key}
        for folder, key in keys.items():
            if folder.rsplit("/", 1)[-1] < f"{before:%Y%m%d}":
                self._archive.remove_empty_day(key)

    def _note(self, key: str, error: Exception) -> None:
        if key not in self._said:
            log.error("segment %s is to be deleted and cannot be: %s; it is tried again", key, error)
            self._said.add(key)


def thin_deletions(db: DbSession, before: datetime, limit: int = 5_000) -> int:
    """Make one row of neighbours of a run that were deleted before a moment, one stream at a time; how many went.

    What each file was stays in the camera's chain.
    """
    old = (DeletionRow.state == "done", DeletionRow.file_deleted_at < before, DeletionRow.segment_id.is_not(None))
    oldest = db.scalars(select(DeletionRow).where(*old).order_by(DeletionRow.file_deleted_at).limit(1)).first()
    if oldest is None:
        return 0
    same = (DeletionRow.camera_id == oldest.camera_id, DeletionRow.stream == oldest.stream)
    rows = db.scalars(select(DeletionRow).where(*old, *same).order_by(DeletionRow.wall_start).limit(limit)).all()
    removed = 0
    kept = rows[0]
    _anonymous(kept)
    for row in rows[1:]:
        alike = all(getattr(row, name) == getattr(kept, name) for name in ("run_id", "rule", "rule_id", "missing"))
        if alike and row.wall_start <= kept.wall_end + _SEAM and row.wall_end - kept.wall_start <= LONGEST_ROW:
            kept.wall_end, kept.size, kept.segments = row.wall_end, kept.size + row.size, kept.segments + row.segments
            kept.file_deleted_at = row.file_deleted_at
            db.delete(row)
            removed += 1
        else:
            kept = row
            _anonymous(kept)
    db.flush()
    return removed


def _anonymous(row: DeletionRow) -> None:
    row.segment_id = row.object_key = row.digest = row.link_number = None
