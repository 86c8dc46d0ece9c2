"""The fragment table of a segment, as the index stores it. Design: docs/design/footage.md."""

import struct
import zlib
from collections.abc import Sequence

from shike.capture.archive.segment import Fragment

_ROW = struct.Struct("<QIqIqB")


def pack(fragments: Sequence[Fragment]) -> bytes:
    """The stored form of a fragment table: fixed rows, compressed."""
    rows = (_ROW.pack(f.offset, f.size, f.wall_us, f.duration_us, f.media_time, f.is_key) for f in fragments)
    return zlib.compress(b"".join(rows))


def unpack(table: bytes) -> tuple[Fragment, ...]:
    """The fragments of a table made by `pack`."""
    return tuple(
        Fragment(offset, size, wall_us, duration_us, media_time, bool(is_key))
        for offset, size, wall_us, duration_us, media_time, is_key in _ROW.iter_unpack(zlib.decompress(table))
    )
