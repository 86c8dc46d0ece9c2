"""A queue of disk jobs of one stream, done in order by a thread, so that a slow disk costs no packet.

The thread that reads a camera must not wait for a disk: a camera throws away what it cannot send, and the time of
arrival would be too late. Here: the thread, its queue, how a failure is raised. Not here: the jobs (writer.py,
archive/segment_file.py). Design: docs/design/capture.md, "Durability".
"""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol

from shike.capture.archive.disk_waits import waiting_for_disk
from shike.capture.errors import DiskError

log = logging.getLogger(__name__)

# 16 s of a camera of 4 Mbit/s. If more waits, the disk counts as failed.
MOST_WAITING_BYTES = 8 << 20

Job = Callable[[], None]


class DiskJobs(Protocol):
    """Does the jobs of one writer in order."""

    def do(self, job: Job, size: int = 0) -> None:
        """Do a job that stores `size` bytes. Raises the error of this job or of an earlier one."""
        ...

    def finish(self) -> None:
        """Wait until all jobs are done. Raises the error of a job, unless `abandon` was called."""
        ...

    def abandon(self) -> None:
        """Drop the waiting jobs. On return no job is running and the file is released."""
        ...


class AtOnce:
    """Does each job in the caller's thread: for imports, which may wait for the disk.

    After a failure the file is released at once, and nothing more is done.
    """

    def __init__(self, release: Job) -> None:
        self._release = release
        self._failed: Exception | None = None
        self._stopping = False

    def do(self, job: Job, size: int = 0) -> None:
        if self._failed is not None:
            raise self._failed
        try:
            job()
        except Exception as error:  # after any error: recovery can never close a file that stays locked here
            self._failed = error
            self._release()
            raise

    def finish(self) -> None:
        if self._failed is not None and not self._stopping:
            raise self._failed

    def abandon(self) -> None:
        self._stopping = True
        self._release()


class DiskQueue:
    """Does jobs in a thread of its own. After a failure the file is released at once, and nothing more is done."""

    def __init__(self, release: Job, name: str, most_waiting_bytes: int = MOST_WAITING_BYTES) -> None:
        self._release, self._name, self._most_waiting = release, name, most_waiting_bytes
        self._jobs: SimpleQueue[tuple[Job, int] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._failed: Exception | None = None
        self._stopping = False
        # Bytes. Each is changed by one thread only, so no lock is needed.
        self._queued_bytes = self._stored_bytes = 0

    def do(self, job: Job, size: int = 0) -> None:
        if self._failed is not None:
            raise self._failed
        if self._queued_bytes - self._stored_bytes > self._most_waiting:
            waiting = (self._queued_bytes - self._stored_bytes) >> 20
            raise DiskError("disk_failed", f"the volume is too slow: {waiting} MB wait to be written")
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        self._queued_bytes += size
        self._jobs.put((job, size))

    def finish(self) -> None:
        self._end()
        if self._failed is not None and not self._stopping:
            raise self._failed

    def abandon(self) -> None:
        self._stopping = True
        self._end()
        self._release()

    def _end(self) -> None:
        if self._thread is not None:
            self._jobs.put(None)
            with waiting_for_disk():
                self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (waiting := self._jobs.get()) is not None:
            job, size = waiting
            if self._failed is None and not self._stopping:
                try:
                    job()
                # Outermost handler of the thread: `do` or `finish` raises the error in the thread that reads packets.
                except Exception as error:  # noqa: BLE001
                    try:
                        self._release()
                    except OSError:  # closing may fail for the same reason; the first error is the one to raise
                        log.exception("a file that could not be written cannot be closed either")
                    self._failed = error
            self._stored_bytes += size
