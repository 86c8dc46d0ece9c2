"""Reading a segment file's structure: its head (init section and identity) and its whole fragments.

Used on open files by tails, on abandoned files by recovery, and on everything by a rebuild of the index.
"""

import struct
from dataclasses import dataclass

from shike.capture import boxes
from shike.capture.errors import FootageError
from shike.capture.segment import Fragment, Identity


@dataclass(frozen=True, slots=True)
class Head:
    """The start of a segment file: `init` is ftyp + moov, `size` also covers the identity box."""

    init: bytes
    identity: Identity
    facts: boxes.InitFacts
    size: int


def read_head(data: bytes) -> Head | None:
    """The head, or None while it is not wholly written. FootageError if this is not a segment file."""
    init_end = 0
    for box in boxes.walk(data):
        if box.kind in (b"ftyp", b"moov"):
            init_end = box.end
        elif box.kind == b"uuid" and data[box.body : box.body + 16] == boxes.IDENTITY_UUID:
            init = bytes(data[:init_end])
            try:
                identity = Identity.from_json(bytes(data[box.body + 16 : box.end]))
            except (ValueError, TypeError) as error:
                raise FootageError("the identity of a segment file cannot be read") from error
            return Head(init, identity, boxes.init_facts(init), box.end)
        else:
            raise FootageError("not a segment file: no identity before the first fragment")
    return None


def read_fragments(data: bytes | memoryview, base: int, timescale: int) -> list[Fragment]:
    """The whole fragments in `data`, which begins at file offset `base`.

    Ends before the first that is torn or, after a power cut, garbage: what was whole before it stays footage.
    """
    fragments: list[Fragment] = []
    start: int | None = None
    wall_us = 0
    facts: boxes.MoofFacts | None = None
    for box in boxes.walk(data):
        if box.kind == b"prft":
            start, wall_us, facts = box.start, boxes.prft_wall_us(data, box), None
        elif box.kind == b"moof" and start is not None:
            try:
                facts = boxes.moof_facts(data, box)
            except (FootageError, struct.error, IndexError):
                break
        elif box.kind == b"mdat" and start is not None and facts is not None:
            duration_us = facts.duration * 1_000_000 // timescale
            fragments.append(
                Fragment(base + start, box.end - start, wall_us, duration_us, facts.decode_time, facts.is_key)
            )
            start = facts = None
        else:
            break
    return fragments
