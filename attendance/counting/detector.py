"""The protocol of a detector of people: it takes a picture and returns boxes of heads.

Here: the protocol and its values. Not here: a particular detector (centerface.py), which of its boxes count as people
(headcount.py). Design: docs/design/counting.md.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""A picture: height × width × 3, BGR, 8 bits."""

LOWEST_SCORE = 0.1
"""Detectors report boxes from this score up, far below any threshold, so that stored samples can be re-evaluated with
another threshold."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A head: box corners in 0..1 of the picture's width and height, x0 < x1, y0 < y1; score in 0..1."""

    x0: float
    y0: float
    x1: float
    y1: float
    score: float

    def as_row(self) -> list[float]:
        """[x0, y0, x1, y1, score] as samples store it: four decimals, 0.2 pixels of a 1080p picture or less."""
        return [round(value, 4) for value in (self.x0, self.y0, self.x1, self.y1, self.score)]


class Detector(Protocol):
    """Finds heads. Each sample stores the `name` and `digest` (SHA-256 of the weights, hex) of its detector."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def threshold(self) -> float:
        """The score from which a box counts as a person, chosen by measurement for this detector."""
        ...

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """Every head with a score of at least LOWEST_SCORE, best first. Not thread-safe."""
        ...
