"""The default interval of a count: how far it may be from the truth in a room that is not accepted.

Not here: the measured interval of an accepted room, which replaces the default (judgement/acceptance.py).
Measurements: docs/design/counting.md.
"""

import math
from dataclasses import dataclass

SPURIOUS_SHARE = 0.10
SPURIOUS_LEAST = 1
UNSEEN_SHARE = 0.5
UNSEEN_LEAST = 2


@dataclass(frozen=True, slots=True)
class CountInterval:
    """At least `low` and at most `high` people, both included. The count lies in the interval."""

    low: int
    high: int


def before_acceptance(count: int) -> CountInterval:
    """The interval of a room that is not accepted, for a count of 0 or more. ValueError below 0.

    Not symmetric, because detectors miss more people than they invent: few counted boxes are not heads, but half or
    more of the bowed heads and heads from behind are missed, and dim or strongly compressed video loses more. The
    upper end is therefore 50 % above the count and at least 2: an "empty" room that is not accepted is never proven
    empty.
    """
    if count < 0:
        raise ValueError("a count is never negative")
    spurious = max(SPURIOUS_LEAST, math.ceil(count * SPURIOUS_SHARE))
    unseen = max(UNSEEN_LEAST, math.ceil(count * UNSEEN_SHARE))
    return CountInterval(low=max(0, count - spurious), high=count + unseen)
