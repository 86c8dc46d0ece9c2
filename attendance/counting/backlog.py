"""Pictures of closed segments that nobody counted: after a stand-still, an import, a busy hour.

Walks the index in the order in which segments entered it and compares each with the samples that exist, whichever
detector made them: counting again with a better one is a decision, not an accident of an upgrade. Where it stands is
kept in a small file; if that is lost, it walks from the beginning, which costs time and nothing else.
Footage that has waited too long is skipped, and the skip is recorded. Design: docs/design/counting.md.
"""

import json
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session as DbSession

from shike.attendance.counting.live import RecordedKeyframe
from shike.attendance.counting.outbox import Pause
from shike.attendance.counting.samples import PictureSource
from shike.attendance.counting.sampling import (
    SkippedStretch,
    due_keyframes,
    skipped,
    slot_of,
    slot_start_us,
    too_old,
)
from shike.attendance.footage.fragment_table import unpack
from shike.attendance.tables.counting import CountSkipRow, SampleRow
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.transactions import Transactions
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import Fragment, Origin
from shike.capture.clock import Clock
from shike.capture.errors import FootageError
from shike.capture.moment import from_us, to_us

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
PAGE = 32
OVERLAP_US = 60_000_000
"""Segments are looked at again for a minute after they were indexed: transactions of several writers may end out of
order, so the newest row seen is not a line that nothing appears behind."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A keyframe in the index that wants a sample."""

    source: PictureSource
    key: str
    fragment: Fragment
    init: bytes


class Backlog:
    """What is left to count, oldest entry of the index first. Owner of the place reached in the index."""

    def __init__(
        self,
        database: Transactions,
        archive: Archive,
        clock: Clock,
        *,
        place_file: Path,
        interval_us: int,
        imported_interval_us: int,
        limit_us: int,
    ) -> None:
        """`place_file` is written by this object alone. Imports are counted at an interval of their own.

        `limit_us`: longest wait in the index before giving up.
        """
        self._database, self._archive, self._clock = database, archive, clock
        self._place_file = place_file
        self._intervals_us: dict[Origin, int] = {"live": interval_us, "imported": imported_interval_us}
        self._limit_us = limit_us
        self._place_us = self._read_place()
        self._seen: dict[str, int] = {}
        self._queue: deque[_Wanted | SkippedStretch] = deque()
        self._pause = Pause(clock)
        self._next_look_s = float("-inf")

    def take(self) -> RecordedKeyframe | SkippedStretch | None:
        """The next keyframe to count or stretch to give up, None if there is nothing to do now.

        What was taken before must be in the database by now: the place moves on over it.
        """
        now_s = self._clock.monotonic()
        if not self._queue and now_s >= self._next_look_s and self._pause.over:
            try:
                self._look()
            except SQLAlchemyError as error:
                log.warning("the index cannot be read; catching up waits: %s", error)
                self._pause.failed()
                return None
            self._pause.succeeded()
            if not self._queue:
                self._next_look_s = now_s + LOOK_EVERY_S
        if not self._queue:
            return None
        entry = self._queue.popleft()
        return self._read(entry) if isinstance(entry, _Wanted) else entry

    def _read(self, wanted: _Wanted) -> RecordedKeyframe | SkippedStretch:
        fragment = wanted.fragment
        try:
            data = self._archive.read(wanted.key, fragment.offset, fragment.size)
        except FootageError:
            interval_us = self._intervals_us[wanted.source.origin]
            return skipped(wanted.source.camera_id, [fragment], interval_us, "no_footage")[0]
        return RecordedKeyframe(wanted.source, fragment, wanted.init, data)

    def _look(self) -> None:
        """Go on through the index, up to the first segment with something to do."""
        with self._database.reading() as db:
            for segment_id, indexed_us in self._unseen(db):
                self._queue.extend(self._work(db, segment_id, indexed_us))
                self._seen[segment_id] = indexed_us
                if self._queue:
                    return
                self._advance(indexed_us)

    def _unseen(self, db: DbSession) -> list[tuple[str, int]]:
        query = (
            select(SegmentRow.id, SegmentRow.created_at)
            .where(
                SegmentRow.stream == "main",
                SegmentRow.state == "closed",
                SegmentRow.created_at >= from_us(self._place_us),
            )
            .order_by(SegmentRow.created_at, SegmentRow.id)
            .limit(PAGE + len(self._seen))
        )
        return [(segment_id, to_us(at)) for segment_id, at in db.execute(query) if segment_id not in self._seen]

    def _work(self, db: DbSession, segment_id: str, indexed_us: int) -> Sequence[_Wanted | SkippedStretch]:
        """What is to be done about a segment: keyframes to count, or stretches to give up if they waited too long."""
        segment = db.get(SegmentRow, segment_id)
        if segment is None:  # a rule has deleted it meanwhile
            return []
        run = db.get_one(RunRow, segment.run_id)
        source = PictureSource(segment.camera_id, "main", run.id, cast(Origin, run.origin), run.simulated)
        interval_us = self._intervals_us[source.origin]
        lacking = self._lacking(db, segment, interval_us)
        if not lacking:
            return []
        if too_old(indexed_us, self._clock.now(), self._limit_us):
            return skipped(segment.camera_id, lacking, interval_us, "behind")
        return [_Wanted(source, segment.object_key, keyframe, run.init) for keyframe in lacking]

    def _lacking(self, db: DbSession, segment: SegmentRow, interval_us: int) -> list[Fragment]:
        """The keyframes of a segment whose slots have neither a sample nor a recorded skip."""
        fragments = unpack(segment.fragments)
        start_us = slot_start_us(slot_of(fragments[0].wall_us, interval_us), interval_us)
        start, end = from_us(start_us), segment.wall_end
        sampled = db.scalars(
            select(SampleRow.picture_at).where(
                SampleRow.camera_id == segment.camera_id,
                SampleRow.stream == "main",
                SampleRow.picture_at >= start,
                SampleRow.picture_at < end,
            )
        )
        taken = {slot_of(to_us(moment), interval_us) for moment in sampled}
        skips = db.execute(
            select(CountSkipRow.from_at, CountSkipRow.to_at).where(
                CountSkipRow.camera_id == segment.camera_id, CountSkipRow.from_at < end, CountSkipRow.to_at > start
            )
        )
        spans = [(to_us(begin), to_us(until)) for begin, until in skips]
        lacking = due_keyframes(fragments, taken, interval_us)
        return [one for one in lacking if not any(begin <= one.wall_us < until for begin, until in spans)]

    def _advance(self, indexed_us: int) -> None:
        """Note that everything up to here is done, but for the overlap."""
        place_us = min(indexed_us, self._clock.now() - OVERLAP_US)
        if place_us <= self._place_us:
            return
        self._place_us = place_us
        self._seen = {segment_id: at_us for segment_id, at_us in self._seen.items() if at_us >= place_us}
        part = self._place_file.with_suffix(".part")
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps({"indexed_us": place_us}), encoding="utf-8")
            part.replace(self._place_file)
        except OSError as error:
            log.warning("the place in the index cannot be noted: %s", error)

    def _read_place(self) -> int:
        try:
            return int(json.loads(self._place_file.read_bytes())["indexed_us"])
        except (FileNotFoundError, ValueError, KeyError):
            return 0
