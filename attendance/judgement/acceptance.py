"""Acceptance of a room: how far its counts are from the truth, from pictures that a person has counted.

A room is accepted once a person has counted at least ten of its pictures, spread over its occupancy. Only then may its
counts raise flags that accuse, and its interval is the measured one. Pure functions. Not here: which picture to ask
about (labelling.py), storing what people enter (api/flags/acceptance.py). Design: docs/design/judgement.md.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from types import MappingProxyType
from typing import Literal

from shike.attendance.counting.interval import UNSEEN_LEAST, CountInterval
from shike.attendance.judgement.room_counts import RoomCount

LEAST_SAMPLES = 10
LEAST_PER_PART = 2
LEAST_OCCUPIED = 3
"""A room whose fullest picture shows fewer people was not seen in use."""
NEAR_EMPTY = 2
"""Counts up to this one measure the error of an empty room."""
SHOWN_SHARE = 0.02
"""Samples of the middle third are required only if more than this share of the room's samples lie in it."""
NOTHING: Mapping[int, int] = MappingProxyType({})

OccupancyBand = Literal["low", "middle", "high"]
PARTS: tuple[OccupancyBand, ...] = ("low", "middle", "high")
MissingSamples = Literal["samples", "occupied", "low", "middle", "high"]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """How well a room is counted. Errors in heads; None before the first sample.

    `mae`: mean absolute error; `bias`: mean of counted − true; `low_error`, `high_error`: most heads counted too many
    and too few. `missing`: what acceptance still lacks, None once accepted. The last four fields give the interval.
    """

    accepted: bool
    samples: int
    mae: float | None
    bias: float | None
    low_error: int | None
    high_error: int | None
    missing: MissingSamples | None
    spurious_least: int = 0
    unseen_least: int = UNSEEN_LEAST
    spurious_share: float = 0.0
    unseen_share: float = 0.0

    def interval(self, count: int) -> CountInterval:
        """The measured interval around a count, both ends included. For accepted rooms."""
        spurious = max(self.spurious_least, math.ceil(count * self.spurious_share))
        unseen = max(self.unseen_least, math.ceil(count * self.unseen_share))
        return CountInterval(max(0, count - spurious), count + unseen)

    def narrow(self, counts: Iterable[RoomCount]) -> tuple[RoomCount, ...]:
        """Counts with the measured interval instead of the default one; unchanged if the room is not accepted."""
        return tuple(self._narrowed(each) if self.accepted and each.valid else each for each in counts)

    def _narrowed(self, count: RoomCount) -> RoomCount:
        interval = self.interval(count.count)
        return replace(count, low=interval.low, high=interval.high)


def assess(pairs: Sequence[tuple[int, int]], shown: Mapping[int, int] = NOTHING) -> Acceptance:
    """The acceptance of a room from (true, counted) pairs. `shown`: how many of its recent samples had each count.

    Near-empty pictures (counted ≤ 2) measure the error in heads; fuller ones measure it as a share of the count. Each
    side of the interval is the largest error seen: after n samples, the next one lies within it with probability
    n / (n + 1). Without near-empty pictures a room is never proven empty: the upper end is at least UNSEEN_LEAST.
    """
    if not pairs:
        return Acceptance(False, 0, None, None, None, None, "samples")
    errors = [counted - true for true, counted in pairs]
    near = [counted - true for true, counted in pairs if counted <= NEAR_EMPTY]
    far = [((counted - true) / counted) for true, counted in pairs if counted > NEAR_EMPTY]
    missing = _missing(pairs, shown)
    return Acceptance(
        accepted=missing is None,
        samples=len(pairs),
        mae=fmean(abs(error) for error in errors),
        bias=fmean(errors),
        low_error=max(0, *errors),
        high_error=max(0, *(-error for error in errors)),
        missing=missing,
        spurious_least=max([0, *near]),
        unseen_least=max([0, *(-error for error in near)]) if near else UNSEEN_LEAST,
        spurious_share=max([0.0, *far]),
        unseen_share=max([0.0, *(-share for share in far)]),
    )


def part_of(count: int, top: int) -> OccupancyBand:
    """The third of 0..top that a count lies in."""
    return PARTS[min(2, count * 3 // max(1, top))]


def top_of(pairs: Sequence[tuple[int, int]], shown: Mapping[int, int]) -> int:
    """The highest occupancy of the room: by a person's count, or by its samples without the top 1 % of those in use."""
    top = max((true for true, _ in pairs), default=0)
    in_use = sum(times for count, times in shown.items() if count)
    beyond = in_use // 100
    for count, times in sorted(shown.items(), reverse=True):
        beyond -= times
        if beyond < 0:
            return max(top, count)
    return top


def wanted_parts(pairs: Sequence[tuple[int, int]], shown: Mapping[int, int]) -> dict[OccupancyBand, int]:
    """How many samples each third of the occupancy still lacks. The lowest and highest are required if they occur."""
    top = top_of(pairs, shown)
    have = [part_of(true, top) for true, _ in pairs]
    occurs: Counter[OccupancyBand] = Counter()
    for count, times in shown.items():
        occurs[part_of(count, top)] += times
    lacking: dict[OccupancyBand, int] = {}
    for part in PARTS:
        least = SHOWN_SHARE * occurs.total() if part == "middle" else 0
        if occurs[part] > least or (not shown and part != "middle"):
            lacking[part] = max(0, LEAST_PER_PART - have.count(part))
    return lacking


def _missing(pairs: Sequence[tuple[int, int]], shown: Mapping[int, int]) -> MissingSamples | None:
    if len(pairs) < LEAST_SAMPLES:
        return "samples"
    if top_of(pairs, shown) < LEAST_OCCUPIED:
        return "occupied"
    return next((part for part, lacking in wanted_parts(pairs, shown).items() if lacking), None)
