"""The marker that names the open segment of a stream, and whose turn it is to change it.

Between the marker and the lock of the file that it names there is a moment: nobody else may look meanwhile, and take
the file for one that a dead writer left. Not here: what becomes of such a file (left_over). Design:
docs/design/capture.md, "Durability".
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
        """The key that it names; None if there is no marker. FootageError if it names no segment of its stream."""
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
        """Name a segment, durably. OSError if the volume refuses."""
        replace_file(self.path, json.dumps({"key": key}).encode())

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def set_aside(self) -> None:
        """Keep one that cannot be read under another name."""
        self.path.rename(self.path.with_name(self.path.name + ".damaged"))

    @contextmanager
    def turn(self, *, wait: bool = True) -> Iterator[None]:
        """One's turn at the marker, among all threads and processes; not to be asked for within one's own turn.

        StillWritten if another has it and one does not `wait`.
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
