"""Following a stream as it is written: the reader under live view and counting.

A tail yields what is new since it was last asked: a new run's init section, or whole fragments. It reads the open
segment file and moves on to the next when the writer does. It never waits; whoever uses it polls.
"""

from dataclasses import dataclass

from shike.capture.archive import Archive, OpenSegment
from shike.capture.errors import NoFootage
from shike.capture.segment import Fragment, Identity, StreamName


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
        self._segment: OpenSegment | None = None
        self._run_id: str | None = None

    def poll(self) -> list[RunBegan | Written]:
        """What was written since the last call. NoFootage cannot happen: a file that is gone ends the segment.

        A file that begins and ends between two calls is left out: only the last of a run is ever so short.
        """
        found: list[RunBegan | Written] = []
        current = self._segment
        key = self._archive.open_key(self._camera_id, self._stream)
        if current is not None:
            # The old file is read to its end before the next is opened, or its last fragments would be missed.
            self._advance(current, found)
            if key == current.key:
                return found
            self._segment = None
        if key is None or (current is not None and key == current.key):
            return found
        opened = self._archive.tail(self._camera_id, self._stream)
        if opened is None:
            return found
        self._segment = opened
        if opened.identity.run_id != self._run_id:
            self._run_id = opened.identity.run_id
            facts = opened.head.facts
            found.append(RunBegan(opened.identity, opened.head.init, facts.codec, facts.width, facts.height))
        if opened.fragments:
            start = opened.fragments[0].offset
            data = self._archive.read(opened.key, start, opened.position - start)
            found.append(Written(tuple(opened.fragments), data))
            opened.fragments.clear()
        return found

    def _advance(self, segment: OpenSegment, found: list[RunBegan | Written]) -> None:
        try:
            data = self._archive.refresh(segment)
        except NoFootage:
            return
        if data:
            found.append(Written(tuple(segment.fragments), data))
            segment.fragments.clear()
