"""Counting heads: from boxes to a number."""

from shike.attendance.counting.detector import Detection, Detector, Image
from shike.attendance.counting.headcount import count_heads

from .recording import WhiteSquares, draw


class Unsure(WhiteSquares):
    """Sees the same three heads with falling confidence, whatever the picture shows."""

    def detect(self, image: Image) -> tuple[Detection, ...]:
        return tuple(Detection(0.1, 0.1, 0.123456, 0.2, score) for score in (0.9, 0.5, 0.1))


def test_every_white_square_is_a_head() -> None:
    detector: Detector = WhiteSquares()
    counted = count_heads(draw(people=11), detector)
    assert counted.count == 11
    assert counted.low is not None and counted.high is not None
    assert counted.low <= 11 <= counted.high


def test_boxes_below_the_threshold_are_kept_but_do_not_count() -> None:
    counted = count_heads(draw(people=1), Unsure())
    assert counted.count == 2
    assert len(counted.detections) == 3
    assert counted.threshold == 0.5


def test_a_box_is_kept_as_four_corners_and_a_score() -> None:
    assert Unsure().detect(draw(0))[1].as_row() == [0.1, 0.1, 0.1235, 0.2, 0.5]
