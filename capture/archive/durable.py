"""Durable writes: calls that sync folders and files, and replace a file as a whole or not at all.

Not here: what is stored. Imports only small modules of the standard library, because the recorder's parent process,
which must stay small, imports it.
"""

import errno
import os
from contextlib import suppress
from pathlib import Path

from shike.capture.errors import DiskError

FULL = (errno.ENOSPC, errno.EDQUOT)


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents. Their names are durable on return."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    fsync_folder(folder.parent)


def replace_file(path: Path, content: bytes) -> None:
    """Replace the content of `path` atomically: a reader sees the old or the new content. Durable on return."""
    fresh = path.with_name(path.name + ".new")
    try:
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        fsync_folder(path.parent)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise


def write_at(fd: int, data: bytes, offset: int) -> None:
    """Write all of `data` at an offset. OSError if the volume refuses; a part of `data` may be written then.

    A volume with room for a part writes that part without an error. Only the next write fails.
    """
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written


def disk_error(error: OSError) -> DiskError:
    """The DiskError for an OSError of the footage volume."""
    return DiskError("disk_full" if error.errno in FULL else "disk_failed", f"writing footage failed: {error.strerror}")
