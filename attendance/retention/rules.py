"""Retention rules: which segments are due for deletion, in which order; when that is too much; which cameras rest.

Pure functions over segments that the caller passes oldest first, a page at a time. Times are µs UTC. Not here: reading
the index (keeping.py), deleting (deleting.py), the order of a clean-up (cleaning.py). Design: docs/design/retention.md.
"""

import heapq
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shike.capture.archive.segment import StreamKey, StreamName
from shike.capture.spans import Span

DeletionRule = Literal["age", "bytes", "floor"]
"""Why a segment is deleted: too old, the stream has too many bytes, or too little space is free."""
FlagHolds = Literal["no", "open", "confirmed"]
"""Which flags hold the footage of their class session: none, open ones, or open and confirmed ones."""

DAY_US = 86_400_000_000
FOR_EVER_US = 253_000_000_000_000_000
"""Later than any footage: the year 9987."""
IMPORTANCES = (1, 2, 3)
USUAL_IMPORTANCE = 2
_RETURN_PERCENT = 10
"""A resting camera records again when this share of the floor is free above its mark."""
_SPARE_PERCENT = 15
"""A clean-up frees this share of the floor more than the floor: enough for resting cameras to record again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force for one stream of a camera: days and bytes (None: no limit), and the id of the rule."""

    days: int | None
    max_bytes: int | None
    rule_id: str | None = None

    def cutoff_us(self, now_us: int) -> int | None:
        """Segments that ended at or before this moment are too old; None without a limit of age."""
        return None if self.days is None else now_us - self.days * DAY_US


@dataclass(frozen=True, slots=True)
class Defaults:
    """Days that footage is kept where no rule is stored, and which flags hold it."""

    days: Mapping[StreamName, int]
    flags: FlagHolds = "confirmed"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A closed segment as the index knows it, without its fragments."""

    segment_id: str
    camera_id: str
    stream: StreamName
    start_us: int
    end_us: int
    size: int


@dataclass(frozen=True, slots=True)
class DueSegment:
    """A segment that is due for deletion, and why."""

    segment: Candidate
    rule: DeletionRule


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of footage: segments and bytes."""

    segments: int = 0
    bytes: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.segments + other.segments, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class Space:
    """The footage volume in bytes: in total, free, and how many must stay free (the floor)."""

    total: int
    free: int
    floor: int

    @property
    def is_low(self) -> bool:
        return self.free < self.floor


def free_stretches(held: Sequence[Span], until_us: int, from_us: int = 0) -> Iterator[Span]:
    """The parts of [from, until) that are not held, in order. A segment is free if it lies within one of them.

    `held` is merged: in order and without overlap.
    """
    at_us = from_us
    for begin, end in held:
        if begin >= until_us:
            break
        if begin > at_us:
            yield at_us, begin
        at_us = max(at_us, end)
    if at_us < until_us:
        yield at_us, until_us


def is_held(segment: Candidate, held: Sequence[Span]) -> bool:
    """Whether any moment of a segment is held. `held` is merged: in order and without overlap."""
    # Of merged ranges that begin before the segment ends, the last one ends last.
    before = bisect_left(held, segment.end_us, key=lambda each: each[0])
    return before > 0 and held[before - 1][1] > segment.start_us


def by_age(segments: Iterable[Candidate], cutoff_us: int, held: Sequence[Span]) -> Iterator[DueSegment]:
    """Segments that ended at or before the cutoff and are not held."""
    for segment in segments:
        if segment.start_us > cutoff_us:
            return
        if segment.end_us <= cutoff_us and not is_held(segment, held):
            yield DueSegment(segment, "age")


def by_bytes(segments: Iterable[Candidate], excess: int, held: Sequence[Span]) -> Iterator[DueSegment]:
    """The oldest segments that are not held, just enough to reach `excess` bytes."""
    for segment in segments:
        if excess <= 0:
            return
        if not is_held(segment, held):
            excess -= segment.size
            yield DueSegment(segment, "bytes")


def by_floor(
    streams: Mapping[StreamKey, Iterable[Candidate]],
    importance: Mapping[str, int],
    held: Mapping[str, Sequence[Span]],
    needed: int,
) -> Iterator[DueSegment]:
    """Segments of all streams up to `needed` bytes: the oldest day first, within a day the least important camera."""

    def ordered(camera_id: str, segments: Iterable[Candidate]) -> Iterator[tuple[int, int, int, str, Candidate]]:
        rank = importance.get(camera_id, USUAL_IMPORTANCE)
        for segment in segments:
            if not is_held(segment, held.get(camera_id, ())):
                yield segment.start_us // DAY_US, rank, segment.start_us, segment.segment_id, segment

    for *_, segment in heapq.merge(*(ordered(camera_id, each) for (camera_id, _), each in streams.items())):
        if needed <= 0:
            return
        needed -= segment.size
        yield DueSegment(segment, "floor")


def too_much(due: Amount, indexed: Amount) -> bool:
    """Whether `due` is more than half of `indexed`, by number of segments or by bytes."""
    return due.segments * 2 > indexed.segments or due.bytes * 2 > indexed.bytes


def floor_bytes(total: int, floor_gb: float, floor_percent: float, reserve: int = 0) -> int:
    """The bytes of a volume that must stay free: the smaller of the two limits (1 GB = 10⁹ bytes); 0: no floor.

    `reserve`: recording ends when less than this is free. So that clean-ups begin earlier, the floor is at least twice
    the reserve, but at most half of the volume.
    """
    floor = round(min(floor_gb * 1e9, total * floor_percent / 100))
    return max(floor, min(2 * reserve, total // 2)) if floor else 0


def needed_bytes(free: int, floor: int, *, scarce: bool) -> int:
    """How many bytes a clean-up must free: none above the floor, else up to 15 % above the floor.

    `scarce`: cameras rest for want of space; then a clean-up is needed whenever less than 15 % above the floor is free.
    """
    target = floor + floor * _SPARE_PERCENT // 100
    return target - free if free < floor or (scarce and free < target) else 0


def resting(order: Sequence[str], before: Collection[str], free: int, floor: int, *, can_free: bool) -> frozenset[str]:
    """The cameras that rest (do not record) for want of space. `order`: all cameras, the least important first.

    Each camera has a mark: the floor for the first, evenly less for the next ones. A camera rests when less than its
    mark is free, but not while a clean-up can still free space (`can_free`). It records again when a tenth of the
    floor is free above its mark. `before`: the cameras that rest now.
    """
    back = floor * _RETURN_PERCENT // 100
    rested = set()
    for place, camera_id in enumerate(order):
        mark = floor * (len(order) - place) // len(order)
        if camera_id in before:
            if free < mark + back:
                rested.add(camera_id)
        elif free < mark and not can_free:
            rested.add(camera_id)
    return frozenset(rested)
