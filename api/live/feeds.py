"""Feeds: one reader per watched stream, however many viewers it has.

A feed polls the tail of the open segment and gives every viewer what is new. It keeps the group of pictures since the
last keyframe, so that a new viewer sees a picture at once. It stops when the last viewer leaves.
Live view has no sound: a player waits for the track that is late, so a late microphone would stop the picture.
Design: docs/design/live.md.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

from starlette.concurrency import run_in_threadpool

from shike.capture.archive.files import Archive
from shike.capture.archive.segment import Fragment, StreamName
from shike.capture.archive.tail import RunBegan, Tail, Written
from shike.capture.mp4.audio import has_audio, video_only, without_audio

log = logging.getLogger(__name__)

_POLL_S = 0.05
# About two groups of pictures of a usual camera. A viewer who is further behind is moved to the newest keyframe.
_QUEUE_LIMIT_US = 4_000_000


@dataclass(frozen=True, slots=True)
class FeedFragment:
    """One fragment and its bytes."""

    fragment: Fragment
    data: bytes


@dataclass(frozen=True, slots=True)
class Skipped:
    """Seconds of footage that were left out because the viewer read too slowly."""

    seconds: float


FeedItem = RunBegan | FeedFragment | Skipped


class Inbox:
    """What must still be sent to one viewer. Bounded: see `_QUEUE_LIMIT_US`."""

    def __init__(self) -> None:
        self._items: deque[FeedItem] = deque()
        self._ready = asyncio.Event()
        self._lost_us: int | None = None

    def put(self, item: FeedItem) -> None:
        if self._lost_us is not None and isinstance(item, FeedFragment):
            if not item.fragment.is_key:
                self._lost_us += item.fragment.duration_us
                return
            self._items.append(Skipped(self._lost_us / 1_000_000))
            self._lost_us = None
        self._items.append(item)
        if self._behind_us() > _QUEUE_LIMIT_US:
            self._move_on()
        self._ready.set()

    async def take(self) -> list[FeedItem]:
        """Wait for at least one item, then take all of them."""
        await self._ready.wait()
        self._ready.clear()
        items = list(self._items)
        self._items.clear()
        return items

    def _behind_us(self) -> int:
        return sum(item.fragment.duration_us for item in self._items if isinstance(item, FeedFragment))

    def _move_on(self) -> None:
        items = list(self._items)
        keys = [i for i, item in enumerate(items) if isinstance(item, FeedFragment) and item.fragment.is_key]
        newest = keys[-1] if keys else len(items)
        dropped = [item for item in items[:newest] if isinstance(item, FeedFragment)]
        skipped_us = sum(piece.fragment.duration_us for piece in dropped)
        skipped_us += sum(int(item.seconds * 1_000_000) for item in items if isinstance(item, Skipped))
        run = next((item for item in reversed(items[:newest]) if isinstance(item, RunBegan)), None)
        kept: list[FeedItem] = [] if run is None else [run]
        if skipped_us and not keys:
            self._lost_us = skipped_us  # nothing can be decoded before the next keyframe
        elif skipped_us:
            kept.append(Skipped(skipped_us / 1_000_000))
        self._items = deque([*kept, *(item for item in items[newest:] if not isinstance(item, Skipped))])


class Feed:
    """One stream, read as it is written, and its viewers."""

    def __init__(self, archive: Archive, camera_id: str, stream: StreamName) -> None:
        self._tail = Tail(archive, camera_id, stream)
        self._run: RunBegan | None = None
        self._has_audio = False
        self._group: list[FeedFragment] = []
        self._inboxes: set[Inbox] = set()
        self._name = f"{camera_id} {stream}"

    @property
    def is_watched(self) -> bool:
        return bool(self._inboxes)

    def join(self) -> Inbox:
        """Add a viewer. Its inbox begins with everything since the last keyframe."""
        inbox = Inbox()
        if self._run is not None:
            inbox.put(self._run)
            for piece in self._group:
                inbox.put(piece)
        self._inboxes.add(inbox)
        return inbox

    def leave(self, inbox: Inbox) -> None:
        self._inboxes.discard(inbox)

    async def follow(self) -> None:
        """Poll the tail until cancelled."""
        while True:
            try:
                for item in await run_in_threadpool(self._tail.poll):
                    self.take(item)
            except Exception:  # a retry loop: without it the feed would end and its viewers would not notice
                log.exception("live feed of camera %s", self._name)
                await asyncio.sleep(1)
            await asyncio.sleep(_POLL_S)

    def take(self, item: RunBegan | Written) -> None:
        """Give every viewer a new run or new fragments; the sound is taken out."""
        if isinstance(item, RunBegan):
            self._has_audio = has_audio(item.init)
            run = replace(item, init=video_only(item.init)) if self._has_audio else item
            self._run, self._group = run, []
            self._give(run)
            return
        start = item.fragments[0].offset
        first_look = not self._group
        for fragment in item.fragments:
            data = item.data[fragment.offset - start : fragment.end - start]
            piece = FeedFragment(fragment, without_audio(data) if self._has_audio else data)
            if fragment.is_key:
                self._group = []
            elif not self._group:
                continue
            self._group.append(piece)
            if not first_look:
                self._give(piece)
        if first_look:
            for piece in self._group:
                self._give(piece)

    def _give(self, item: RunBegan | FeedFragment) -> None:
        for inbox in self._inboxes:
            inbox.put(item)


class Feeds:
    """All feeds that have viewers."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._feeds: dict[tuple[str, StreamName], tuple[Feed, asyncio.Task[None]]] = {}

    @asynccontextmanager
    async def watching(self, camera_id: str, stream: StreamName) -> AsyncIterator[Inbox]:
        """A viewer's inbox; the feed starts with its first viewer and ends with its last."""
        key = (camera_id, stream)
        if key not in self._feeds:
            feed = Feed(self._archive, camera_id, stream)
            self._feeds[key] = feed, asyncio.create_task(feed.follow(), name=f"feed {camera_id} {stream}")
        feed, task = self._feeds[key]
        inbox = feed.join()
        try:
            yield inbox
        finally:
            feed.leave(inbox)
            if not feed.is_watched and self._feeds.get(key, (None, None))[0] is feed:
                del self._feeds[key]
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
