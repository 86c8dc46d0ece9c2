"""Fuses the counts of a room's cameras into one count per room and slot. Pure functions.

The product assumes that all cameras of a room see the same seats. So counts are not added: the largest one is the
room's. People whom only another camera sees are then missing; the upper end of the interval must cover them, and pages
tell the reader. Not here: how far a count may be from the truth (acceptance.py). Design: docs/design/judgement.md.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """One counted picture of one camera. `at_us`: evidence time, µs UTC. Not valid: count, low and high are None."""

    camera_id: str
    at_us: int
    count: int | None
    low: int | None
    high: int | None
    valid: bool
    model_digest: str = ""


@dataclass(frozen=True, slots=True)
class RoomCount:
    """People in a room at a time, between low and high. Not valid: no camera had a picture that could be counted.

    `cameras`: those whose pictures were used; if there are several, the count is the largest of theirs.
    """

    at_us: int
    count: int
    low: int
    high: int
    valid: bool
    cameras: tuple[str, ...]


def fuse(samples: Iterable[Seen], slot_us: int, model: str | None = None) -> tuple[RoomCount, ...]:
    """The room's counts, one per slot that has a sample, in order of time.

    `model`: digest of the weights of the preferred detector; its sample is used if several detectors have counted a
    picture. Count, low and high are each the largest of the cameras.
    """
    slots: dict[int, dict[str, Seen]] = defaultdict(dict)
    for seen in sorted(samples, key=lambda each: (each.at_us, each.model_digest == model, each.model_digest)):
        slots[seen.at_us // slot_us][seen.camera_id] = seen
    return tuple(_fused(cameras) for _, cameras in sorted(slots.items()))


def _fused(cameras: dict[str, Seen]) -> RoomCount:
    usable = {camera: seen for camera, seen in sorted(cameras.items()) if seen.valid}
    if not usable:
        return RoomCount(min(seen.at_us for seen in cameras.values()), 0, 0, 0, False, tuple(sorted(cameras)))
    return RoomCount(
        at_us=min(seen.at_us for seen in usable.values()),
        count=max(seen.count or 0 for seen in usable.values()),
        low=max(seen.low or 0 for seen in usable.values()),
        high=max(seen.high or 0 for seen in usable.values()),
        valid=True,
        cameras=tuple(usable),
    )
