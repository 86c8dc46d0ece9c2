"""Following a stream as it is written: the reader under live view and counting.

A tail yields what is new since it was last asked: a new run's init section, or whole fragments. It reads the open
segment file and moves on to the next when the writer does; what was begun and closed between two looks it finds in the
camera's chain. It never waits; whoever uses it polls. Design: docs/design/live.md.
"""

from collections import deque
from dataclasses import dataclass

from shike.capture.archive.chain import RowPlace
from shike.capture.archive.files import Archive, OpenSegment
from shike.capture.archive.segment import Fragment, Identity, StreamName
from shike.capture.errors import NoFootage

MOST_BEHIND = 8
"""Files that a reader catches up with. One that was away for longer wants what is now; the index has the rest."""


@dataclass(frozen=True, slots=True)
class RunBegan:
    """The stream goes on under another init section (ftyp + moov)."""

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
        self._linked: RowPlace | None = None  # how far the chain has been looked through for files that are closed
        self._closed: deque[str] = deque(maxlen=MOST_BEHIND)
        self._segment: OpenSegment | None = None
        self._last_key: str | None = None
        self._run_id: str | None = None

    def poll(self) -> list[RunBegan | Written]:
        """What was written since the last call: of each file in turn, however short, and of one file at a time.

        The first call begins with the file that is open. Who comes back after more than `MOST_BEHIND` files goes on
        with the last of them. NoFootage cannot happen: a file that is gone ends the segment.
        """
        if self._linked is None:
            self._linked = self._chain.end()
        found: list[RunBegan | Written] = []
        key = self._archive.open_key(self._camera_id, self._stream)
        if self._segment is not None:
            # The old file is read to its end before the next is opened, or its last fragments would be missed.
            self._advance(self._segment, found)
            if key == self._segment.key:
                return found
            self._segment = None
        if (closed := self._next_closed()) is not None:
            self._open(closed, found)
            self._segment = None
        elif key is not None and key != self._last_key:
            self._segment = self._open(key, found)
        return found

    def _next_closed(self) -> str | None:
        """The next file that was closed before anybody looked into it. A row comes before its file's marker goes."""
        assert self._linked is not None
        for link, behind in self._chain.after(self._linked):
            self._linked = behind
            if link is None or link.kind != "segment":
                continue
            ours = (link.said.get("stream"), link.said.get("origin")) == (self._stream, "live")
            key = str(link.said.get("key"))
            if ours and key != self._last_key and key not in self._closed:
                self._closed.append(key)
        return self._closed.popleft() if self._closed else None

    def _open(self, key: str, found: list[RunBegan | Written]) -> OpenSegment | None:
        opened = self._archive.begin_reading(key)
        if opened is None:
            return None
        self._last_key = key
        if opened.identity.run_id != self._run_id:
            self._run_id = opened.identity.run_id
            facts = opened.head.facts
            found.append(RunBegan(opened.identity, opened.head.init, facts.codec, facts.width, facts.height))
        if opened.fragments:
            start = opened.fragments[0].offset
            try:
                data = self._archive.read(opened.key, start, opened.position - start)
            except NoFootage:
                return None
            found.append(Written(tuple(opened.fragments), data))
            opened.fragments.clear()
        return opened

    def _advance(self, segment: OpenSegment, found: list[RunBegan | Written]) -> None:
        try:
            data = self._archive.refresh(segment)
        except NoFootage:
            return
        if data:
            found.append(Written(tuple(segment.fragments), data))
            segment.fragments.clear()
