"""New counts and changed camera states: one task asks the database and the recorder for all listeners.

Here: finding out what changed, and who may know it. Not here: the WebSocket (events), the shapes (messages).
No listener holds a database connection. Each has a bounded queue; a listener that reads too slowly is cut off.
Design: docs/design/live.md.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from shike.api.current import ReadHealth
from shike.api.database import Database
from shike.api.live.messages import CameraStateMessage, CountMessage, NewsMessage, camera_state_message, count_message
from shike.api.live.wall import COUNT_FRESH
from shike.api.moment import now
from shike.attendance.tables.counting import SampleRow
from shike.capture.archive.segment import StreamName
from shike.capture.clock import Clock
from shike.capture.recorder.health import Healths, StreamHealth

log = logging.getLogger(__name__)

# A row can become visible this much later than its created_at: its transaction was open meanwhile.
LATE = timedelta(seconds=5)
QUEUE = 2000


class Listener:
    """One connected client: the cameras in its scope and its queue. `lost` is set once the queue has run over."""

    def __init__(self) -> None:
        self.cameras: frozenset[str] = frozenset()
        self.queue: asyncio.Queue[NewsMessage] = asyncio.Queue(QUEUE)
        self.lost = asyncio.Event()

    def offer(self, message: NewsMessage) -> None:
        """Queue the message if its camera is in scope; drop it otherwise."""
        if message.camera_id not in self.cameras:
            return
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.lost.set()


class News:
    """Polls for new samples and changed stream states while anybody listens, and queues them for each listener."""

    def __init__(self, database: Database, clock: Clock, read_health: ReadHealth, every_s: float) -> None:
        self._database, self._clock, self._read_health, self._every_s = database, clock, read_health, every_s
        self._listeners: set[Listener] = set()
        self._newest: dict[str, datetime] = {}
        self._states: dict[tuple[str, StreamName], tuple[object, ...]] = {}
        self._since: datetime | None = None

    def join(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; call the result to remove it."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    async def run(self) -> None:
        """Poll until cancelled. If the database or a snapshot cannot be read, log that and try again."""
        while True:
            if self._listeners:
                try:
                    messages = await asyncio.to_thread(self._poll)
                except Exception:
                    # A retry loop: the next round asks again, so listeners only hear of the change later.
                    log.exception("could not look for news")
                    messages = []
                for message in messages:
                    for listener in tuple(self._listeners):
                        listener.offer(message)
            else:
                self._since = None
            await asyncio.sleep(self._every_s)

    async def states(self) -> list[NewsMessage]:
        """The current state of every stream, for a new listener."""
        healths = await asyncio.to_thread(self._read_health)
        return [camera_state_message(health) for health in healths.values()]

    def _poll(self) -> list[NewsMessage]:
        return [*self._new_counts(), *self._changed_states(self._read_health())]

    def _new_counts(self) -> list[CountMessage]:
        moment = now(self._clock)
        since, self._since = self._since or moment, moment
        query = select(SampleRow).where(
            SampleRow.created_at >= since - LATE,
            SampleRow.picture_at >= moment - COUNT_FRESH,
            SampleRow.origin == "live",
        )
        with self._database.reading() as db:
            rows = db.scalars(query.order_by(SampleRow.picture_at)).all()
        # Of several new samples of a camera only the newest is sent, and each sample only once.
        newest = {
            row.camera_id: row
            for row in rows
            if row.camera_id not in self._newest or row.picture_at > self._newest[row.camera_id]
        }
        self._newest |= {camera_id: row.picture_at for camera_id, row in newest.items()}
        return [count_message(row) for row in newest.values()]

    def _changed_states(self, healths: Healths) -> list[CameraStateMessage]:
        marks = {key: mark(health) for key, health in healths.items()}
        changed = [camera_state_message(healths[key]) for key in healths if self._states.get(key) != marks[key]]
        self._states = dict(marks)
        return changed


def mark(health: StreamHealth) -> tuple[object, ...]:
    """The fields whose change is sent; the bit rate, for one, changes all the time and is not among them."""
    return (health.state, health.cause, health.since_us, health.next_try_us, health.attempt, health.codec)
