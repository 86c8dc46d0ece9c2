"""Whether a picture can be counted at all. A picture that shows nothing gives no number: never zero people.

Here: what one picture tells by its light alone. Not here: what takes several pictures (frozen, moved, repeated).
Design: docs/design/counting.md.
"""

from typing import Literal

import cv2
import numpy as np

from shike.attendance.counting.detector import Image

Fault = Literal["dark", "uniform"]

DARK_MEAN = 20.0
DARK_BRIGHTEST = 48.0
"""Luminance 0..255. Both must hold: a class that watches slides with the lights off is dark but for the screen."""
UNIFORM_DEVIATION = 8.0
"""Standard deviation of luminance. Classrooms by day have 56 to 74, a covered lens or a grey test picture 0 to 5."""

_GLANCE = (320, 180)


def fault(image: Image) -> Fault | None:
    """Why a picture (height × width × 3, BGR) cannot be counted, None if it can."""
    # Every n-th pixel, not an average of all: the noise of a dark sensor stays what it is, and it costs little.
    small = cv2.resize(image, _GLANCE, interpolation=cv2.INTER_NEAREST)
    luminance = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    if luminance.mean() < DARK_MEAN and np.percentile(luminance, 95) < DARK_BRIGHTEST:
        return "dark"
    if luminance.std() < UNIFORM_DEVIATION:
        return "uniform"
    return None
