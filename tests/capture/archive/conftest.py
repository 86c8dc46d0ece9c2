"""A segment that a dead writer left open."""

from pathlib import Path

import pytest

from tests.recording import Recorded

from .left_open import Left


@pytest.fixture
def left(recorded: Recorded, tmp_path: Path) -> Left:
    return Left(recorded, tmp_path)
