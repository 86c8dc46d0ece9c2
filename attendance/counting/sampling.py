"""Chooses the keyframes that are counted. Pure functions of the sample interval and the existing keyframes.

Time is divided into slots of one interval, counted from 1970 and the same for every camera; the sample of a slot is
its first keyframe. So live counting, the backlog and a second counter choose the same pictures independently, and
cameras of one room are sampled together. A slot without a keyframe has no sample.
Not here: reading the footage (live.py, backlog.py). Design: docs/design/counting.md.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from shike.capture.archive.segment import Fragment


def slot_of(wall_us: int, interval_us: int) -> int:
    """The slot that a moment belongs to."""
    return wall_us // interval_us


def slot_start_us(slot: int, interval_us: int) -> int:
    """The beginning of a slot, µs UTC."""
    return slot * interval_us


def due_keyframes(fragments: Iterable[Fragment], taken: Collection[int], interval_us: int) -> list[Fragment]:
    """The keyframes to count, oldest first: the first one of each slot that is not in `taken`.

    `fragments`: of one stream, in order of time. Fragments that do not begin with a keyframe are ignored.
    """
    chosen: dict[int, Fragment] = {}
    for fragment in fragments:
        slot = slot_of(fragment.wall_us, interval_us)
        if fragment.is_key and slot not in taken:
            chosen.setdefault(slot, fragment)
    return list(chosen.values())


@dataclass(frozen=True, slots=True)
class SkippedStretch:
    """Slots of a camera, [from, to), that will not be counted, and why: behind, no_footage or unreadable."""

    camera_id: str
    from_us: int
    to_us: int
    reason: str


def skipped(camera_id: str, keyframes: Iterable[Fragment], interval_us: int, reason: str) -> list[SkippedStretch]:
    """The slots of keyframes that will not be counted; adjacent ones merged. Whole slots, so they touch exactly."""
    stretches: list[SkippedStretch] = []
    for slot in sorted({slot_of(keyframe.wall_us, interval_us) for keyframe in keyframes}):
        begin, end = slot_start_us(slot, interval_us), slot_start_us(slot + 1, interval_us)
        if stretches and stretches[-1].to_us == begin:
            begin = stretches.pop().from_us
        stretches.append(SkippedStretch(camera_id, begin, end, reason))
    return stretches


@dataclass(frozen=True, slots=True)
class Waiting:
    """A camera that waits for the detector: its newest due keyframe, and when it was last served (monotonic)."""

    camera_id: str
    keyframe: Fragment
    served_at: float


def fairest(waiting: Sequence[Waiting]) -> Waiting | None:
    """The camera that was served longest ago: one that always has a keyframe due cannot block the others."""
    return min(waiting, key=lambda one: (one.served_at, one.keyframe.wall_us, one.camera_id), default=None)


def too_old(available_us: int, now_us: int, limit_us: int) -> bool:
    """Whether footage has waited so long that it is skipped instead of counted.

    `available_us`: when the footage entered the index, not when it was filmed. An import from last year is new work.
    """
    return now_us - available_us > limit_us
