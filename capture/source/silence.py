"""Ending the read of a camera that keeps its connection and sends no pictures.

FFmpeg's own time limit starts again with every byte, so a camera that still sends its reports never meets it, and
PyAV's costs Python's lock at every read of the socket: as much as all the rest of recording. So one thread per process
looks a few times a second which readers have had no packet, asks the kernel which socket such a thread waits for, and
shuts that socket down; the read then ends by itself. What cannot be ended so is left to the shard's watchdog.
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

_LOOK_EVERY_S = 0.25
_POLLFD = struct.Struct("@ihh")


@dataclass(slots=True, eq=False)
class Reader:
    """A thread that reads packets. It adds to `packets`; `cut` says that it was ended for its silence."""

    limit_s: float
    packets: int = 0
    cut: bool = False
    thread_id: int = field(default_factory=threading.get_native_id)


class Silence:
    """Watches the readers of a process; its thread lives as long as there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[Reader, tuple[int, float]] = {}  # packets so far, and since when (steady seconds)
        self._thread: threading.Thread | None = None

    def watch(self, limit_s: float) -> Reader:
        """Begin to watch the calling thread. Call `forget` before its container is closed."""
        reader = Reader(limit_s)
        with self._lock:
            self._seen[reader] = (0, time.monotonic())
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="silence", daemon=True)
                self._thread.start()
        return reader

    def forget(self, reader: Reader) -> None:
        """Watch a reader no longer; afterwards nothing is shut down on its behalf."""
        with self._lock:
            self._seen.pop(reader, None)

    def hurry(self, limit_s: float) -> None:
        """Let every reader of now wait no longer than this: the process is about to end."""
        with self._lock:
            for reader in self._seen:
                reader.limit_s = min(reader.limit_s, limit_s)

    def _look(self) -> None:
        while True:
            time.sleep(_LOOK_EVERY_S)
            with self._lock:
                if not self._seen:
                    self._thread = None
                    return
                for reader in list(self._seen):
                    self._judge(reader, time.monotonic())

    def _judge(self, reader: Reader, now_s: float) -> None:
        packets, since_s = self._seen[reader]
        if reader.packets != packets:
            self._seen[reader] = (reader.packets, now_s)
        elif now_s - since_s >= reader.limit_s:
            # The lock is held: the reader cannot have closed its container, so it is its socket. Said before it is
            # done: the read may end before this thread goes on.
            reader.cut = True
            reader.cut = _shut_down(reader.thread_id)


def _shut_down(thread_id: int) -> bool:
    """Shut down the socket that a thread of this process is waiting for; False if it waits for none."""
    descriptor = _awaited(thread_id)
    if descriptor is None:
        return False
    try:
        with socket.socket(fileno=os.dup(descriptor)) as shared:
            if shared.type != socket.SOCK_STREAM:
                return False
            with contextlib.suppress(OSError):  # the other side was faster
                shared.shutdown(socket.SHUT_RDWR)
            return True
    except OSError:  # not a socket, or no longer open
        return False


def _awaited(thread_id: int) -> int | None:
    """The one descriptor that a thread is in poll() for, None if it is doing anything else.

    Linux shows the arguments of the call that a thread is in; the first is where its only `struct pollfd` lies.
    """
    try:
        call = Path(f"/proc/self/task/{thread_id}/syscall").read_text("ascii").split()
        if len(call) < 3 or int(call[2], 16) != 1:
            return None
        memory = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            # Read like a file: an address that is none is an error there, not the end of the process.
            content = os.pread(memory, _POLLFD.size, int(call[1], 16))
        finally:
            os.close(memory)
    except (OSError, ValueError, OverflowError):
        return None
    if len(content) < _POLLFD.size:
        return None
    descriptor, wanted, _ = _POLLFD.unpack(content)
    return int(descriptor) if descriptor >= 0 and wanted == select.POLLIN else None


SILENCE = Silence()
