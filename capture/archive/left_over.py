"""Close the segment file of a dead writer after its last whole fragment, or set the file aside.

Not here: which file that is, and the lock against other recoveries (marker). Design: docs/design/capture.md,
"Durability".
"""

import fcntl
import hashlib
import logging
import os
from dataclasses import replace
from pathlib import Path

from shike.capture.archive.durable import fsync_folder, write_at
from shike.capture.archive.scan import Contents, read_contents, read_head
from shike.capture.archive.segment import Closing, EndReason, SegmentRecord
from shike.capture.errors import FootageError, StillWritten
from shike.capture.mp4 import boxes

log = logging.getLogger(__name__)


def close_left_over(path: Path, key: str, reason: EndReason) -> SegmentRecord | None:
    """Close the segment of a dead writer. None if its file is gone, or holds no footage and was set aside.

    StillWritten if a living writer holds the file; OSError if the volume refuses.
    """
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # After a failed write the page cache may differ from the disk: read what the disk holds.
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        data = path.read_bytes()
        contents = read_contents(data)
        if contents is None or contents.head.identity.object_key != key:
            _set_aside(path, key, data)
            return None
        return _closed(handle, path, key, data, contents, Closing(reason))
    except BlockingIOError:
        raise StillWritten(f"segment {key} is being written") from None
    finally:
        os.close(handle)


def _closed(handle: int, path: Path, key: str, data: bytes, contents: Contents, closing: Closing) -> SegmentRecord:
    """Cut a file after its last whole fragment and add the closing box, unless its writer already did."""
    os.ftruncate(handle, contents.size)
    tail = b""
    if contents.closing is None:
        tail = boxes.closing_box(closing.to_json())
        write_at(handle, tail, contents.size)
    os.fsync(handle)
    fsync_folder(path.parent)
    record = contents.record(key, contents.closing or closing, contents.size + len(tail))
    # If the writer closed this file to begin the next one, which does not exist, the run ended with this file.
    ending = record.ending(record.ends_run or closing.ends_run or "killed")
    # Without a second copy of the file (tens of MB): after a crash all cameras of a shard are recovered together.
    digest = hashlib.sha256(memoryview(data)[: contents.size])
    digest.update(tail)
    return replace(ending, digest=f"sha256:{digest.hexdigest()}")


def _set_aside(path: Path, key: str, data: bytes) -> None:
    """Remove a file that is empty or holds only an intact head; rename any other file to `<name>.damaged`."""
    if not data or _is_bare_head(data, key):
        path.unlink()
        return
    log.error("segment %s holds no whole fragment; it is kept beside the archive as damaged", path.name)
    path.rename(path.with_name(path.name + ".damaged"))


def _is_bare_head(data: bytes, key: str) -> bool:
    try:
        head = read_head(data)
    except FootageError:
        return False
    return head is not None and head.size == len(data) and head.identity.object_key == key
