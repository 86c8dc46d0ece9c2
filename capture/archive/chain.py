"""A camera's chain: one line for everything that became of its footage, each holding the digest of the line before.

A line is JSON in one row of `<camera>/chain/<number>.jsonl`; its link is the SHA-256 of the row without its end, and
the next row says it as `prev`. So `sed -n 5p FILE | tr -d '\n' | sha256sum` is what row 6 must say. Rows are added,
never changed. Not here: signatures (signing), what holds of it (integrity). Design: docs/design/integrity.md.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shike.capture.archive.durable import fsync_folder, make_folder, write_at
from shike.capture.archive.segment import SegmentRecord
from shike.capture.errors import FootageError

LINKS_PER_FILE = 20_000
# A row of a segment has 700 bytes; the longest are those with a time stamp.
LONGEST_ROW = 64 << 10
# What is looked through for a segment that may be linked already: several hundred rows.
_TAIL_BYTES = 256 << 10

RowPlace = tuple[str, int]
"""A place between two rows: a chain's file and bytes within it. Stays right, because rows are never changed."""


def sha256(data: bytes) -> str:
    """A digest that names its algorithm: `sha256:` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Link:
    """A row of a chain: its number from 1, the link of the row before (empty for the first), its kind and the rest.

    `line` is the row as it stands in the file, without its end.
    """

    number: int
    prev: str
    kind: str
    said: Mapping[str, Any]
    line: bytes

    @property
    def digest(self) -> str:
        """The link itself: what the next row must say as `prev`."""
        return sha256(self.line)

    @classmethod
    def parse(cls, line: bytes) -> "Link":
        """A row read back. FootageError if it is none."""
        try:
            said = json.loads(line)
            return cls(int(said["number"]), str(said["prev"]), str(said["kind"]), said, line)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise FootageError("a row of the chain cannot be read") from error


def of_segment(record: SegmentRecord) -> dict[str, Any]:
    """What a chain says of a segment: all that its row in the index says, but for the fragment table."""
    identity = record.identity
    return {
        "segment": identity.segment_id,
        "run": identity.run_id,
        "sequence": identity.sequence,
        "stream": identity.stream,
        "origin": identity.origin,
        "simulated": identity.simulated,
        "node": identity.node,
        "epoch": identity.epoch,
        "key": record.key,
        "start_us": record.wall_start_us,
        "end_us": record.wall_end_us,
        "size": record.size,
        "digest": record.digest,
        "clock_offset_ms": record.clock_offset_ms,
        "dropped": record.dropped,
        "ends_run": record.ends_run,
    }


class Chain:
    """The chain of one camera. Several processes may append; each row is durable when `append` returns."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds the chain's files; it need not exist."""
        self._folder = folder

    def append(self, kind: str, said: Mapping[str, Any]) -> Link:
        """Add a row. OSError if the volume refuses: the row is not there then, or half and gone with the next.

        FootageError if the row would be longer than `LONGEST_ROW` bytes.
        """
        with self._locked():
            return self._append(kind, said)

    def append_segment(self, record: SegmentRecord) -> Link:
        """The row of a closed segment: a new one, or the one that it has if it was just linked before a crash."""
        said = of_segment(record)
        with self._locked():
            for number, line in reversed(self._recent_lines()):
                if said["segment"].encode() in line and (link := _read(line)) and _same(link, said):
                    self._make_durable(number)
                    return link
            return self._append("segment", said)

    def recent(self, kind: str, segment_id: str) -> Link | None:
        """The last row of a kind about a segment, if it is one of the last several hundred."""
        for _, line in reversed(self._recent_lines()):
            if segment_id.encode() in line and (link := _read(line)) and link.kind == kind:
                return link
        return None

    @contextmanager
    def turn(self) -> Iterator[Callable[[str, Mapping[str, Any]], Link]]:
        """One's turn at the chain: nobody else appends while it lasts. Gives what `append` is outside of it."""
        with self._locked():
            yield self._append

    def place(self) -> tuple[int, str]:
        """Number and `prev` that the next row will have; sure within a turn only."""
        *_, last = [None, *self._recent_lines()]
        return (1, "") if last is None else (last[0] + 1, sha256(last[1]))

    def mark(self) -> tuple[str, int]:
        """Changes with every row that is added; cheap."""
        files = self._files()
        return (files[-1].name, files[-1].stat().st_size) if files else ("", 0)

    def end(self) -> RowPlace:
        """The place behind the last whole row."""
        files = self._files()
        if not files:
            return "", 0
        with files[-1].open("rb") as file:
            return files[-1].name, _whole_size(file.fileno())

    def after(self, place: RowPlace) -> Iterator[tuple[Link | None, RowPlace]]:
        """Rows behind a place, each with the place behind it; None for one that cannot be read. Reads no other."""
        name, offset = place
        for path in self._files():
            if path.name < name:
                continue
            with path.open("rb") as file:
                at = file.seek(offset if path.name == name else 0)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    at += len(line)
                    yield _read(line[:-1]), (path.name, at)

    def head(self) -> Link | None:
        """The last row that can be read; None before the first."""
        return next(self.backwards(), None)

    def backwards(self) -> Iterator[Link]:
        """Rows from the last to the first; those that cannot be read are left out."""
        recent = self._recent_lines()
        yield from (link for _, line in reversed(recent) if (link := _read(line)))
        for path in reversed(self._files()):
            if recent and int(path.stem) < recent[0][0]:
                rows = list(_numbered(path))
                yield from (link for at, line in reversed(rows) if at < recent[0][0] and (link := _read(line)))

    def links(self, first: int = 1) -> Iterator[Link]:
        """Rows from number `first` on, as they stand. FootageError at one that cannot be read; a torn end is left out.

        Numbers are where rows stand, not what they say of themselves: it is for the reader to compare.
        """
        return (Link.parse(line) for _, line in self.rows(first))

    def placed(self) -> Iterator[tuple[Link, RowPlace]]:
        """All rows, as `links` gives them, each with the place before it: to keep where it stands and not the row."""
        for path in self._files():
            name, at = path.name, 0
            for _, line in _numbered(path):
                yield Link.parse(line), (name, at)
                at += len(line) + 1

    def behind(self, place: RowPlace) -> Link:
        """The row right behind a place of `placed`. OSError or FootageError if it cannot be read any more."""
        name, at = place
        with (self._folder / name).open("rb") as file:
            file.seek(at)
            return Link.parse(file.readline()[:-1])

    def rows(self, first: int = 1) -> Iterator[tuple[int, bytes]]:
        """Where each row stands, from number `first` on, and its line, whatever it says; a torn end is left out."""
        for path in self._files():
            if int(path.stem) + LINKS_PER_FILE > first:
                yield from ((at, line) for at, line in _numbered(path) if at >= first)

    def holds(self, number: int, link: str) -> bool:
        """Whether the row at a number is the one with that link. Reads a few rows where it is, a file where not."""
        path = self._file_of(number)
        try:
            line = _look(path, number)
            if line is not None and sha256(line) == link:
                return True
            return any(at == number and sha256(line) == link for at, line in _numbered(path))
        except FileNotFoundError:
            return False

    def of_kinds(self, *kinds: str) -> Iterator[Link]:
        """All rows of some kinds, without reading the others: keys and checkpoints are few among segments."""
        marks = [b'"kind":"%b"' % kind.encode() for kind in kinds]
        for path in self._files():
            with path.open("rb") as file:
                for line in file:
                    if line.endswith(b"\n") and any(mark in line for mark in marks):
                        link = Link.parse(line[:-1])
                        if link.kind in kinds:
                            yield link

    def _append(self, kind: str, said: Mapping[str, Any]) -> Link:
        number, prev = self.place()
        row = {"number": number, "prev": prev, "kind": kind, **said}
        line = json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode()
        if len(line) > LONGEST_ROW:
            raise FootageError(f"a row of kind {kind} would have {len(line)} bytes; {LONGEST_ROW} are the most")
        fd = os.open(self._file_of(number), os.O_RDWR | os.O_CREAT, 0o640)
        try:
            whole = _whole_size(fd)
            os.ftruncate(fd, whole)  # what a power cut tore
            try:
                write_at(fd, line + b"\n", whole)
                os.fsync(fd)
            except OSError:
                with suppress(OSError):  # what is not known to be durable shall not be counted
                    os.ftruncate(fd, whole)
                raise
        finally:
            os.close(fd)
        if whole == 0:
            fsync_folder(self._folder)
        return Link.parse(line)

    def _file_of(self, number: int) -> Path:
        return self._folder / f"{number - (number - 1) % LINKS_PER_FILE:09}.jsonl"

    def _make_durable(self, number: int) -> None:
        """Sync a row that somebody else wrote, who may have died before he could."""
        fd = os.open(self._file_of(number), os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        fsync_folder(self._folder)

    def _recent_lines(self) -> list[tuple[int, bytes]]:
        """The last rows and where they stand, oldest first."""
        for path in reversed(self._files()):
            lines, from_start = _last_lines(path)
            if lines:
                return list(enumerate(lines, int(path.stem) if from_start else self._stands(path, lines)))
        return []

    def _stands(self, path: Path, lines: list[bytes]) -> int:
        """Where the first of a file's last rows stands: the last says it, and is counted where it cannot be read."""
        last = _read(lines[-1])
        return (last.number if last else sum(1 for _ in _numbered(path)) + int(path.stem) - 1) - len(lines) + 1

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.jsonl"))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        make_folder(self._folder)
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def _numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """The whole rows of a file and where they stand."""
    with path.open("rb") as file:
        for at, line in enumerate(file, int(path.stem)):
            if line.endswith(b"\n"):
                yield at, line[:-1]


def _look(path: Path, number: int) -> bytes | None:
    """The row of a file that says a number, found by halving; None where what rows say does not lead there."""
    with path.open("rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END)
        while low < high:
            middle = (low + high) // 2
            if file.seek(max(0, middle - 1)):
                file.readline()
            begin, line = file.tell(), file.readline()
            if begin >= high or not line.endswith(b"\n"):
                high = middle
            elif (link := _read(line[:-1])) is None or link.number == number:
                return None if link is None else link.line
            elif link.number < number:
                low = begin + len(line)
            else:
                high = middle
    return None


def _last_lines(path: Path) -> tuple[list[bytes], bool]:
    """The last whole rows of a file, at least one if there is one, and whether they are all of it."""
    with path.open("rb") as file:
        size, window = file.seek(0, os.SEEK_END), _TAIL_BYTES
        while True:
            file.seek(max(0, size - window))
            lines = file.read(window).split(b"\n")[:-1]  # behind the last end of a row is nothing, or a torn one
            if size <= window:
                return lines, True
            if len(lines) > 1:
                return lines[1:], False  # the first may have lost its beginning
            window *= 2


def _read(line: bytes) -> Link | None:
    """A row read back; None if it is none. Recording goes on behind a row that somebody spoilt."""
    try:
        return Link.parse(line)
    except FootageError:
        return None


def _same(link: Link, said: Mapping[str, Any]) -> bool:
    return link.kind == "segment" and all(link.said.get(name) == value for name, value in said.items())


def _whole_size(fd: int) -> int:
    """The size of a file up to the end of its last whole row."""
    size, window = os.lseek(fd, 0, os.SEEK_END), _TAIL_BYTES
    while True:
        back = max(0, size - window)
        end = os.pread(fd, size - back, back).rfind(b"\n")
        if end >= 0 or back == 0:
            return back + end + 1
        window *= 2
