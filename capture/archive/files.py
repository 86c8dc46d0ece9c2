"""The footage folder. Only this module knows the paths of segment files.

Here: creating segment files, reading them by key and byte range, finding the open one, closing files of dead writers,
deleting a file. Not here: the content of segments (scan), the index and the choice of what to delete (attendance).
Design: docs/design/capture.md; format: docs/reference/files.md.
"""

import fcntl
import hashlib
import logging
import mmap
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shike.capture.archive.chain import Chain
from shike.capture.archive.disk_waits import waiting_for_disk
from shike.capture.archive.durable import disk_error, fsync_folder, make_folder
from shike.capture.archive.left_over import close_left_over
from shike.capture.archive.marker import Marker
from shike.capture.archive.scan import HEAD_BYTES, Head, read_contents, read_fragments, read_head
from shike.capture.archive.segment import (
    STREAMS,
    Closing,
    EndReason,
    Fragment,
    Identity,
    Origin,
    SegmentRecord,
    StreamName,
)
from shike.capture.archive.segment_file import SegmentFile
from shike.capture.clock import Clock
from shike.capture.errors import DiskError, FootageError, NoFootage, StillWritten

log = logging.getLogger(__name__)

_CAMERA = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(slots=True)
class OpenSegment:
    """A reader's view of a segment that is or was being written. `position`: end of the last fragment read (bytes)."""

    key: str
    head: Head
    fragments: list[Fragment]
    position: int

    @property
    def identity(self) -> Identity:
        return self.head.identity


@dataclass(frozen=True, slots=True)
class Writing:
    """A file that is being written: its identity, bytes so far, and time of the last write (µs UTC)."""

    identity: Identity
    size: int
    written_us: int


class Archive:
    """The footage below one folder. Callers pass keys and byte ranges; they never see a path."""

    def __init__(self, root: Path, reserve_bytes: int = 0) -> None:
        """`create` and `expect_room` refuse when less than `reserve_bytes` of the volume are free."""
        self._root, self._reserve_bytes = root, reserve_bytes

    # ── reading ────────────────────────────────────────────────────────────────────────────────────────────

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Bytes of a segment. NoFootage if the file is gone; shorter than asked for at the end of the file."""
        try:
            with self._path(key).open("rb") as file:
                file.seek(offset)
                return file.read(length)
        except FileNotFoundError as error:
            raise NoFootage(f"segment {key} is not in the archive") from error

    def size(self, key: str) -> int:
        """Bytes written to a segment so far. NoFootage if the file is gone."""
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError as error:
            raise NoFootage(f"segment {key} is not in the archive") from error

    def head(self, key: str) -> Head | None:
        """Init section and identity of a segment; None while they are being written."""
        return read_head(self.read(key, 0, HEAD_BYTES))

    def cameras(self) -> list[str]:
        """Ids of the cameras that have a folder here. Other folders, such as `lost+found`, are skipped."""
        if not self._root.exists():
            return []
        return sorted(path.name for path in self._root.iterdir() if _CAMERA.fullmatch(path.name) and path.is_dir())

    def stored(self, camera_id: str, streams: Sequence[StreamName] = STREAMS) -> Iterator[tuple[str, int]]:
        """Keys and sizes (bytes) of a camera's segment files by stream and time, damaged files included.

        Lists one day at a time and skips files and folders that are deleted meanwhile.
        """
        for stream in streams:
            folder = self._path(f"{camera_id}/{stream}")
            for day in _names(folder):
                for name in _names(folder / day):
                    if ".mp4" not in name:
                        continue
                    try:
                        size = (folder / day / name).stat().st_size
                    except FileNotFoundError:
                        continue
                    yield f"{camera_id}/{stream}/{day}/{name}", size

    def digest(self, key: str) -> str:
        """Compute the digest of a segment's file. NoFootage if the file is gone."""
        try:
            with self._path(key).open("rb") as file:
                return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        except FileNotFoundError as error:
            raise NoFootage(f"segment {key} is not in the archive") from error

    def open_key(self, camera_id: str, stream: StreamName, origin: Origin = "live") -> str | None:
        """The key of the open segment of a stream, if any. Imported footage has its own marker.

        None if the marker cannot be read.
        """
        try:
            return self._marker(camera_id, stream, origin).key()
        except FootageError:
            return None

    def writing(self, camera_id: str, stream: StreamName) -> Writing | None:
        """The open file of a stream. Reads the file's head and stat only; `tail` reads the fragments."""
        key = self.open_key(camera_id, stream)
        if key is None:
            return None
        try:
            head, entry = self.head(key), self._path(key).stat()
        except (NoFootage, FileNotFoundError):
            return None
        return None if head is None else Writing(head.identity, entry.st_size, entry.st_mtime_ns // 1000)

    def tail(self, camera_id: str, stream: StreamName) -> OpenSegment | None:
        """The open segment of a stream with the fragments so far; None if nothing is being written."""
        key = self.open_key(camera_id, stream)
        return None if key is None else self.begin_reading(key)

    def begin_reading(self, key: str) -> OpenSegment | None:
        """An open or closed segment with the fragments so far; None if it has no head yet or is gone."""
        try:
            head = self.head(key)
            if head is None:
                return None
            segment = OpenSegment(key, head, [], head.size)
            self.refresh(segment)
        except NoFootage:
            return None
        return segment

    def refresh(self, segment: OpenSegment) -> bytes:
        """Add the whole fragments that were written since; returns their bytes."""
        data = self.read(segment.key, segment.position, max(0, self.size(segment.key) - segment.position))
        fresh = read_fragments(data, segment.position, segment.head.facts.timescale)
        if not fresh:
            return b""
        segment.fragments.extend(fresh)
        start, segment.position = segment.position, fresh[-1].end
        return data[: segment.position - start]

    # ── writing (capture only) ─────────────────────────────────────────────────────────────────────────────

    def create(self, identity: Identity, init: bytes, clock: Clock, sync_beat_s: float) -> SegmentFile:
        """Store the marker, then create the segment file. DiskError if the volume refuses.

        StillWritten if the marker names another segment: its writer is alive, or it must be recovered first.
        """
        key, marker = identity.object_key, self._marker(identity.camera_id, identity.stream, identity.origin)
        try:
            make_folder(marker.path.parent)
            self.expect_room(identity.camera_id)
            with marker.turn():
                if (other := marker.key()) is not None:
                    raise StillWritten(f"segment {other} is not closed yet")
                marker.put(key)
                return SegmentFile(self._path(key), identity, init, clock, sync_beat_s)
        except OSError as error:
            raise disk_error(error) from error

    def expect_room(self, camera_id: str) -> None:
        """DiskError `disk_full` once only the reserve is left, which closing a file needs for box, row and record."""
        try:
            volume = os.statvfs(self._root / camera_id)  # a camera may have its own volume
        except OSError as error:
            raise disk_error(error) from error
        if volume.f_bavail * volume.f_frsize < self._reserve_bytes:
            raise DiskError("disk_full", f"the volume of the footage has less than {self._reserve_bytes >> 20} MB left")

    def forget_open(self, key: str, camera_id: str, stream: StreamName, origin: Origin = "live") -> None:
        """Remove the marker of a segment that is closed and in the spool, unless it names another segment by now."""
        if self.open_key(camera_id, stream, origin) == key:
            marker = self._marker(camera_id, stream, origin)
            with marker.turn():
                if self.open_key(camera_id, stream, origin) == key:
                    marker.remove()

    def delete(self, key: str) -> bool:
        """Remove a closed segment's file. Durable on return. False if it was gone. OSError if the volume refuses.

        The caller adds the `deleted` row to the camera's chain first. The day's folder stays, even if empty.
        """
        path = self._path(key)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        fsync_folder(path.parent)
        return True

    def remove_empty_day(self, key: str) -> bool:
        """Remove the empty day's folder of a segment. Only for days that no writer uses any more."""
        folder = self._path(key).parent
        try:
            folder.rmdir()
        except OSError:  # not empty, or gone
            return False
        fsync_folder(folder.parent)
        return True

    @contextmanager
    def sole_cleaner(self) -> Iterator[bool]:
        """Lock clean-ups of this folder: yields True if no other clean-up runs, and keeps others out meanwhile."""
        try:
            fd = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # nothing was ever recorded
            yield True
            return
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                ours = True
            except BlockingIOError:
                ours = False
            yield ours
        finally:
            os.close(fd)

    def unfinished(self, origin: Origin = "live") -> Iterator[tuple[str, StreamName]]:
        """Camera and stream of each marker: of a living writer, or left by a dead one."""
        for stream in STREAMS:
            for marker in sorted(self._root.glob(f"*/{stream}.{origin}.open.json")):
                yield marker.parent.name, stream

    def recover(
        self, camera_id: str, stream: StreamName, reason: EndReason, origin: Origin = "live"
    ) -> SegmentRecord | None:
        """Close the segment of a dead writer: cut it after its last whole fragment and write why its run ended.

        None if there is nothing to close. StillWritten if a living writer holds or is about to create the file, or if
        another recovery runs. An unreadable file or marker is set aside. The caller hands the record over (hand_over).
        """
        marker = self._marker(camera_id, stream, origin)
        if not marker.path.exists():
            return None
        with marker.turn(wait=False):
            try:
                key = marker.key()
            except FootageError as error:
                log.error("%s; it is kept as ….damaged, and the file that it named is an orphan", error)
                marker.set_aside()
                return None
            with waiting_for_disk():
                record = None if key is None else close_left_over(self._path(key), key, reason)
            if record is None:
                marker.remove()
            return record

    def examine(self, key: str) -> SegmentRecord | None:
        """The record of a closed segment, read from its file alone, without digest and link.

        None if the file holds no whole fragment. Reads the boxes, not the pictures. NoFootage if the file is gone.
        """
        try:
            with self._path(key).open("rb") as file:
                if os.fstat(file.fileno()).st_size == 0:
                    return None
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as data:
                    contents, size = read_contents(data), len(data)
        except FileNotFoundError as error:
            raise NoFootage(f"segment {key} is not in the archive") from error
        if contents is None:
            return None
        return contents.record(key, contents.closing or Closing(None), size)

    def chain(self, camera_id: str) -> Chain:
        """The chain of a camera's footage."""
        return Chain(self._path(camera_id) / "chain")

    def _path(self, key: str) -> Path:
        path = self._root / key
        if ".." in Path(key).parts or Path(key).is_absolute():
            raise FootageError(f"key {key!r} leaves the archive")
        return path

    def _marker(self, camera_id: str, stream: StreamName, origin: Origin) -> Marker:
        return Marker(self._root / camera_id, stream, origin)


def _names(folder: Path) -> list[str]:
    """Sorted names in a folder; empty if the folder does not exist or is no folder."""
    try:
        return sorted(path.name for path in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
