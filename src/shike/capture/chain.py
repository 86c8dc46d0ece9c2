"""A camera's chain: one line for everything that became of its footage, each holding the digest of the line before.

A line is JSON in one row of `<camera>/chain/<number>.jsonl`; its link is the SHA-256 of the row without its end, and
the next row says it as `prev`. So `sed -n 5p FILE | tr -d '\n' | sha256sum` is what row 6 must say. Rows are added,
never changed. Not here: signatures (signing), what holds of it (integrity). Design: docs/design/integrity.md.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shike.capture.errors import FootageError
from shike.capture.segment import SegmentRecord
from shike.capture.segment_file import fsync_folder

LINKS_PER_FILE = 20_000
# What is looked through for a segment that may be linked already: several hundred rows.
_TAIL_BYTES = 256 << 10


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
        except (ValueError, TypeError, KeyError) as error:
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
        """Add a row. OSError if the volume refuses: the row is not there then, or half and gone with the next."""
        with self._locked():
            return self._append(kind, said)

    def append_segment(self, record: SegmentRecord) -> Link:
        """The row of a closed segment: a new one, or the one that it has if it was just linked before a crash."""
        said = of_segment(record)
        with self._locked():
            for link in reversed(self._recent()):
                if link.kind == "segment" and link.said["segment"] == said["segment"] and _same(link, said):
                    return link
            return self._append("segment", said)

    def recent(self, kind: str, segment_id: str) -> Link | None:
        """The last row of a kind about a segment, if it is one of the last several hundred."""
        found = (link for link in reversed(self._recent()) if link.kind == kind)
        return next((link for link in found if link.said.get("segment") == segment_id), None)

    def head(self) -> Link | None:
        """The last row; None before the first."""
        recent = self._recent()
        return recent[-1] if recent else None

    def links(self, first: int = 1) -> Iterator[Link]:
        """Rows from number `first` on, as they stand. FootageError at one that cannot be read; a torn end is left out.

        Numbers are where rows stand, not what they say of themselves: it is for the reader to compare.
        """
        for path in self._files():
            begins = int(path.stem)
            if begins + LINKS_PER_FILE <= first:
                continue
            with path.open("rb") as file:
                for at, line in enumerate(file, begins):
                    if at >= first and line.endswith(b"\n"):
                        yield Link.parse(line[:-1])

    def _append(self, kind: str, said: Mapping[str, Any]) -> Link:
        recent = self._recent()
        last = recent[-1] if recent else None
        number = 1 if last is None else last.number + 1
        row = {"number": number, "prev": "" if last is None else last.digest, "kind": kind, **said}
        line = json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode()
        path = self._folder / f"{number - (number - 1) % LINKS_PER_FILE:09}.jsonl"
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
        try:
            whole = _whole_size(fd)
            os.ftruncate(fd, whole)  # what a power cut tore
            os.pwrite(fd, line + b"\n", whole)
            os.fsync(fd)
        finally:
            os.close(fd)
        if whole == 0:
            fsync_folder(self._folder)
        return Link.parse(line)

    def _recent(self) -> list[Link]:
        """The last rows, oldest first."""
        for path in reversed(self._files()):
            with path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _TAIL_BYTES))
                lines = file.read().split(b"\n")[:-1]  # behind the last end of a row is nothing, or a torn one
            lines = lines if size <= _TAIL_BYTES else lines[1:]
            if lines:
                return [Link.parse(line) for line in lines]
        return []

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.jsonl"))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def _same(link: Link, said: Mapping[str, Any]) -> bool:
    return all(link.said.get(name) == value for name, value in said.items())


def _whole_size(fd: int) -> int:
    """The size of a file up to the end of its last whole row."""
    size = os.lseek(fd, 0, os.SEEK_END)
    back = max(0, size - _TAIL_BYTES)
    return back + os.pread(fd, size - back, back).rfind(b"\n") + 1
