"""Two hours of a camera whose clock drifts by 200 ppm, recorded with a simulated clock (a day: bench/drift.py)."""

from pathlib import Path

import pytest
from bench.drift import worst_error_us


@pytest.mark.parametrize("ppm", [200, -200])
def test_times_of_a_drifting_camera_stay_within_a_tenth_of_a_second(tmp_path: Path, ppm: int) -> None:
    worst_us, fragments, runs = worst_error_us(tmp_path, 2.0, ppm, frame_step=5)
    assert worst_us <= 100_000
    assert (runs, fragments > 10_000) == (1, True)
