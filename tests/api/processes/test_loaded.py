"""What lives for months in memory: the libraries that the recording processes must not have loaded while they work."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import psutil
import pytest

from shike.api.processes.keep_config import KeepConfig
from shike.api.settings import Settings
from shike.camera_sim import CameraSim
from shike.capture import become
from tests.recorded import wait_until

from .outage import House
from .test_outage import indexed, is_recording, registered

LOADED = Path(__file__).parent / "loaded"
# Nobody who records needs these; each is some megabytes.
NOWHERE = {"cv2", "numpy", "onnxruntime", "alembic", "mako", "fastapi", "starlette", "uvicorn", "pydantic", "typer"}
NOWHERE |= {"rich", "click", "psutil", "rfc3161_client", "http", "shike.api.settings", "shike.api.commands.cli"}
NOT_IN = {
    "shike.capture.recorder.supervisor": {
        "av",
        "cryptography",
        "sqlalchemy",
        "hashlib",
        "ssl",
        "asyncio",
        "shike.capture.archive.files",
    },
    "shike.capture.recorder.shard": {"sqlalchemy", "ssl", "asyncio", "email", "shike.capture.recorder.supervisor"},
    "shike.api.processes.keep_process": {
        "av",
        "shike.capture.recorder.segmenter",
        "shike.attendance.counting.detector",
    },
}


@pytest.fixture
def house(tmp_path: Path, sim: CameraSim, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    (tmp_path / "loaded").mkdir()
    monkeypatch.setenv("LOADED_FOLDER", str(tmp_path / "loaded"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(LOADED), os.environ.get("PYTHONPATH", "")]))
    house = registered(tmp_path, sim)
    yield house
    house.stop()


def test_what_records_and_what_keeps_have_loaded_nothing_that_only_their_start_or_others_need(house: House) -> None:
    house.start("keep", "capture")
    wait_until(lambda: is_recording(house) and indexed(house), "a segment is recorded and indexed")
    keep, recorder = (psutil.Process(house.running[name].pid) for name in ("keep", "capture"))
    (shard,) = [child for child in recorder.children() if "shike.capture.recorder.shard" in child.cmdline()]
    for process in (keep, recorder, shard):
        process.send_signal(signal.SIGUSR1)
    for module, unwanted in NOT_IN.items():
        said = house.data / "loaded" / module
        wait_until(said.exists, f"{module} tells what it has loaded")
        loaded = set(said.read_text().split())
        assert module.rpartition(".")[0] in loaded  # it is the product's process that tells
        assert loaded & (NOWHERE | unwanted) == set(), module


def test_the_supervisor_loads_nothing_but_what_watches_over_processes() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import shike.api.processes.supervisor, sys; print(*sys.modules)"],
        check=True,
        capture_output=True,
    )
    unwanted = NOWHERE | NOT_IN["shike.capture.recorder.supervisor"]
    assert set(said.stdout.decode().split()) & unwanted == set()


def test_what_a_process_is_told_as_it_goes_on_stands_in_no_list_of_processes(house: House) -> None:
    house.start("keep")
    keep = psutil.Process(house.running["keep"].pid)
    wait_until(lambda: "shike.api.processes.keep_process" in keep.cmdline(), "it has become the keeper")
    assert str(house.data) not in " ".join(keep.cmdline())
    wait_until((house.data / "state" / "desired.json").exists, "it has read what it was told")


def test_what_the_keeper_is_told_is_what_the_settings_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(
        node="n", data_dir=tmp_path, database_url="postgresql://who:secret@host/db", sample_interval_s=1.5,
        recording_mode="timetable", days_main=3, days_sub=2, hold_flagged_sessions="open", floor_gb=0.5,
        floor_percent=7, checkpoint_minutes=0.5, timestamp_authority_url="http://there", timestamp_minutes=2,
    )  # fmt: skip
    told = KeepConfig.from_json(KeepConfig.of(settings).to_json())
    assert {f.name: getattr(told, f.name) for f in fields(told)} == {
        f.name: getattr(settings, f.name) for f in fields(told)
    }


def test_more_than_a_pipe_holds_is_not_handed_over() -> None:
    with pytest.raises(ValueError, match="too many"):
        become.become("shike.capture.recorder.supervisor", "info", "x" * 100_000)
