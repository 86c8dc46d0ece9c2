"""A read-only volume: it is reported, writing is tried again, and no process ends."""

import errno
import time
from pathlib import Path

import pytest

from shike.camera_sim import CameraSim
from shike.capture.archive.files import Archive
from tests.capture.evidence import (
    OTHER,
    ends,
    expect_everything_known_and_playable,
    recorded_of,
    runs_of,
)
from tests.capture.recorder_process import RecorderProcess
from tests.capture.volume import Volume
from tests.recorded import CAMERA, wait_until, want
from tests.recording import camera_thread, sharing


def test_a_camera_whose_volume_is_read_only_reports_it_while_the_others_record(
    four: CameraSim, tmp_path: Path, recorder: RecorderProcess, volume: Volume
) -> None:
    (tmp_path / "footage").mkdir()
    (volume.path / "footage").mkdir()
    (tmp_path / "footage" / CAMERA).symlink_to(volume.path / "footage")
    volume.read_only()
    recorder.settings = {"SHIKE_DISK_RESERVE_MB": "0"}
    want(tmp_path, four, (CAMERA, "main", "/hall/main"), (OTHER, "main", "/hall/sub"))
    recorder.start()
    wait_until(lambda: recorder.fails_with(CAMERA, "disk_failed"), "the failure is reported")
    wait_until(lambda: recorder.attempts(CAMERA) >= 2, "another attempt")
    assert recorder.records(OTHER)
    volume.read_only(False)
    wait_until(lambda: recorder.records(CAMERA), "it records by itself")
    recorder.stop()
    assert ends(runs_of(tmp_path)) == ends(runs_of(tmp_path, OTHER)) == ["stopped"]
    (other,) = runs_of(tmp_path, OTHER).values()
    assert recorded_of(tmp_path, other, "hall/sub")
    expect_everything_known_and_playable(tmp_path)


def test_a_recorder_that_starts_on_a_read_only_volume_waits_until_it_can_record(
    four: CameraSim, tmp_path: Path, recorder: RecorderProcess, volume: Volume
) -> None:
    for part in ("footage", "spool", "state", "keys"):
        (volume.path / part).mkdir()
        (tmp_path / part).symlink_to(volume.path / part)
    recorder.settings = {"SHIKE_DISK_RESERVE_MB": "0"}
    want(tmp_path, four, (CAMERA, "main", "/hall/main"))
    volume.read_only()
    recorder.start()
    wait_until(lambda: "Read-only file system" in recorder.log, "it logs why")
    time.sleep(1)
    assert recorder.process is not None and recorder.process.poll() is None
    assert recorder.log.count("Read-only file system") == 1
    volume.read_only(False)
    wait_until(lambda: recorder.records(CAMERA), "it records without being started again")
    recorder.stop()
    assert ends(runs_of(tmp_path)) == ["stopped"]
    expect_everything_known_and_playable(tmp_path)


def test_a_volume_that_refuses_at_every_attempt_is_logged_once(
    sim: CameraSim, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", "main.live.lock")

    thread = camera_thread(sim, sharing(tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr(Archive, "recover", refused)
        thread.start()
        wait_until(lambda: thread.health.attempt >= 2, "another attempt")
        assert (thread.health.state, thread.health.cause) == ("backing_off", "disk_failed")
    wait_until(lambda: thread.health.state == "recording", "it records by itself")
    thread.stop()
    thread.join(20)
    (line,) = [
        each for each in caplog.records if each.name == "shike.capture.recorder.camera" and each.levelname == "ERROR"
    ]
    assert CAMERA in line.message and "Read-only file system" in line.message and line.exc_info is None
