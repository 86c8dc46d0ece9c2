"""What makes a name or a content last on a volume: folders and files synced, whole or not at all.

Here: the few calls that everything stored is made of. Not here: what is stored. It loads nothing but the standard
library's smallest parts: the recorder's parent lives with it.
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
    """Make a folder, and those above it that are missing, so that its name is durable on return."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    fsync_folder(folder.parent)


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in place of `path` so that a reader sees the old or the new, never half; durable on return."""
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
    """Write all of `data` at an offset. OSError if the volume refuses; a part of it may be there then.

    A volume with room for a part only takes that part and says nothing: it is the next write that it refuses.
    """
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written


def disk_error(error: OSError) -> DiskError:
    """What an OSError of the footage volume means."""
    return DiskError("disk_full" if error.errno in FULL else "disk_failed", f"writing footage failed: {error.strerror}")
