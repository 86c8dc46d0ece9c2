"""A shard whose volumes refuse: running recordings go on, and what was recorded is closed."""

import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from shike.camera_sim import CameraSim
from shike.capture.archive.spool import Spool
from shike.capture.clock import SystemClock
from shike.capture.recorder import camera, health
from shike.capture.recorder.assignment import ASSIGNMENT_FILE
from shike.capture.recorder.config import CaptureConfig
from shike.capture.recorder.shard import Shard
from tests.capture.evidence import OTHER
from tests.recorded import CAMERA, wait_until, want
from tests.recording import SHORT, camera_thread, sharing


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
        wait_until(lambda: (read := health.read(state)) and read[CAMERA, "main"].state == "recording", "it records")
        assignment.unlink()
        assignment.mkdir()  # refuses to be read, even by root
        wait_until(lambda: "cannot be read: Is a directory" in caplog.text, "it is logged", 10)
        time.sleep(1)
        assert shard.is_alive() and caplog.text.count("cannot be read") == 1
    finally:
        halt.set()
        shard.join(20)
    assert [record.ends_run for record in Spool(tmp_path / "spool").pending()][-1] == "stopped"


def test_a_run_whose_volume_refuses_at_the_end_of_its_window_is_closed_once_the_volume_works(
    sim: CameraSim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera, "_CLOSE_AGAIN_S", 0.1)
    recording = sharing(tmp_path)
    thread = camera_thread(sim, recording)
    thread.start()
    wait_until(lambda: thread.health.state == "recording", "it records")
    # A file in place of the folder makes every write fail, even for root.
    shutil.rmtree(tmp_path / "spool")
    (tmp_path / "spool").write_text("")
    thread.stop("off_schedule")
    wait_until(lambda: thread.health.cause == "disk_failed" or not thread.is_alive(), "the failure is reported", 20)
    key = recording.archive.open_key(CAMERA, "main")
    assert key is not None and thread.is_alive()
    (tmp_path / "spool").unlink()
    (tmp_path / "spool").mkdir()
    thread.join(20)
    assert recording.archive.open_key(CAMERA, "main") is None
    (record,) = [each for each in recording.spool.pending() if each.key == key]
    assert record.ends_run == "off_schedule"
    assert not thread.is_alive() and thread.health.state == "stopped"


def test_a_thread_that_waits_for_a_disk_that_hangs_is_not_stuck_and_goes_on_when_the_disk_does(
    sim: CameraSim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, goes_on = threading.Event(), threading.Event()
    goes_on.set()

    def hanging(real: Callable[[int], None]) -> Callable[[int], None]:
        def sync(fd: int) -> None:
            if threading.current_thread().name == f"disk-{CAMERA}" and not goes_on.is_set():
                held.set()
                assert goes_on.wait(60)
            real(fd)

        return sync

    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, hanging(getattr(os, name)))
    want(tmp_path, sim, (CAMERA, "main", "/hall/main"), (OTHER, "main", "/hall/sub"))
    state, halt = tmp_path / "state", threading.Event()
    (state / ASSIGNMENT_FILE).write_text(json.dumps({"s0": [[CAMERA, "main"], [OTHER, "main"]]}))
    config = CaptureConfig(tmp_path / "footage", tmp_path / "spool", state, tmp_path / "keys", "test", SHORT)
    config = replace(config, watchdog_s=1.5)

    def state_of(camera: str) -> tuple[str, str | None]:
        stream = health.read(state).get((camera, "main"))
        return ("", None) if stream is None else (stream.state, stream.cause)

    shard = threading.Thread(target=Shard("s0", config, SystemClock(), halt).run)
    shard.start()
    stuck: list[object] = []
    try:
        wait_until(lambda: state_of(CAMERA)[0] == state_of(OTHER)[0] == "recording", "both record")
        goes_on.clear()
        assert held.wait(60)
        sim.faults("hall/main").cut = True  # its connection ends; its last jobs wait for the disk

        def is_reported() -> bool:
            streams = json.loads((state / "beat-s0.json").read_bytes())["stuck"]
            stuck.extend(each for each in streams if each[0] == CAMERA)  # on a busy machine, the other may be late
            return state_of(CAMERA) == ("backing_off", "disk_failed")

        wait_until(is_reported, "the disk failure is reported")
        until_s = time.monotonic() + 2 * config.watchdog_s
        wait_until(lambda: is_reported() and time.monotonic() > until_s, "twice the watchdog's time has passed")
        assert state_of(OTHER) == ("recording", None)
        goes_on.set()
        wait_until(lambda: state_of(CAMERA)[0] == "recording", "it records again")
    finally:
        goes_on.set()
        halt.set()
        shard.join(20)
    assert stuck == []
    ends = {record.ends_run for record in Spool(tmp_path / "spool").pending() if record.ends_run}
    assert ends == {"connection_lost", "stopped"}, "no run was recovered as killed"


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
