"""Which threads of this process wait for a disk now, and for how long.

A thread that waits for a disk is not stuck. Killing its process would not make the disk answer; it would stop the
other cameras of the process and lose the data in memory. Design: docs/design/capture.md, "Processes".
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_waiting: set[threading.Thread] = set()  # each thread adds and removes only itself


@contextmanager
def waiting_for_disk() -> Iterator[None]:
    """Marks the calling thread as waiting for a disk."""
    thread = threading.current_thread()
    outermost = thread not in _waiting
    _waiting.add(thread)
    try:
        yield
    finally:
        if outermost:
            _waiting.discard(thread)


def waits_for_disk(thread: threading.Thread) -> bool:
    """Whether a thread waits for a disk now."""
    return thread in _waiting


class DiskWaits:
    """How long threads have waited for a disk, for a watchdog that looks at them at intervals."""

    def __init__(self) -> None:
        self._seen: dict[threading.Thread, tuple[float, float]] = {}  # first and last look, steady clock

    def look(self, beats_s: Mapping[threading.Thread, float], now_s: float) -> None:
        """Look at all threads, each with its last sign of life (steady clock, s). A later sign of life ends a wait."""
        before, self._seen = self._seen, {}
        for thread, beat_s in beats_s.items():
            first_s, last_s = before.get(thread, (now_s, now_s))
            if waits_for_disk(thread):
                self._seen[thread] = first_s, now_s
            elif thread in before and beat_s < last_s:
                self._seen[thread] = first_s, last_s

    def waits_s(self, thread: threading.Thread, now_s: float) -> float:
        """How long a thread has waited, in seconds; 0 if it does not wait."""
        return now_s - self._seen[thread][0] if thread in self._seen and waits_for_disk(thread) else 0.0

    def alive_s(self, thread: threading.Thread, beat_s: float) -> float:
        """The last sign of life of a thread (steady clock, s). Waiting for a disk counts as one."""
        return max(beat_s, self._seen[thread][1]) if thread in self._seen else beat_s
