"""What retention deletes, in which order, under which rule; when that is too much; who stops when nothing is left.

Pure functions over segments that are handed in oldest first, a few at a time. Times are µs UTC. Not here: reading the
index (keeping.py), deleting (deleting.py), the order of a clean-up (cleaning.py). Design: docs/design/retention.md.
"""

import heapq
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shike.capture.archive.segment import StreamKey, StreamName
from shike.capture.spans import Span

DeletionRule = Literal["age", "bytes", "floor"]
"""[from, to) in µs UTC."""
FlagHolds = Literal["no", "open", "confirmed"]
"""Which flags hold their class session: none, those that wait for a verdict, or the confirmed ones too."""

DAY_US = 86_400_000_000
FOR_EVER_US = 253_000_000_000_000_000
"""Later than any footage: the year 9987."""
IMPORTANCES = (1, 2, 3)
USUAL_IMPORTANCE = 2
_RETURN_PERCENT = 10
"""How much of the floor must be free above a mark before a camera that rests below it comes back."""
_SPARE_PERCENT = 15
"""How much of the floor a clean-up frees beyond it: more than cameras need to come back, less often than every beat."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is in force for one stream of one camera: days, bytes (None: no limit), and the row that says so."""

    days: int | None
    max_bytes: int | None
    rule_id: str | None = None

    def cutoff_us(self, now_us: int) -> int | None:
        """What ended by then is too old; None where age is no limit."""
        return None if self.days is None else now_us - self.days * DAY_US


@dataclass(frozen=True, slots=True)
class Defaults:
    """Days that footage is kept where nobody said otherwise, and which flags hold it."""

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
    """A segment that is to be deleted, and the rule that says so."""

    segment: Candidate
    rule: DeletionRule


@dataclass(frozen=True, slots=True)
class Amount:
    """How much footage: segments and bytes."""

    segments: int = 0
    bytes: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.segments + other.segments, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class Space:
    """The footage volume: bytes in all, bytes free, and how many are to stay free."""

    total: int
    free: int
    floor: int

    @property
    def is_low(self) -> bool:
        return self.free < self.floor


def free_stretches(held: Sequence[Span], until_us: int, from_us: int = 0) -> Iterator[Span]:
    """What of [from, until) is not held, in order. A segment is free if it lies within one of them as a whole.

    `held` is merged.
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
    """Whether any moment of a segment is held. `held` is merged."""
    # Of merged ranges that begin before the segment ends, the last one reaches furthest.
    before = bisect_left(held, segment.end_us, key=lambda each: each[0])
    return before > 0 and held[before - 1][1] > segment.start_us


def by_age(segments: Iterable[Candidate], cutoff_us: int, held: Sequence[Span]) -> Iterator[DueSegment]:
    """Segments that ended by the cutoff and are not held."""
    for segment in segments:
        if segment.start_us > cutoff_us:
            return
        if segment.end_us <= cutoff_us and not is_held(segment, held):
            yield DueSegment(segment, "age")


def by_bytes(segments: Iterable[Candidate], excess: int, held: Sequence[Span]) -> Iterator[DueSegment]:
    """The oldest segments that are not held, until `excess` bytes are found and not one segment more."""
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
    """Segments of all streams until `needed` bytes are found: the oldest day first, in it the least important."""

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
    """Whether deleting so much is more than half of what there is, by number or by bytes."""
    return due.segments * 2 > indexed.segments or due.bytes * 2 > indexed.bytes


def floor_bytes(total: int, floor_gb: float, floor_percent: float, reserve: int = 0) -> int:
    """How many bytes of a volume stay free: the smaller of the two limits (1 GB = 10⁹ bytes), 0 switches it off.

    `reserve`: what recording leaves free. A clean-up that began below it would come after recording has ended: the
    floor is twice that at least, as far as half of the volume goes.
    """
    floor = round(min(floor_gb * 1e9, total * floor_percent / 100))
    return max(floor, min(2 * reserve, total // 2)) if floor else 0


def needed_bytes(free: int, floor: int, *, scarce: bool) -> int:
    """How much a clean-up must free: nothing above the floor, else up to a little more than the floor.

    `scarce`: cameras rest because of it; then it goes on until they can come back.
    """
    target = floor + floor * _SPARE_PERCENT // 100
    return target - free if free < floor or (scarce and free < target) else 0


def resting(order: Sequence[str], before: Collection[str], free: int, floor: int, *, can_free: bool) -> frozenset[str]:
    """Which cameras stop recording for want of space. `order`: all that record, the least important first.

    The first rests below the floor, and the further the space shrinks the more do, all of them at nothing. Nobody
    begins to rest while a clean-up can still make room. Each comes back once a tenth of the floor is free above its
    mark.
    """
    back = floor * _RETURN_PERCENT // 100
    found = set()
    for place, camera_id in enumerate(order):
        mark = floor * (len(order) - place) // len(order)
        if camera_id in before:
            if free < mark + back:
                found.add(camera_id)
        elif free < mark and not can_free:
            found.add(camera_id)
    return frozenset(found)
