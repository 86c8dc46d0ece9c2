"""Indexes records of closed segments from the spool, and remembers which of them cannot be indexed yet.

A record waits while the registry does not know its camera or its file cannot be read. Waiting records are not read
again at every beat: a camera that was deleted may have left a hundred thousand of them. Not here: the index
(attendance/footage/indexing.py). Design: docs/design/keep.md, "Spool → index".
"""

import logging
from collections.abc import Sequence
from itertools import islice

from sqlalchemy import select

from shike.api.database import Database
from shike.attendance.footage.indexing import index
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import SegmentRecord
from shike.capture.archive.spool import Spool
from shike.capture.clock import Clock

log = logging.getLogger(__name__)

BATCH = 500
AGAIN_EVERY_S = 60.0


class Intake:
    """Moves records from the spool into the index. Owner of the list of records that must wait."""

    def __init__(self, database: Database, archive: Archive, spool: Spool, clock: Clock) -> None:
        self._database, self._archive, self._spool, self._clock = database, archive, spool, clock
        self._waiting: dict[str, str] = {}
        """Segment → camera of the records that wait; the one that was tried longest ago comes first."""
        self._known: set[str] = set()
        self._again_s = float("-inf")
        self._logged: set[str] = set()

    def step(self) -> int:
        """Indexes closed segments; returns how many.

        Waiting records are tried again when the registry knows their camera; else one batch a minute, and the next
        batch at once if some of it could be indexed.
        """
        again = self._due_again()
        for segment_id in again:
            del self._waiting[segment_id]
        records, indexed = self._spool.pending(self._waiting.keys()), 0
        # All records, in batches: otherwise records that must wait would block later ones.
        while batch := list(islice(records, BATCH)):
            with self._database.writing() as db:
                taken = index(db, self._archive, batch, self._clock)
            self._spool.done(taken)
            indexed += len(taken)
            self._note_waiting(batch, taken)
            if any(record.identity.segment_id in again for record in taken):
                self._again_s = float("-inf")
        return indexed

    def _due_again(self) -> set[str]:
        if not self._waiting:
            return set()
        cameras = set(self._waiting.values())
        with self._database.reading() as db:
            known = set(db.scalars(select(CameraRow.id).where(CameraRow.id.in_(cameras))))
        fresh, self._known = known - self._known, known
        due = {segment_id for segment_id, camera_id in self._waiting.items() if camera_id in fresh}
        if self._clock.monotonic() >= self._again_s:
            self._again_s = self._clock.monotonic() + AGAIN_EVERY_S
            due.update(islice(self._waiting, BATCH))
        return due

    def _note_waiting(self, batch: Sequence[SegmentRecord], taken: Sequence[SegmentRecord]) -> None:
        indexed = {record.identity.segment_id for record in taken}
        for identity in (record.identity for record in batch):
            if identity.segment_id in indexed:
                continue
            if not self._waiting:
                self._again_s = self._clock.monotonic() + AGAIN_EVERY_S
            self._waiting[identity.segment_id] = identity.camera_id
            if identity.camera_id not in self._logged:
                self._logged.add(identity.camera_id)
                log.warning(
                    "footage of camera %s waits in the spool: the registry does not know the camera or the file is "
                    "gone",
                    identity.camera_id,
                )
