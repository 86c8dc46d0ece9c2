"""Follows a stream while it is written. Live view and counting read through it.

A poll returns what was written since the last poll: the init section of a new run, or whole fragments. The tail reads
the open segment file and moves to the next one when the writer does. It finds files that were begun and closed between
two polls in the camera's chain. It never waits: the caller polls. Design: docs/design/live.md.
"""

from collections import deque
from dataclasses import dataclass

from shike.capture.archive.chain import RowPlace
from shike.capture.archive.files import Archive, OpenSegment
from shike.capture.archive.segment import Fragment, Identity, StreamName
from shike.capture.errors import NoFootage

MOST_BEHIND = 8
"""A reader that is further behind than this many files skips the oldest: it wants the present."""


@dataclass(frozen=True, slots=True)
class RunBegan:
    """A run began: the following fragments belong to this init section (ftyp + moov)."""

    identity: Identity
    init: bytes
    codec: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Written:
    """One or more whole fragments, as they stand in the file."""

    fragments: tuple[Fragment, ...]
    data: bytes

    def part(self, first: int) -> bytes:
        """The bytes from the fragment at index `first` on."""
        return self.data[self.fragments[first].offset - self.fragments[0].offset :]


class Tail:
    """The position of one reader in one stream."""

    def __init__(self, archive: Archive, camera_id: str, stream: StreamName) -> None:
        self._archive, self._camera_id, self._stream = archive, camera_id, stream
        self._chain = archive.chain(camera_id)
        self._linked: RowPlace | None = None  # position in the chain up to which closed files were searched
        self._closed: deque[str] = deque(maxlen=MOST_BEHIND)
        self._segment: OpenSegment | None = None
        self._last_key: str | None = None
        self._run_id: str | None = None

    def poll(self) -> list[RunBegan | Written]:
        """What was written since the last call, file by file in order; each call returns parts of one file.

        The first call begins with the open file. A caller that is more than `MOST_BEHIND` files late continues with the
        last `MOST_BEHIND`. Never raises NoFootage: a missing file ends its segment.
        """
        if self._linked is None:
            self._linked = self._chain.end()
        news: list[RunBegan | Written] = []
        key = self._archive.open_key(self._camera_id, self._stream)
        if self._segment is not None:
            # Read the old file to its end before the next is opened, or its last fragments would be missed.
            self._advance(self._segment, news)
            if key == self._segment.key:
                return news
            self._segment = None
        if (closed := self._next_closed()) is not None:
            self._open(closed, news)
            self._segment = None
        elif key is not None and key != self._last_key:
            self._segment = self._open(key, news)
        return news

    def _next_closed(self) -> str | None:
        """The next closed file that was not read while it was open. Its row is written before its marker is removed."""
        assert self._linked is not None
        for link, behind in self._chain.after(self._linked):
            self._linked = behind
            if link is None or link.kind != "segment":
                continue
            ours = (link.fields.get("stream"), link.fields.get("origin")) == (self._stream, "live")
            key = str(link.fields.get("key"))
            if ours and key != self._last_key and key not in self._closed:
                self._closed.append(key)
        return self._closed.popleft() if self._closed else None

    def _open(self, key: str, news: list[RunBegan | Written]) -> OpenSegment | None:
        opened = self._archive.begin_reading(key)
        if opened is None:
            return None
        self._last_key = key
        if opened.identity.run_id != self._run_id:
            self._run_id = opened.identity.run_id
            facts = opened.head.facts
            news.append(RunBegan(opened.identity, opened.head.init, facts.codec, facts.width, facts.height))
        if opened.fragments:
            start = opened.fragments[0].offset
            try:
                data = self._archive.read(opened.key, start, opened.position - start)
            except NoFootage:
                return None
            news.append(Written(tuple(opened.fragments), data))
            opened.fragments.clear()
        return opened

    def _advance(self, segment: OpenSegment, news: list[RunBegan | Written]) -> None:
        try:
            data = self._archive.refresh(segment)
        except NoFootage:
            return
        if data:
            news.append(Written(tuple(segment.fragments), data))
            segment.fragments.clear()
