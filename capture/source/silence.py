"""Ending FFmpeg's read of a camera that keeps its connection but sends no pictures.

FFmpeg's own time limit starts again with every byte, so a camera that still sends sender reports never exceeds it.
PyAV's limit takes Python's lock at every read of the socket, which costs as much as all other recording work. So one
thread per process checks four times a second which readers got no packet, asks the kernel which socket such a thread
waits for, and shuts that socket down; the read then ends. Where that is not possible, the shard's watchdog ends the
process. The plain reader measures the time itself; it only takes its limit from here.
Design: docs/design/capture.md, "When a camera goes away".
"""

import contextlib
import os
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

_CHECK_EVERY_S = 0.25
_POLLFD = struct.Struct("@ihh")


@dataclass(slots=True, eq=False)
class Reader:
    """A thread that reads packets, and counts them in `packets`. `cut`: its socket was shut down for silence."""

    limit_s: float
    packets: int = 0
    cut: bool = False
    thread_id: int = field(default_factory=threading.get_native_id)


class SilenceWatch:
    """Watches all readers of a process. Its thread runs as long as there are readers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[Reader, tuple[int, float]] = {}  # packets at the last check, and since when (steady seconds)
        self._thread: threading.Thread | None = None

    def watch(self, limit_s: float) -> Reader:
        """Begin to watch the calling thread. Call `forget` before closing its container."""
        reader = Reader(limit_s)
        with self._lock:
            self._seen[reader] = (0, time.monotonic())
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="silence", daemon=True)
                self._thread.start()
        return reader

    def forget(self, reader: Reader) -> None:
        """Stop watching a reader; from then on nothing is shut down for it."""
        with self._lock:
            self._seen.pop(reader, None)

    def hurry(self, limit_s: float) -> None:
        """Shorten the limit of all present readers: the process is about to end."""
        with self._lock:
            for reader in self._seen:
                reader.limit_s = min(reader.limit_s, limit_s)

    def _run(self) -> None:
        while True:
            time.sleep(_CHECK_EVERY_S)
            with self._lock:
                if not self._seen:
                    self._thread = None
                    return
                for reader in list(self._seen):
                    self._check(reader, time.monotonic())

    def _check(self, reader: Reader, now_s: float) -> None:
        packets, since_s = self._seen[reader]
        if reader.packets != packets:
            self._seen[reader] = (reader.packets, now_s)
        elif now_s - since_s >= reader.limit_s:
            # The lock is held, so the reader has not closed its container, and the socket is still its own.
            # Set `cut` first: the read may end before this thread goes on.
            reader.cut = True
            reader.cut = _shut_down(reader.thread_id)


def _shut_down(thread_id: int) -> bool:
    """Shut down the socket that a thread of this process waits for; False if it waits for none."""
    descriptor = _polled_descriptor(thread_id)
    if descriptor is None:
        return False
    try:
        with socket.socket(fileno=os.dup(descriptor)) as shared:
            if shared.type != socket.SOCK_STREAM:
                return False
            with contextlib.suppress(OSError):  # the camera closed it first
                shared.shutdown(socket.SHUT_RDWR)
            return True
    except OSError:  # not a socket, or no longer open
        return False


def _polled_descriptor(thread_id: int) -> int | None:
    """The descriptor that a thread polls; None if it is not in poll() with exactly one descriptor.

    Linux shows the arguments of a thread's current system call; the first is the address of the `struct pollfd`.
    """
    try:
        call = Path(f"/proc/self/task/{thread_id}/syscall").read_text("ascii").split()
        if len(call) < 3 or int(call[2], 16) != 1:
            return None
        memory = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            # Read as a file: an invalid address is then an error, not a crash of the process.
            content = os.pread(memory, _POLLFD.size, int(call[1], 16))
        finally:
            os.close(memory)
    except (OSError, ValueError, OverflowError):
        return None
    if len(content) < _POLLFD.size:
        return None
    descriptor, events, _ = _POLLFD.unpack(content)
    return int(descriptor) if descriptor >= 0 and events == select.POLLIN else None


SILENCE = SilenceWatch()
