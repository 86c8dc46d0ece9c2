"""Which threads wait for a disk at this moment.

Such a thread is not stuck: killing its process makes no disk answer, and costs the other cameras of the process, and
what waits in memory, for nothing. Design: docs/design/capture.md, "Processes".
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_waiting: set[threading.Thread] = set()  # each thread adds and removes itself only


@contextmanager
def waiting_for_disk() -> Iterator[None]:
    """The calling thread does nothing but wait for a disk meanwhile."""
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
    """Who waits for a disk and since when, for somebody who looks now and then."""

    def __init__(self) -> None:
        self._seen: dict[threading.Thread, tuple[float, float]] = {}  # first and last look, steady clock

    def look(self, beats_s: Mapping[threading.Thread, float], now_s: float) -> None:
        """Look at all threads, each with its last sign of life (steady clock, s). A wait is over with the next."""
        before, self._seen = self._seen, {}
        for thread, beat_s in beats_s.items():
            first_s, last_s = before.get(thread, (now_s, now_s))
            if waits_for_disk(thread):
                self._seen[thread] = first_s, now_s
            elif thread in before and beat_s < last_s:
                self._seen[thread] = first_s, last_s

    def waits_s(self, thread: threading.Thread, now_s: float) -> float:
        """For how long a thread has waited; 0 for one that does not."""
        return now_s - self._seen[thread][0] if thread in self._seen and waits_for_disk(thread) else 0.0

    def alive_s(self, thread: threading.Thread, beat_s: float) -> float:
        """The last sign of life of a thread, waiting for a disk being one."""
        return max(beat_s, self._seen[thread][1]) if thread in self._seen else beat_s
