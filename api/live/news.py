"""What is new for everybody who watches: one task asks the database and the recorder for all.

Belongs here: finding out what changed and who may know it. The WebSocket itself is events.py. No listener holds a
database connection; each has a bounded queue, and one that does not read is let go.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from shike.api.current import ReadHealth
from shike.api.database import Database
from shike.api.live.wall import COUNT_FRESH, latest_count, stream_state
from shike.api.moment import now
from shike.attendance.tables.counting import SampleRow
from shike.capture.archive.segment import StreamName
from shike.capture.clock import Clock
from shike.capture.recorder.health import Healths, StreamHealth

log = logging.getLogger(__name__)

# A row may become visible later than its created_at says: its transaction was open meanwhile.
LATE = timedelta(seconds=5)
QUEUE = 2000
Message = dict[str, Any]


class Listener:
    """Somebody who watches: the cameras they may hear of, and what waits for it. `lost` once it read too slowly."""

    def __init__(self) -> None:
        self.cameras: frozenset[str] = frozenset()
        self.queue: asyncio.Queue[Message] = asyncio.Queue(QUEUE)
        self.lost = asyncio.Event()

    def offer(self, message: Message) -> None:
        """Queue a message about a camera in scope; others are not for this listener."""
        if message["camera_id"] not in self.cameras:
            return
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.lost.set()


class News:
    """Polls for new samples and changed stream states while anybody listens, and hands them out by scope."""

    def __init__(self, database: Database, clock: Clock, read_health: ReadHealth, every_s: float) -> None:
        self._database, self._clock, self._read_health, self._every_s = database, clock, read_health, every_s
        self._listeners: set[Listener] = set()
        self._newest: dict[str, datetime] = {}
        self._states: dict[tuple[str, StreamName], tuple[object, ...]] = {}
        self._since: datetime | None = None

    def join(self, listener: Listener) -> Callable[[], None]:
        """Begin to listen; the result ends it."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    async def run(self) -> None:
        """Poll until cancelled. A database or a snapshot that cannot be read is logged and asked again."""
        while True:
            if self._listeners:
                try:
                    messages = await asyncio.to_thread(self._poll)
                except Exception:
                    # A retry loop: the next round asks again, and whoever listens only hears of it later.
                    log.exception("could not look for news")
                    messages = []
                for message in messages:
                    for listener in tuple(self._listeners):
                        listener.offer(message)
            else:
                self._since = None
            await asyncio.sleep(self._every_s)

    async def states(self) -> list[Message]:
        """What every stream is doing now, for somebody who has just begun to listen."""
        healths = await asyncio.to_thread(self._read_health)
        return [state_message(health) for health in healths.values()]

    def _poll(self) -> list[Message]:
        return [*self._new_counts(), *self._changed_states(self._read_health())]

    def _new_counts(self) -> list[Message]:
        moment = now(self._clock)
        since, self._since = self._since or moment, moment
        query = select(SampleRow).where(
            SampleRow.created_at >= since - LATE,
            SampleRow.picture_at >= moment - COUNT_FRESH,
            SampleRow.origin == "live",
        )
        with self._database.reading() as db:
            rows = db.scalars(query.order_by(SampleRow.picture_at)).all()
        # Of several pictures of a camera only the newest is news; one that was told already is none.
        newest = {
            row.camera_id: row
            for row in rows
            if row.camera_id not in self._newest or row.picture_at > self._newest[row.camera_id]
        }
        self._newest |= {camera_id: row.picture_at for camera_id, row in newest.items()}
        return [count_message(row) for row in newest.values()]

    def _changed_states(self, healths: Healths) -> list[Message]:
        marks = {key: mark(health) for key, health in healths.items()}
        changed = [state_message(healths[key]) for key in healths if self._states.get(key) != marks[key]]
        self._states = dict(marks)
        return changed


def mark(health: StreamHealth) -> tuple[object, ...]:
    """What counts as a change of state; a bit rate that wanders does not."""
    return (health.state, health.cause, health.since_us, health.next_try_us, health.attempt, health.codec)


def count_message(sample: SampleRow) -> Message:
    """A new number for a tile."""
    return {"type": "count", "camera_id": sample.camera_id, **latest_count(sample).model_dump(mode="json")}


def state_message(health: StreamHealth) -> Message:
    """A stream's state as it is now."""
    return {"type": "camera_state", "camera_id": health.camera_id, **stream_state(health).model_dump(mode="json")}
