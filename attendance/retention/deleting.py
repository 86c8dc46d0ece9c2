"""Deletes footage in the one order that never leaves an index row without its file or a file without its row.

1. plan      one transaction: adds rows of `deletion`, sets the segments to `deleting`; readers leave them out
2. chain     adds a row `deleted` to the camera's chain, which shows the rule
3. file      unlink, fsync of its folder
4. finish    one transaction: removes the segment's row, sets the deletion to `done`
After a kill between any two steps, the next `finish` continues. Not here: what is due (rules.py).
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
"""Folders of younger days may still be written to, so they stay even when they are empty."""
LONGEST_ROW = timedelta(days=1)
_SEAM = timedelta(milliseconds=500)


@dataclass(frozen=True, slots=True)
class _Removed:
    """A planned deletion whose file is now deleted: its row in the chain, and whether the file was missing before."""

    deletion_id: str
    segment_id: str
    link_number: int
    missing: bool


def plan(db: DbSession, due: Sequence[DueSegment], rule_ids: Mapping[StreamKey, str | None], now_us: int) -> int:
    """Step 1, within the caller's transaction. Returns how many segments will be deleted."""
    rules = {each.segment.segment_id: each.rule for each in due}
    # Footage restored from a backup is deleted again: the older record stays, without the id of the segment.
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
    """Carries out planned deletions. Owner of the list of files about which it has logged an error."""

    def __init__(self, database: Transactions, archive: Archive, clock: Clock, flags: FlagHolds) -> None:
        self._database, self._archive, self._clock, self._flags = database, archive, clock, flags
        self._logged: set[str] = set()
        self._lost_rows: dict[str, Link | None] = {}
        self._deleted_rows: dict[str, Mapping[str, Link] | None] = {}

    def finish(self, limit: int = BATCH) -> Iterator[int]:
        """Steps 2 to 4 for every planned deletion, a batch between two yields; yields how many were finished.

        Deletions of cameras whose footage is not mounted stay planned, and so do files that cannot be removed. A
        segment that is held by now is not deleted; it becomes `closed` again.
        """
        after, absent = "", self._away()
        self._lost_rows, self._deleted_rows = {}, {}
        while rows := self._planned(after, limit, absent):
            yield self._finish(rows)
            after = rows[-1].id

    def _away(self) -> Sequence[str]:
        with self._database.reading() as db:
            camera_ids = db.scalars(
                select(DeletionRow.camera_id).where(DeletionRow.state == "planned").distinct()
            ).all()
            return away(db, self._archive, camera_ids)

    def _planned(self, after: str, limit: int, absent: Sequence[str]) -> Sequence[DeletionRow]:
        query = select(DeletionRow).where(DeletionRow.state == "planned", DeletionRow.id > after)
        query = query.where(DeletionRow.camera_id.not_in(absent))
        with self._database.reading() as db:
            return db.scalars(query.order_by(DeletionRow.id).limit(limit)).all()

    def _finish(self, rows: Sequence[DeletionRow]) -> int:
        with self._database.reading() as db:
            links = self._links_of(db, rows)
        removed: list[_Removed] = []
        spared: list[str] = []
        for row in rows:
            assert row.segment_id is not None and row.object_key is not None
            try:
                # Read again for each file: somebody may place a hold while earlier files are being deleted.
                held = self._held(row)
                link, missing = self._chain_row(row, links.get(row.segment_id), held)
                if link is None:
                    spared.append(row.segment_id)
                    continue
                self._archive.delete(row.object_key)
            except (OSError, CaptureError) as error:
                self._note(row.object_key, error)
                continue
            removed.append(_Removed(row.id, row.segment_id, link.number, missing))
        if removed or spared:
            self._settle(removed, spared)
        self._sweep(rows)
        return len(removed) + len(spared)

    def _chain_row(
        self, row: DeletionRow, linked: tuple[int, str] | None, held: Sequence[Span]
    ) -> tuple[Link | None, bool]:
        """The chain's row of this deletion, added if there is none; None if the segment is held by now.

        The second value says whether the file was missing before it was deleted.
        """
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
            # The process may have been killed between steps 3 and 4 long ago: then the row is further back.
            there = self._deleted_rows_of(row.camera_id).get(row.segment_id)
            if there is not None and there.number > linked[0]:
                return there, bool(there.fields.get("missing"))
        elif not known and (missing or linked is not None):
            # This chain has no row of the segment, so the file may be on another volume instead of missing.
            lost = self._given_up(row.camera_id)
            if lost is not None and to_us(row.wall_end) <= lost.fields["at_us"]:
                return lost, missing
            if missing and (linked is not None or chain.head() is None):
                raise FootageError(f"it is not in the chain here; mount the volume of camera {row.camera_id}'s footage")
        values: dict[str, Any] = {"segment": row.segment_id, "digest": row.digest, "rule": row.rule}
        values |= {"policy": row.rule_id, "at_us": self._clock.now()}
        if missing:
            values["missing"] = True
        return chain.append("deleted", values), missing

    def _deleted_rows_of(self, camera_id: str) -> Mapping[str, Link]:
        """The chain's rows of planned deletions, by segment; the chain is walked once per `finish`."""
        if camera_id not in self._deleted_rows:
            self._deleted_rows[camera_id] = None
            planned = DeletionRow.state == "planned", DeletionRow.camera_id == camera_id
            with self._database.reading() as db:
                ids = set(db.scalars(select(DeletionRow.segment_id).where(*planned)))
            rows = self._archive.chain(camera_id).of_kinds("deleted")
            by_segment = ((str(link.fields.get("segment")), link) for link in rows)
            self._deleted_rows[camera_id] = {each: link for each, link in by_segment if each in ids}
        deleted_rows = self._deleted_rows[camera_id]
        if deleted_rows is None:
            raise FootageError(f"the chain of camera {camera_id} cannot be read")
        return deleted_rows

    def _given_up(self, camera_id: str) -> Link | None:
        if camera_id not in self._lost_rows:  # looking for it reads the whole chain
            self._lost_rows[camera_id] = given_up(self._archive.chain(camera_id))
        return self._lost_rows[camera_id]

    def _exists(self, key: str) -> bool:
        try:
            self._archive.size(key)
        except NoFootage:
            return False
        return True

    def _settle(self, removed: Sequence[_Removed], spared: Sequence[str]) -> None:
        moment = from_us(self._clock.now())
        with self._database.writing() as db:
            db.execute(delete(SegmentRow).where(SegmentRow.id.in_([each.segment_id for each in removed])))
            for each in removed:
                values = {"state": "done", "file_deleted_at": moment}
                values |= {"link_number": each.link_number, "missing": each.missing}
                db.execute(update(DeletionRow).where(DeletionRow.id == each.deletion_id).values(**values))
            if spared:
                db.execute(update(SegmentRow).where(SegmentRow.id.in_(spared)).values(state="closed"))
                db.execute(delete(DeletionRow).where(DeletionRow.segment_id.in_(spared)))

    def _held(self, row: DeletionRow) -> Sequence[Span]:
        """The held time within the time of a segment, as it is now."""
        with self._database.reading() as db:
            camera = db.get(CameraRow, row.camera_id)
            if camera is None:
                return ()
            return stretches_of(held_of(db, camera, self._flags, to_us(row.wall_start), to_us(row.wall_end)))

    def _links_of(self, db: DbSession, rows: Sequence[DeletionRow]) -> Mapping[str, tuple[int, str]]:
        ids = [row.segment_id for row in rows]
        links = db.execute(select(SegmentRow.id, SegmentRow.link_number, SegmentRow.link).where(SegmentRow.id.in_(ids)))
        return {row[0]: (row[1], row[2]) for row in links if row[1] is not None and row[2] is not None}

    def _sweep(self, rows: Sequence[DeletionRow]) -> None:
        """Removes folders of days that have become empty."""
        before = from_us(self._clock.now()) - _WRITTEN_TO
        keys = {row.object_key.rsplit("/", 1)[0]: row.object_key for row in rows if row.object_key}
        for folder, key in keys.items():
            if folder.rsplit("/", 1)[-1] < f"{before:%Y%m%d}":
                self._archive.remove_empty_day(key)

    def _note(self, key: str, error: Exception) -> None:
        if key not in self._logged:
            log.error("segment %s is to be deleted and cannot be: %s; it is tried again", key, error)
            self._logged.add(key)


def thin_deletions(db: DbSession, before: datetime, limit: int = 5_000) -> int:
    """Merges rows of adjacent segments of a run that were deleted before a moment; returns how many rows it removed.

    One call handles one stream. The camera's chain still has a row for each file.
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
