"""Whether a picture can be counted. A picture that shows nothing gives no number, and never zero people.

Here: checks of the luminance of one picture. Not here: checks that need several pictures (frozen, moved or repeated
ones). Design: docs/design/counting.md.
"""

from typing import Literal

import cv2
import numpy as np

from shike.attendance.counting.detector import Image

Fault = Literal["dark", "uniform"]

DARK_MEAN = 20.0
DARK_BRIGHTEST = 48.0
"""Luminance 0..255, of the mean and of the 95th percentile. Both must be lower: a class that watches slides with the
lights off is dark except for the screen."""
UNIFORM_DEVIATION = 8.0
"""Standard deviation of luminance. Measured: classrooms by day 56 to 74, a covered lens or grey test picture 0 to 5."""

_CHECKED_SIZE = (320, 180)


def fault(image: Image) -> Fault | None:
    """Why a picture (height × width × 3, BGR) cannot be counted; None if it can."""
    # Every n-th pixel instead of averages: cheap, and the noise of a dark sensor is not smoothed away.
    small = cv2.resize(image, _CHECKED_SIZE, interpolation=cv2.INTER_NEAREST)
    luminance = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    if luminance.mean() < DARK_MEAN and np.percentile(luminance, 95) < DARK_BRIGHTEST:
        return "dark"
    if luminance.std() < UNIFORM_DEVIATION:
        return "uniform"
    return None
