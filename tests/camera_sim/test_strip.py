"""The strip of bits is read as it was painted, at both sizes; damage is noticed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shike.camera_sim.media import strip


@given(view=st.integers(0, 15), frame=st.integers(0, 65535), size=st.sampled_from([(720, 1280), (360, 640)]))
def test_a_strip_is_read_as_it_was_painted(view: int, frame: int, size: tuple[int, int]) -> None:
    picture = np.full(size, 90, np.uint8)
    strip.paint(picture, strip.Strip(view, frame))
    assert strip.read(picture) == strip.Strip(view, frame)


@pytest.mark.parametrize("cell", range(32))
def test_one_wrong_cell_is_noticed(cell: int) -> None:
    picture = np.full((720, 1280), 90, np.uint8)
    strip.paint(picture, strip.Strip(2, 777))
    band = picture[704:, cell * 40 : cell * 40 + 40]
    band[:] = 255 - band
    assert strip.read(picture) is None


def test_a_picture_without_a_strip_has_none() -> None:
    assert strip.read(np.zeros((720, 1280), np.uint8)) is None
    assert strip.read(np.zeros((20, 20), np.uint8)) is None
