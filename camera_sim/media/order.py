"""Which group of pictures is shown when: a function of the wall clock alone.

Two cameras with the same seed and as many groups of the same length are therefore in step without talking to each
other, and a client that comes back meets the moment it would have seen.
"""

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

OrderName = Literal["mixed", "straight"]


@dataclass(frozen=True)
class GopOrder:
    """``straight`` repeats the clip; ``mixed`` shows, in each round, all of it once, in pieces of changing order."""

    gops: int
    seed: str
    name: OrderName = "mixed"

    def gop_at(self, slot: int) -> int:
        """The group shown in a slot; slots are counted from 1970 in units of a group's length."""
        turn, place = divmod(slot, self.gops)
        return place if self.name == "straight" else _mixed(self.gops, self.seed, turn)[place]


@lru_cache(maxsize=256)
def _mixed(gops: int, seed: str, turn: int) -> tuple[int, ...]:
    """Pieces of two to five groups keep people from jumping at every keyframe."""
    choice = random.Random(f"{seed}/{turn}")  # noqa: S311 - a repeatable order, no secret
    pieces: list[range] = []
    start = 0
    while start < gops:
        end = min(gops, start + choice.randint(2, 5))
        pieces.append(range(start, end))
        start = end
    choice.shuffle(pieces)
    return tuple(gop for piece in pieces for gop in piece)
