"""Finds keyframes of closed segments that were not counted: after an outage, an import or a time of high load.

Reads the index in the order in which segments entered it and compares each segment with the existing samples of any
detector: a new detector version does not count old footage again by itself. The position in the index is kept in a
small file; if the file is lost, reading starts at the beginning, which costs only time. Footage that has waited too
long is skipped, and the skip is recorded. Not here: open segments (live.py). Design: docs/design/counting.md.
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
"""Segments are read again for a minute after they were indexed: several writers may commit out of order, so an older
row can still appear after a newer one was read."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A keyframe in the index that still needs a sample."""

    source: PictureSource
    key: str
    fragment: Fragment
    init: bytes


class Backlog:
    """The footage that is left to count, in the order of the index. Owns the position reached in the index."""

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
        """Only this object writes `place_file`. Imports have a sample interval of their own.

        `limit_us`: footage that has been in the index for longer is skipped.
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
        """The next keyframe to count or stretch to skip; None if there is nothing to do now.

        The caller must have stored the results of earlier calls: the position moves past them.
        """
        now_s = self._clock.monotonic()
        if not self._queue and now_s >= self._next_look_s and self._pause.over:
            try:
                self._look()
            except SQLAlchemyError as error:
                log.warning("the index cannot be read; counting of older footage waits: %s", error)
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
        """Read on in the index, up to the first segment with work to do."""
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
        """The work of a segment: keyframes to count, or stretches to skip if they have waited too long."""
        segment = db.get(SegmentRow, segment_id)
        if segment is None:  # deleted by retention in the meantime
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
        """Save the position: everything before it is done, except for the overlap."""
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
            log.warning("the position in the index cannot be saved: %s", error)

    def _read_place(self) -> int:
        try:
            return int(json.loads(self._place_file.read_bytes())["indexed_us"])
        except (FileNotFoundError, ValueError, KeyError):
            return 0
