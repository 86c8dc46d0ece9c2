"""How far a count may be from the truth before anybody has checked the room.

Here: the default interval. Not here: intervals learnt from a room's own checked samples, which replace it later.
Figures behind it: docs/design/counting.md.
"""

import math
from dataclasses import dataclass

SPURIOUS_SHARE = 0.10
SPURIOUS_LEAST = 1
UNSEEN_SHARE = 0.5
UNSEEN_LEAST = 2


@dataclass(frozen=True, slots=True)
class CountInterval:
    """At least `low` and at most `high` people, both included; the count lies between."""

    low: int
    high: int


def before_acceptance(count: int) -> CountInterval:
    """The interval of a room that nobody has checked yet, for a count of 0 or more. ValueError below 0.

    Not symmetric, because detectors miss more than they invent: few boxes that count are no heads, while bowed heads
    and heads from behind are missed by half and more, and dim or strongly compressed video costs further people. The
    upper end therefore reaches half as high again as the count, and never stays below 2: an "empty" room that was not
    checked is not proven empty.
    """
    if count < 0:
        raise ValueError("a count is never negative")
    spurious = max(SPURIOUS_LEAST, math.ceil(count * SPURIOUS_SHARE))
    unseen = max(UNSEEN_LEAST, math.ceil(count * UNSEEN_SHARE))
    return CountInterval(low=max(0, count - spurious), high=count + unseen)
