"""The marker that names the open segment of a stream, and the lock for changing it.

A writer stores the marker shortly before it creates and locks the file. Without the marker's own lock, a recovery in
between could mistake the file for that of a dead writer. Not here: closing such a file (left_over). Design:
docs/design/capture.md, "Durability"; format: docs/reference/files.md.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shike.capture.archive.durable import replace_file
from shike.capture.archive.segment import Origin, StreamName
from shike.capture.errors import FootageError, StillWritten


class Marker:
    """The marker of one stream and origin: `<stream>.<origin>.open.json` in the camera's folder."""

    def __init__(self, folder: Path, stream: StreamName, origin: Origin) -> None:
        self._folder, self._stream = folder, stream
        self.path = folder / f"{stream}.{origin}.open.json"
        self._lock = folder / f"{stream}.{origin}.lock"

    def key(self) -> str | None:
        """The key in the marker; None if there is no marker. FootageError if it is not a key of this stream."""
        try:
            key = str(json.loads(self.path.read_bytes())["key"])
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise FootageError(f"the marker {self.path} cannot be read") from error
        if not re.fullmatch(rf"{re.escape(self._folder.name)}/{self._stream}/\d{{8}}/[\w.-]+\.mp4", key, re.ASCII):
            raise FootageError(f"the marker {self.path} names no segment of its stream")
        return key

    def put(self, key: str) -> None:
        """Store a key. Durable on return. OSError if the volume refuses."""
        replace_file(self.path, json.dumps({"key": key}).encode())

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def set_aside(self) -> None:
        """Rename an unreadable marker to `<name>.damaged`."""
        self.path.rename(self.path.with_name(self.path.name + ".damaged"))

    @contextmanager
    def turn(self, *, wait: bool = True) -> Iterator[None]:
        """Lock the marker against all other threads and processes. Not reentrant: a nested call waits for ever.

        StillWritten if somebody else holds the lock and `wait` is false.
        """
        fd = os.open(self._lock, os.O_RDONLY | os.O_CREAT, 0o640)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                raise StillWritten(f"somebody else is at {self.path}") from None
            yield
        finally:
            os.close(fd)
