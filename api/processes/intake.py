"""Closed segments from the spool into the index, and which of them must wait there.

What waits, because the registry does not know its camera or its file does not answer, is not read again at every beat:
a camera that was taken out may have left a hundred thousand records. Design: docs/design/keep.md, "Spool → index".
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
    """Takes the spool in. Owner of the list of records that could not be taken."""

    def __init__(self, database: Database, archive: Archive, spool: Spool, clock: Clock) -> None:
        self._database, self._archive, self._spool, self._clock = database, archive, spool, clock
        self._left: dict[str, str] = {}
        """Segments and their cameras, those that were looked at longest ago first."""
        self._known: set[str] = set()
        self._again_s = float("-inf")
        self._said: set[str] = set()

    def step(self) -> int:
        """Bring closed segments into the index; returns how many.

        Those that had to stay are looked at again when the registry comes to know their camera, and else a batch a
        minute, the next batch at once where one could be taken.
        """
        again = self._due_again()
        for segment_id in again:
            del self._left[segment_id]
        waiting, indexed = self._spool.pending(self._left.keys()), 0
        # All of it, in batches: records that must stay would otherwise stand in the way of later ones.
        while batch := list(islice(waiting, BATCH)):
            with self._database.writing() as db:
                taken = index(db, self._archive, batch, self._clock)
            self._spool.done(taken)
            indexed += len(taken)
            self._note_left(batch, taken)
            if any(record.identity.segment_id in again for record in taken):
                self._again_s = float("-inf")
        return indexed

    def _due_again(self) -> set[str]:
        if not self._left:
            return set()
        cameras = set(self._left.values())
        with self._database.reading() as db:
            known = set(db.scalars(select(CameraRow.id).where(CameraRow.id.in_(cameras))))
        fresh, self._known = known - self._known, known
        due = {segment_id for segment_id, camera_id in self._left.items() if camera_id in fresh}
        if self._clock.monotonic() >= self._again_s:
            self._again_s = self._clock.monotonic() + AGAIN_EVERY_S
            due.update(islice(self._left, BATCH))
        return due

    def _note_left(self, batch: Sequence[SegmentRecord], taken: Sequence[SegmentRecord]) -> None:
        indexed = {record.identity.segment_id for record in taken}
        for identity in (record.identity for record in batch):
            if identity.segment_id in indexed:
                continue
            if not self._left:
                self._again_s = self._clock.monotonic() + AGAIN_EVERY_S
            self._left[identity.segment_id] = identity.camera_id
            if identity.camera_id not in self._said:
                self._said.add(identity.camera_id)
                log.warning(
                    "footage of camera %s waits in the spool: the registry does not know the camera or the file is "
                    "gone",
                    identity.camera_id,
                )
