"""Reads the structure of a segment file: its head (init section and identity), whole fragments and closing box.

Tails use it on open files, recovery on files of dead writers, a rebuild of the index on all files. Not here: reading
files from disk (files), the boxes themselves (mp4.boxes). Format: docs/reference/files.md.
"""

import struct
from dataclasses import dataclass
from typing import get_args

from shike.capture.archive.segment import (
    STREAMS,
    Closing,
    EndReason,
    Fragment,
    Identity,
    Origin,
    SegmentRecord,
)
from shike.capture.errors import FootageError
from shike.capture.mp4 import boxes
from shike.capture.mp4.audio import is_audio

# An init section is under 1 KiB and an identity under 500 bytes.
HEAD_BYTES = 16 << 10
# Errors that garbage in boxes may raise.
_GARBAGE = (
    FootageError,
    struct.error,
    LookupError,
    StopIteration,
    ArithmeticError,
    ValueError,
    TypeError,
    RecursionError,
)
_PRFT_BODY = 24
# Limits of the index's fragment table: 32 bits for sizes and durations (µs), 63 for times; and the year 2200.
_LONGEST, _LARGEST, _LATEST_US = 1 << 32, 1 << 63, 7_258_118_400_000_000


@dataclass(frozen=True, slots=True)
class Head:
    """The start of a segment file: `init` is ftyp + moov, `size` also covers the identity box."""

    init: bytes
    identity: Identity
    facts: boxes.InitFacts
    size: int


@dataclass(frozen=True, slots=True)
class Contents:
    """The whole parts of a segment file. `closing` is None if the writer did not close the file."""

    head: Head
    fragments: tuple[Fragment, ...]
    closing: Closing | None
    size: int

    def record(self, key: str, closing: Closing, size: int) -> SegmentRecord:
        """The record of this file with `size` bytes and the given closing."""
        facts = self.head.facts
        return SegmentRecord(
            identity=self.head.identity,
            key=key,
            init_size=len(self.head.init),
            head_size=self.head.size,
            size=size,
            fragments=self.fragments,
            codec=facts.codec,
            width=facts.width,
            height=facts.height,
            timescale=facts.timescale,
            clock_offset_ms=closing.clock_offset_ms,
            dropped=closing.dropped,
            ends_run=closing.ends_run,
        )


def read_contents(data: boxes.Bytes) -> Contents | None:
    """The whole parts of a file; None if it holds no whole fragment. Reads the boxes, not the pictures."""
    try:
        head = read_head(data)
    except FootageError:
        return None
    if head is None:
        return None
    with memoryview(data)[head.size :] as rest:
        fragments = tuple(read_fragments(rest, head.size, head.facts.timescale))
    if not fragments:
        return None
    size = fragments[-1].end
    last = next(boxes.walk(data, size), None)
    closing = None if last is None else _closing(data, last)
    return Contents(head, fragments, closing, size if closing is None or last is None else last.end)


def _closing(data: boxes.Bytes, box: boxes.Box) -> Closing | None:
    if box.kind != b"uuid" or bytes(data[box.body : box.body + 16]) != boxes.CLOSING_UUID:
        return None
    try:
        closing = Closing.from_json(bytes(data[box.body + 16 : box.end]))
    except (ValueError, TypeError, RecursionError):
        return None
    is_sound = closing.ends_run in (None, *get_args(EndReason)) and isinstance(closing.clock_offset_ms, int | None)
    return closing if is_sound and isinstance(closing.dropped, int) else None


def read_head(data: boxes.Bytes) -> Head | None:
    """The head; None while it is not completely written. FootageError if this is not a segment file."""
    init_end = 0
    for box in boxes.walk(data):
        if box.kind in (b"ftyp", b"moov"):
            init_end = box.end
        elif box.kind == b"uuid" and bytes(data[box.body : box.body + 16]) == boxes.IDENTITY_UUID:
            init = bytes(data[:init_end])
            try:
                identity, facts = Identity.from_json(bytes(data[box.body + 16 : box.end])), boxes.init_facts(init)
            except _GARBAGE as error:
                raise FootageError("the head of a segment file cannot be read") from error
            if not _is_sound(identity) or facts.timescale == 0:
                raise FootageError("the head of a segment file holds impossible values")
            return Head(init, identity, facts, box.end)
        else:
            raise FootageError("not a segment file: no identity before the first fragment")
    return None


def _is_sound(identity: Identity) -> bool:
    texts = (identity.camera_id, identity.run_id, identity.segment_id, identity.node)
    counts = (identity.run_started_us, identity.sequence, identity.started_us, identity.epoch)
    return (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(count, int) and 0 <= count < _LARGEST for count in counts)
        and identity.stream in STREAMS
        and identity.origin in get_args(Origin)
        and max(identity.run_started_us, identity.started_us) < _LATEST_US
    )


def read_fragments(data: bytes | memoryview, base: int, timescale: int) -> list[Fragment]:
    """The whole fragments in `data`, which begins at file offset `base`.

    Stops before the first fragment that is torn or, after a power cut, garbage. The fragments before it are valid.
    """
    fragments: list[Fragment] = []
    start: int | None = None
    wall_us = 0
    facts: boxes.MoofFacts | None = None
    for box in boxes.walk(data):
        if box.kind == b"prft":
            if box.end - box.body < _PRFT_BODY:
                break
            start, wall_us, facts = box.start, boxes.prft_wall_us(data, box), None
        elif box.kind == b"moof" and start is not None:
            try:
                # Audio stands before the video. The video's mdat ends the fragment.
                facts = None if is_audio(data, box.start, box.end) else boxes.moof_facts(data, box)
            except _GARBAGE:
                break
        elif box.kind == b"mdat" and start is not None and facts is None:
            continue
        elif box.kind == b"mdat" and start is not None and facts is not None:
            duration_us = facts.duration * 1_000_000 // timescale
            if max(duration_us, box.end - start) >= _LONGEST or not 0 <= wall_us < _LATEST_US:
                break
            if facts.decode_time >= _LARGEST:
                break
            fragments.append(
                Fragment(base + start, box.end - start, wall_us, duration_us, facts.decode_time, facts.is_key)
            )
            start = facts = None
        else:
            break
    return fragments
