"""A shard whose volumes refuse at a bad moment: what runs goes on, and what was recorded is closed."""

import json
import shutil
import threading
import time
from pathlib import Path

import pytest
from tests.recorded import CAMERA, wait_until, want
from tests.recording import SHORT, camera_thread, sharing

from shike.camera_sim import CameraSim
from shike.capture import camera, health
from shike.capture.assignment import ASSIGNMENT_FILE
from shike.capture.clock import SystemClock
from shike.capture.config import CaptureConfig
from shike.capture.shard import Shard
from shike.capture.spool import Spool


def test_a_state_folder_that_cannot_be_read_ends_no_shard(
    sim: CameraSim, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    want(tmp_path, sim, (CAMERA, "main", "/hall/main"))
    state, halt = tmp_path / "state", threading.Event()
    assignment = state / ASSIGNMENT_FILE
    assignment.write_text(json.dumps({"s0": [[CAMERA, "main"]]}))
    config = CaptureConfig(tmp_path / "footage", tmp_path / "spool", state, tmp_path / "keys", "test", SHORT)
    shard = threading.Thread(target=Shard("s0", config, SystemClock(), halt).run)
    shard.start()
    try:
        wait_until(lambda: (said := health.read(state)) and said[CAMERA, "main"].state == "recording", "it records")
        assignment.unlink()
        assignment.mkdir()  # refuses to be read, even by root
        wait_until(lambda: "cannot be read: Is a directory" in caplog.text, "it is said", 10)
        time.sleep(1)
        assert shard.is_alive() and caplog.text.count("cannot be read") == 1
    finally:
        halt.set()
        shard.join(20)
    assert [record.ends_run for record in Spool(tmp_path / "spool").pending()][-1] == "stopped"


def test_a_run_that_its_volume_does_not_let_end_when_its_window_is_over_is_ended_when_it_does(
    sim: CameraSim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera, "_SETTLE_EVERY_S", 0.1)
    recording = sharing(tmp_path)
    thread = camera_thread(sim, recording)
    thread.start()
    wait_until(lambda: thread.health.state == "recording", "it records")
    # A file in the place of the folder refuses every write, even to root.
    shutil.rmtree(tmp_path / "spool")
    (tmp_path / "spool").write_text("")
    thread.stop("off_schedule")
    wait_until(lambda: thread.health.cause == "disk_failed" or not thread.is_alive(), "the failure is said", 20)
    key = recording.archive.open_key(CAMERA, "main")
    assert key is not None and thread.is_alive()
    (tmp_path / "spool").unlink()
    (tmp_path / "spool").mkdir()
    thread.join(20)
    assert recording.archive.open_key(CAMERA, "main") is None
    (record,) = [each for each in recording.spool.pending() if each.key == key]
    assert record.ends_run == "off_schedule"
    assert not thread.is_alive() and thread.health.state == "stopped"


def test_a_thread_that_waits_for_its_volume_ends_with_its_process(sim: CameraSim, tmp_path: Path) -> None:
    recording = sharing(tmp_path)
    thread = camera_thread(sim, recording)
    thread.start()
    wait_until(lambda: thread.health.state == "recording", "it records")
    shutil.rmtree(tmp_path / "spool")
    (tmp_path / "spool").write_text("")
    thread.stop()
    thread.give_up()
    thread.join(20)
    assert not thread.is_alive()
