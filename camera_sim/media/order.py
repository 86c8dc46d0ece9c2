"""Which group of pictures is sent at which time: a function of the wall clock and a seed.

So two cameras with the same seed and the same number and length of groups are in step without communicating, and a
client that connects again sees what it would have seen without the break.
"""

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

OrderName = Literal["mixed", "straight"]


@dataclass(frozen=True)
class GopOrder:
    """``straight`` repeats the clip. ``mixed`` sends the whole clip once per round, in pieces in a changing order."""

    gops: int
    seed: str
    name: OrderName = "mixed"

    def gop_at(self, slot: int) -> int:
        """The group of a slot. Slots are counted from 1970 and last as long as one group."""
        turn, place = divmod(slot, self.gops)
        return place if self.name == "straight" else _mixed(self.gops, self.seed, turn)[place]


@lru_cache(maxsize=256)
def _mixed(gops: int, seed: str, turn: int) -> tuple[int, ...]:
    """The order of one round, in pieces of two to five groups, so that people do not jump at every keyframe."""
    choice = random.Random(f"{seed}/{turn}")  # noqa: S311 - a repeatable order, no secret
    pieces: list[range] = []
    start = 0
    while start < gops:
        end = min(gops, start + choice.randint(2, 5))
        pieces.append(range(start, end))
        start = end
    choice.shuffle(pieces)
    return tuple(gop for piece in pieces for gop in piece)
