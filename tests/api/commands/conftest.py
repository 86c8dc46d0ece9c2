"""A service with recorded footage, on whose data folder commands work."""

from pathlib import Path

import pytest

from shike.capture.moment import rfc3339_us
from tests.api.filmed import Filmed
from tests.capture.recorder.test_ingest import write
from tests.recorded import CAMERA

from .typed import START_US, footage, keep


@pytest.fixture
def typed(filmed: Filmed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Filmed:
    """Commands work on the service's data folder, which has two live runs (main and sub) and an import."""
    monkeypatch.setenv("SHIKE_DATA_DIR", str(filmed.service.settings.data_dir))
    monkeypatch.setenv("COLUMNS", "400")
    lesson = write(tmp_path / "lesson.mp4", 100)
    start = str(rfc3339_us(START_US))
    assert footage("ingest", str(lesson), "--camera", CAMERA, "--start", start).exit_code == 0
    keep(filmed)
    return filmed
