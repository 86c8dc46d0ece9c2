"""Which status a camera refused with: FFmpeg has one error for most of them and says the number only in its log.

Lines are listened to while a connection is opened, by the thread that opens it, and thrown away: they may hold the
address. Nothing of them reaches the program's own log.
"""

import logging
import re
import threading
from types import TracebackType
from typing import ClassVar

import av.logging

_FAILED = re.compile(r"method \w+ failed: (\d{3})")
_TOLD_APART = frozenset({401, 403, 404, 453})


class Refusal:
    """Use as a context manager around opening a camera; any number of threads at once."""

    _lock: ClassVar = threading.Lock()
    _listening: ClassVar = 0

    def __init__(self) -> None:
        self._capture = av.logging.Capture(local=True)
        self._lines: list[tuple[int, str, str]] = []

    @property
    def cause(self) -> str | None:
        """The cause code of the last refusal that was heard."""
        statuses = [int(found[1]) for _, _, line in self._lines if (found := _FAILED.match(line))]
        if not statuses:
            return None
        return f"refused_{statuses[-1]}" if statuses[-1] in _TOLD_APART else "refused_other"

    def __enter__(self) -> "Refusal":
        with Refusal._lock:
            Refusal._listening += 1
            if Refusal._listening == 1:
                logging.getLogger("libav").setLevel(logging.CRITICAL + 1)
                av.logging.set_skip_repeated(False)  # or the second camera's refusal would be taken for the first's
                av.logging.set_level(av.logging.ERROR)
        self._lines = self._capture.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._capture.__exit__(kind, None, None)
        with Refusal._lock:
            Refusal._listening -= 1
            if Refusal._listening == 0:
                av.logging.set_level(None)
