"""Pictures that cannot be counted."""

import numpy as np
import pytest

from shike.attendance.counting.detector import Detection, Image
from shike.attendance.counting.headcount import count_heads
from shike.attendance.counting.picture_health import fault

from .recording import WhiteSquares, draw


class Unreachable(WhiteSquares):
    """A detector that must not be called."""

    def detect(self, image: Image) -> tuple[Detection, ...]:
        raise AssertionError("a picture that shows nothing was sent to the detector")


def noise(level: int, amplitude: int) -> Image:
    random = np.random.default_rng(7)
    return (level + random.integers(-amplitude, amplitude + 1, (180, 320, 3))).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (np.zeros((720, 1280, 3), np.uint8), "dark"),
        (noise(8, 8), "dark"),
        (np.full((720, 1280, 3), 128, np.uint8), "uniform"),
        (noise(200, 6), "uniform"),
    ],
)
def test_a_picture_that_shows_nothing_gives_no_number_and_says_why(picture: Image, reason: str) -> None:
    counted = count_heads(picture, Unreachable())
    assert not counted.valid
    assert counted.invalid_reason == reason
    assert (counted.count, counted.low, counted.high) == (None, None, None)


def test_a_classroom_without_people_is_a_valid_zero() -> None:
    counted = count_heads(draw(people=0), WhiteSquares())
    assert counted.valid
    assert (counted.count, counted.low) == (0, 0)


def test_a_class_that_watches_slides_in_the_dark_can_be_counted() -> None:
    picture = noise(6, 6)
    picture[20:90, 120:200] = 230
    assert fault(picture) is None
