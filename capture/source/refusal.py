"""The RTSP status with which a camera refused FFmpeg: FFmpeg writes it to its log only, and has one error for most.

The log lines of the thread that opens a connection are captured, searched and discarded: they may hold the address.
None of them reaches the program's own log.
"""

import logging
import re
import threading
from types import TracebackType
from typing import ClassVar

import av.logging

_FAILED = re.compile(r"method \w+ failed: (\d{3})")
_OWN_CAUSE = frozenset({401, 403, 404, 453})


class Refusal:
    """Captures FFmpeg's log while a camera is opened. Use it as a context manager, in any number of threads at once."""

    _lock: ClassVar = threading.Lock()
    _listening: ClassVar = 0

    def __init__(self) -> None:
        self._capture = av.logging.Capture(local=True)
        self._lines: list[tuple[int, str, str]] = []

    @property
    def cause(self) -> str | None:
        """The cause code of the last refusal in the log; None without one."""
        statuses = [int(match[1]) for _, _, line in self._lines if (match := _FAILED.match(line))]
        if not statuses:
            return None
        return f"refused_{statuses[-1]}" if statuses[-1] in _OWN_CAUSE else "refused_other"

    def __enter__(self) -> "Refusal":
        with Refusal._lock:
            Refusal._listening += 1
            if Refusal._listening == 1:
                logging.getLogger("libav").setLevel(logging.CRITICAL + 1)
                av.logging.set_skip_repeated(False)  # a second camera's refusal may be the same line as the first's
                av.logging.set_level(av.logging.ERROR)
        self._lines = self._capture.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._capture.__exit__(kind, None, None)
        with Refusal._lock:
            Refusal._listening -= 1
            if Refusal._listening == 0:
                av.logging.set_level(None)
