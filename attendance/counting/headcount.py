"""Counts the people in one picture: picture health, detector, threshold and interval, in that order.

Used for recorded samples, and for the test picture of a camera's address. Not here: which pictures are counted
(sampling.py). Design: docs/design/counting.md.
"""

import time
from dataclasses import dataclass

from shike.attendance.counting import picture_health
from shike.attendance.counting.detector import Detection, Detector, Image
from shike.attendance.counting.interval import before_acceptance


@dataclass(frozen=True, slots=True)
class HeadCount:
    """People in a picture. Not `valid`: the picture cannot be counted; `count`, `low`, `high` are None, and
    `invalid_reason` is set.

    `detections`: all from LOWEST_SCORE up, also those below `threshold`. `took_ms`: time of the detector only.
    """

    count: int | None
    low: int | None
    high: int | None
    invalid_reason: str | None
    detections: tuple[Detection, ...]
    threshold: float
    took_ms: int

    @property
    def valid(self) -> bool:
        return self.invalid_reason is None


def count_heads(image: Image, detector: Detector) -> HeadCount:
    """Count the people in a picture (height × width × 3, BGR)."""
    reason = picture_health.fault(image)
    if reason is not None:
        return HeadCount(None, None, None, reason, (), detector.threshold, 0)
    started = time.perf_counter()
    detections = detector.detect(image)
    took_ms = round((time.perf_counter() - started) * 1000)
    count = sum(detection.score >= detector.threshold for detection in detections)
    interval = before_acceptance(count)
    return HeadCount(count, interval.low, interval.high, None, detections, detector.threshold, took_ms)
