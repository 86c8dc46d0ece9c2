"""What a stream has to do on disk, done in order by a thread of its own, so that a slow disk costs no packet.

The thread that reads a camera must not wait for a disk: what a camera cannot send it throws away, and the time of
arrival would be the disk's. Here: the thread, its queue, how a failure comes back. Not here: what is done (writer,
segment_file). Design: docs/design/capture.md, "Durability".
"""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol

from shike.capture.archive.disk_waits import waiting_for_disk
from shike.capture.errors import DiskError

log = logging.getLogger(__name__)

# 16 s of a camera of 4 Mbit/s. A disk that is behind by more is taken for one that failed.
MOST_WAITING_BYTES = 8 << 20

Job = Callable[[], None]


class DiskJobs(Protocol):
    """Who does the jobs of one writer, in order."""

    def do(self, job: Job, size: int = 0) -> None:
        """Do a job that stores `size` bytes. Raises what went wrong with it or with an earlier one."""
        ...

    def finish(self) -> None:
        """Return once everything is done. Raises what went wrong, unless that has led to `abandon`."""
        ...

    def abandon(self) -> None:
        """Forget what waits; on return nothing is being done, and the file is let go."""
        ...


class AtOnce:
    """Does each job in the caller's thread: for imports, which nobody hurries.

    After a failure the file is let go at once, and nothing more is done.
    """

    def __init__(self, let_go: Job) -> None:
        self._let_go = let_go
        self._failed: Exception | None = None
        self._stopping = False

    def do(self, job: Job, size: int = 0) -> None:
        if self._failed is not None:
            raise self._failed
        try:
            job()
        except Exception as error:  # whatever it was: a file that stays locked here is never closed by recovery
            self._failed = error
            self._let_go()
            raise

    def finish(self) -> None:
        if self._failed is not None and not self._stopping:
            raise self._failed

    def abandon(self) -> None:
        self._stopping = True
        self._let_go()


class DiskQueue:
    """Does jobs in a thread of its own. After a failure the file is let go at once, and nothing more is done."""

    def __init__(self, let_go: Job, name: str, most_waiting_bytes: int = MOST_WAITING_BYTES) -> None:
        self._let_go, self._name, self._most_waiting = let_go, name, most_waiting_bytes
        self._jobs: SimpleQueue[tuple[Job, int] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._failed: Exception | None = None
        self._stopping = False
        # Each is changed by one thread only, so neither needs a lock.
        self._handed_in = self._stored = 0

    def do(self, job: Job, size: int = 0) -> None:
        if self._failed is not None:
            raise self._failed
        if self._handed_in - self._stored > self._most_waiting:
            waiting = (self._handed_in - self._stored) >> 20
            raise DiskError("disk_failed", f"the volume is too slow: {waiting} MB wait to be written")
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        self._handed_in += size
        self._jobs.put((job, size))

    def finish(self) -> None:
        self._end()
        if self._failed is not None and not self._stopping:
            raise self._failed

    def abandon(self) -> None:
        self._stopping = True
        self._end()
        self._let_go()

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
                # The edge of the thread: whatever it was is raised where packets are read, or nobody would hear of it.
                except Exception as error:  # noqa: BLE001
                    try:
                        self._let_go()
                    except OSError:  # closing may say once more what the write said: the first word is passed on
                        log.exception("a file that could not be written cannot be closed either")
                    self._failed = error
            self._stored += size
