"""The chain of a camera: an append-only list of rows about its footage. Each row holds the digest of the row before.

A row is one line of JSON in `<camera>/chain/<number>.jsonl`. Its link is the SHA-256 of the line without the line feed;
the next row holds that link in `prev`. So `sed -n 5p FILE | tr -d '\n' | sha256sum` prints what row 6 must hold.
Not here: reading one file (chain_file), signatures (proof.signing), verification (proof.integrity). Design:
docs/design/integrity.md; format: docs/reference/files.md.
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

from shike.capture.archive.chain_file import last_lines, numbered, row_with_number, whole_size
from shike.capture.archive.durable import fsync_folder, make_folder, write_at
from shike.capture.archive.segment import SegmentRecord
from shike.capture.errors import FootageError

LINKS_PER_FILE = 20_000
# A row of a segment has about 700 bytes. Rows with a time stamp are the longest.
LONGEST_ROW = 64 << 10

RowPlace = tuple[str, int]
"""A position between two rows: the name of a chain file and a byte offset in it. Stays valid: rows never change."""


def sha256(data: bytes) -> str:
    """The SHA-256 of `data` with the name of the algorithm: `sha256:` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Link:
    """A row of a chain. `number` counts from 1, `prev` is the link of the row before (empty in the first row).

    `fields`: all fields of the row by name. `line`: the row as it stands in the file, without the line feed.
    """

    number: int
    prev: str
    kind: str
    fields: Mapping[str, Any]
    line: bytes

    @property
    def digest(self) -> str:
        """The link of this row: what the next row must hold in `prev`."""
        return sha256(self.line)

    @classmethod
    def parse(cls, line: bytes) -> "Link":
        """Parse a line. FootageError if it is not a row."""
        try:
            fields = json.loads(line)
            return cls(int(fields["number"]), str(fields["prev"]), str(fields["kind"]), fields, line)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise FootageError("a row of the chain cannot be read") from error


def of_segment(record: SegmentRecord) -> dict[str, Any]:
    """The fields of a segment's row: what the index holds of the segment, without the fragment table."""
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
    """The chain of one camera. Several processes may append. A row is durable when `append` returns."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds the files of the chain. It is created with the first row."""
        self._folder = folder

    def append(self, kind: str, fields: Mapping[str, Any]) -> Link:
        """Add a row. FootageError if it would be longer than `LONGEST_ROW` bytes.

        OSError if the volume refuses: the row is then absent, or a torn half that the next append removes.
        """
        with self._locked():
            return self._append(kind, fields)

    def append_segment(self, record: SegmentRecord) -> Link:
        """Add the row of a closed segment, or return the same row if it was added shortly before a crash."""
        fields = of_segment(record)
        with self._locked():
            for number, line in reversed(self._recent_lines()):
                if fields["segment"].encode() in line and (link := _parsed(line)) and _same(link, fields):
                    self._make_durable(number)
                    return link
            return self._append("segment", fields)

    def recent(self, kind: str, segment_id: str) -> Link | None:
        """The last row of a kind about a segment; only the last several hundred rows of the chain are searched."""
        for _, line in reversed(self._recent_lines()):
            if segment_id.encode() in line and (link := _parsed(line)) and link.kind == kind:
                return link
        return None

    @contextmanager
    def turn(self) -> Iterator[Callable[[str, Mapping[str, Any]], Link]]:
        """Lock the chain: no other thread or process appends meanwhile. Yields the `append` to use under the lock."""
        with self._locked():
            yield self._append

    def place(self) -> tuple[int, str]:
        """Number and `prev` of the next row. Another writer may take them unless the caller holds a `turn`."""
        *_, last = [None, *self._recent_lines()]
        return (1, "") if last is None else (last[0] + 1, sha256(last[1]))

    def mark(self) -> tuple[str, int]:
        """A value that changes with every added row. Cheap: reads no row."""
        files = self._files()
        return (files[-1].name, files[-1].stat().st_size) if files else ("", 0)

    def end(self) -> RowPlace:
        """The position after the last whole row."""
        files = self._files()
        if not files:
            return "", 0
        with files[-1].open("rb") as file:
            return files[-1].name, whole_size(file.fileno())

    def after(self, place: RowPlace) -> Iterator[tuple[Link | None, RowPlace]]:
        """The rows after a position, each with the position after it; None for a row that cannot be parsed."""
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
                    yield _parsed(line[:-1]), (path.name, at)

    def head(self) -> Link | None:
        """The last row that can be read; None before the first."""
        return next(self.backwards(), None)

    def backwards(self) -> Iterator[Link]:
        """The rows from the last to the first, without those that cannot be parsed."""
        recent = self._recent_lines()
        yield from (link for _, line in reversed(recent) if (link := _parsed(line)))
        for path in reversed(self._files()):
            if recent and int(path.stem) < recent[0][0]:
                rows = list(numbered(path))
                yield from (link for at, line in reversed(rows) if at < recent[0][0] and (link := _parsed(line)))

    def links(self, first: int = 1) -> Iterator[Link]:
        """The rows from position `first` on, without a torn last line. FootageError at a row that cannot be parsed.

        `first` counts rows in the files. A falsified row may hold another number: the caller compares.
        """
        return (Link.parse(line) for _, line in self.rows(first))

    def placed(self) -> Iterator[tuple[Link, RowPlace]]:
        """All rows, each with the position before it, so that a caller can keep the position instead of the row."""
        for path in self._files():
            name, at = path.name, 0
            for _, line in numbered(path):
                yield Link.parse(line), (name, at)
                at += len(line) + 1

    def behind(self, place: RowPlace) -> Link:
        """The row after a position that `placed` gave. OSError or FootageError if it can no longer be read."""
        name, at = place
        with (self._folder / name).open("rb") as file:
            file.seek(at)
            return Link.parse(file.readline()[:-1])

    def rows(self, first: int = 1) -> Iterator[tuple[int, bytes]]:
        """Position (from 1) and unparsed line of each row, from position `first` on, without a torn last line."""
        for path in self._files():
            if int(path.stem) + LINKS_PER_FILE > first:
                yield from ((at, line) for at, line in numbered(path) if at >= first)

    def holds(self, number: int, link: str) -> bool:
        """Whether row `number` has this link. Reads a few rows if it has, a whole file of the chain if not."""
        path = self._file_of(number)
        try:
            line = row_with_number(path, number, _number_of)
            if line is not None and sha256(line) == link:
                return True
            return any(at == number and sha256(line) == link for at, line in numbered(path))
        except FileNotFoundError:
            return False

    def of_kinds(self, *kinds: str) -> Iterator[Link]:
        """All rows of some kinds. Rows of other kinds are not parsed: they are the most."""
        marks = [b'"kind":"%b"' % kind.encode() for kind in kinds]
        for path in self._files():
            with path.open("rb") as file:
                for line in file:
                    if line.endswith(b"\n") and any(mark in line for mark in marks):
                        link = Link.parse(line[:-1])
                        if link.kind in kinds:
                            yield link

    def _append(self, kind: str, fields: Mapping[str, Any]) -> Link:
        number, prev = self.place()
        row = {"number": number, "prev": prev, "kind": kind, **fields}
        line = json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode()
        if len(line) > LONGEST_ROW:
            raise FootageError(f"a row of kind {kind} would have {len(line)} bytes; {LONGEST_ROW} are the most")
        fd = os.open(self._file_of(number), os.O_RDWR | os.O_CREAT, 0o640)
        try:
            whole = whole_size(fd)
            os.ftruncate(fd, whole)  # remove a torn row
            try:
                write_at(fd, line + b"\n", whole)
                os.fsync(fd)
            except OSError:
                with suppress(OSError):  # a row that may not be durable must not count
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
        """Sync the file of a row whose writer may have died before it synced the file."""
        fd = os.open(self._file_of(number), os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        fsync_folder(self._folder)

    def _recent_lines(self) -> list[tuple[int, bytes]]:
        """The last rows with their positions in the chain, oldest first."""
        for path in reversed(self._files()):
            lines, from_start = last_lines(path)
            if lines:
                return list(enumerate(lines, int(path.stem) if from_start else self._position(path, lines)))
        return []

    def _position(self, path: Path, lines: list[bytes]) -> int:
        """Position in the chain of the first of the file's last rows, by the number of the last row.

        Counts the rows of the file if the last row cannot be parsed.
        """
        last = _parsed(lines[-1])
        return (last.number if last else sum(1 for _ in numbered(path)) + int(path.stem) - 1) - len(lines) + 1

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


def _parsed(line: bytes) -> Link | None:
    """The row of a line; None if it cannot be parsed. Recording continues after a damaged row."""
    try:
        return Link.parse(line)
    except FootageError:
        return None


def _number_of(line: bytes) -> int | None:
    link = _parsed(line)
    return None if link is None else link.number


def _same(link: Link, fields: Mapping[str, Any]) -> bool:
    return link.kind == "segment" and all(link.fields.get(name) == value for name, value in fields.items())
