"""Libraries that the long-lived processes must not have loaded while they work (docs/decisions/0014)."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from shike.camera_sim import CameraSim
from shike.capture import become
from tests.recorded import wait_until

from .outage import House
from .test_outage import indexed, is_recording, registered

LOADED = Path(__file__).parent / "loaded"
# Each is some megabytes. Neither recording nor housekeeping needs a detector or a web server.
NOWHERE = {"cv2", "numpy", "onnxruntime", "fastapi", "starlette", "uvicorn", "psutil", "rfc3161_client"}
# Reading settings and migrating need these; what records must not keep them.
NOT_AFTER_THE_START = {"alembic", "mako", "pydantic", "typer", "rich", "click", "http"}
NOT_AFTER_THE_START |= {"shike.api.settings", "shike.api.commands.cli"}
KEEP = "shike.api.commands.cli"
NOT_IN = {
    "shike.capture.recorder.supervisor": NOT_AFTER_THE_START
    | {
        "av",
        "cryptography",
        "sqlalchemy",
        "hashlib",
        "ssl",
        "asyncio",
        "shike.capture.archive.files",
    },
    "shike.capture.recorder.shard": NOT_AFTER_THE_START
    | {"sqlalchemy", "ssl", "asyncio", "email", "shike.capture.recorder.supervisor"},
    KEEP: {
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


def test_recorder_and_housekeeper_have_loaded_nothing_that_only_others_need(house: House) -> None:
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
    house.start("capture")
    recorder = psutil.Process(house.running["capture"].pid)
    wait_until(lambda: "shike.capture.recorder.supervisor" in recorder.cmdline(), "it has become the recorder")
    assert str(house.data) not in " ".join(recorder.cmdline())
    wait_until((house.data / "state" / "capture.lock").exists, "it has read what it was told")


def test_more_than_a_pipe_holds_is_not_handed_over() -> None:
    with pytest.raises(ValueError, match="too many"):
        become.become("shike.capture.recorder.supervisor", "info", "x" * 100_000)
