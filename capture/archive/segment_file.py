"""Writes one segment file, in the order that makes it durable.

1. marker    open.json names the key, fsync                   → recovery knows every file that exists
2. create    O_EXCL, lock, write the head, fsync the folder   → a file never overwrites another
3. fragments one write() each; fdatasync at a fixed interval  → kill -9 loses only the fragment being collected
4. close     closing box, fsync of the file → row in the camera's chain → record in the spool → marker is removed
After a failed write or sync the content is unknown: the caller abandons the file and starts another.
Here: steps 2 and 3, and the closing box. Not here: step 1 (files), the rest of step 4 (hand_over).
Design: docs/design/capture.md, "Durability"; format: docs/reference/files.md.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from shike.capture.archive.durable import disk_error, fsync_folder, make_folder
from shike.capture.archive.segment import Closing, EndReason, Fragment, Identity, SegmentRecord
from shike.capture.clock import Clock
from shike.capture.mp4 import boxes


class SegmentFile:
    """An open segment file with its single writer."""

    def __init__(self, path: Path, identity: Identity, init: bytes, clock: Clock, sync_beat_s: float) -> None:
        """Create the file and write its head. DiskError if the volume refuses."""
        self.path, self.identity = path, identity
        self.facts = boxes.init_facts(init)
        self._clock, self._sync_beat_s = clock, sync_beat_s
        self._fragments: list[Fragment] = []
        self._digest = hashlib.sha256()
        self._init_size = len(init)
        head = init + boxes.identity_box(identity.to_json())
        self._head_size = self._size = len(head)
        try:
            make_folder(path.parent)
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        except OSError as error:
            raise disk_error(error) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._write(head)
            fsync_folder(path.parent)
        except OSError as error:
            os.close(self._fd)  # also releases the lock, so that recovery can take the file
            raise disk_error(error) from error
        self._synced_at = clock.monotonic()

    @property
    def fragments(self) -> list[Fragment]:
        return self._fragments

    def append(self, payload: bytes, wall_us: int, audio: bytes = b"") -> Fragment:
        """Write one fragment: wall time (prft), `audio`, `payload` (moof + mdat of the video), in one write.

        DiskError if the volume refuses.
        """
        moof = next(boxes.walk(payload))
        facts = boxes.moof_facts(payload, moof)
        data = boxes.prft(self.facts.track_id, wall_us, facts.decode_time) + audio + payload
        duration_us = facts.duration * 1_000_000 // self.facts.timescale
        fragment = Fragment(self._size, len(data), wall_us, duration_us, facts.decode_time, facts.is_key)
        try:
            self._write(data)
            self._size += len(data)
            if self._clock.monotonic() - self._synced_at >= self._sync_beat_s:
                os.fdatasync(self._fd)
                self._synced_at = self._clock.monotonic()
        except OSError as error:
            raise disk_error(error) from error
        self._fragments.append(fragment)
        return fragment

    def close(
        self,
        ends_run: EndReason | None,
        clock_offset_ms: int | None,
        dropped: int,
        key: str,
        take: Callable[[SegmentRecord], None] = lambda _record: None,
    ) -> SegmentRecord:
        """Write the closing box, sync the file and return its record. DiskError if the volume refuses.

        `take` gets the record while the file is still locked, so that recovery does not take the file.
        """
        tail = boxes.closing_box(Closing(ends_run, clock_offset_ms, dropped).to_json())
        try:
            try:
                self._write(tail)
                self._size += len(tail)
                os.fsync(self._fd)
            except OSError as error:
                raise disk_error(error) from error
            record = self._record(ends_run, clock_offset_ms, dropped, key)
            take(record)
            return record
        finally:
            os.close(self._fd)

    def abandon(self) -> None:
        """Close a file whose content is unknown, without a closing box. Recovery keeps its whole fragments."""
        os.close(self._fd)

    def _record(self, ends_run: EndReason | None, clock_offset_ms: int | None, dropped: int, key: str) -> SegmentRecord:
        return SegmentRecord(
            identity=self.identity,
            key=key,
            init_size=self._init_size,
            head_size=self._head_size,
            size=self._size,
            fragments=tuple(self._fragments),
            codec=self.facts.codec,
            width=self.facts.width,
            height=self.facts.height,
            timescale=self.facts.timescale,
            clock_offset_ms=clock_offset_ms,
            dropped=dropped,
            ends_run=ends_run,
            digest=f"sha256:{self._digest.hexdigest()}",
        )

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
        self._digest.update(data)
