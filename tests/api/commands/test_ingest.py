"""`shike ingest` as typed on a console."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shike.api.commands.cli import app
from shike.api.processes.keep import Housekeeper
from shike.capture.archive.spool import Spool
from shike.capture.moment import rfc3339_us
from tests.api.filmed import Filmed
from tests.capture.recorder.test_ingest import write
from tests.recorded import CAMERA, timed_strips

START_US = 1_790_000_000_000_000


@pytest.fixture
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("lesson") / "lesson.mp4", 100)


@pytest.fixture
def typed(filmed: Filmed, monkeypatch: pytest.MonkeyPatch) -> Filmed:
    """Commands work on the service's data folder."""
    monkeypatch.setenv("SHIKE_DATA_DIR", str(filmed.service.settings.data_dir))
    monkeypatch.setenv("COLUMNS", "400")
    return filmed


def ingest(file: Path, start: str, camera: str = CAMERA) -> Result:
    return CliRunner().invoke(app, ["ingest", str(file), "--camera", camera, "--start", start])


def keep(filmed: Filmed) -> None:
    Housekeeper(filmed.service.settings, filmed.service.database, filmed.service.clock).index_spool()


def test_what_was_imported_is_played_back_and_exported_as_imported(typed: Filmed, lesson: Path) -> None:
    start = rfc3339_us(START_US)
    done = ingest(lesson, str(start), camera="Front")
    assert done.exit_code == 0, done.output
    assert "100 pictures" in done.output and "imported" in done.output
    for _ in range(2):  # first found in the spool, then in the index
        timeline = typed.get("/timeline", from_=START_US, to=START_US + 4_000_000).json()
        assert [(span["origin"], span["open"]) for span in timeline["spans"]] == [("imported", False)]
        keep(typed)
    answer = typed.get("/export", from_=START_US, to=START_US + 4_000_000)
    assert [frame for frame, _ in timed_strips(answer.content)] == list(range(100))
    assert b"[imported]" in answer.content and b'"imported"' in answer.content


def test_nothing_is_stored_over_footage_that_is_there(typed: Filmed, lesson: Path) -> None:
    refused = ingest(lesson, str(rfc3339_us(typed.start_us - 2_000_000)))
    assert refused.exit_code != 0 and "there is footage already" in refused.output
    assert ingest(lesson, str(rfc3339_us(START_US))).exit_code == 0
    # Also over an import that is not indexed yet.
    again = ingest(lesson, str(rfc3339_us(START_US + 3_000_000)))
    assert again.exit_code != 0 and "there is footage already" in again.output
    assert ingest(lesson, str(rfc3339_us(START_US + 4_100_000))).exit_code == 0


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("2026-11-20T08:30:00", "no time with a zone"),
        ("yesterday", "no time with a zone"),
        ("2999-01-01T00:00:00+08:00", "in the future"),
    ],
)
def test_a_start_that_is_no_moment_is_refused(typed: Filmed, lesson: Path, start: str, message: str) -> None:
    refused = ingest(lesson, start)
    assert refused.exit_code == 2 and message in refused.output
    assert list(Spool(typed.service.settings.spool_dir).pending()) == []


def test_garbage_and_an_unknown_camera_are_refused_in_words(typed: Filmed, lesson: Path, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.mp4"
    garbage.write_text("no video")
    refused = ingest(garbage, "2026-09-21T08:30:00+08:00")
    assert refused.exit_code == 2 and "garbage.mp4 cannot be read as video" in refused.output
    refused = ingest(lesson, "2026-09-21T08:30:00+08:00", camera="Nowhere")
    assert refused.exit_code == 2 and "0 cameras are called Nowhere" in refused.output


def test_an_import_leaves_the_reserve_of_the_volume_free(
    typed: Filmed, lesson: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIKE_DISK_RESERVE_MB", str(1 << 20))
    refused = ingest(lesson, str(rfc3339_us(START_US)))
    assert refused.exit_code == 2 and "MB left" in refused.output and "check free space" in refused.output
    assert list(Spool(typed.service.settings.spool_dir).pending()) == []
