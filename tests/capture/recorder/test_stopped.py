"""SIGTERM: runs are closed and the recorder has ended within five seconds, even with a silent camera."""

import time
from pathlib import Path

from shike.camera_sim import CameraSim
from tests.capture.evidence import (
    FOURTH,
    OTHER,
    THIRD,
    ends,
    expect_everything_known_and_playable,
    promised_s,
    runs_of,
)
from tests.capture.recorder_process import RecorderProcess
from tests.recorded import CAMERA, wait_until, want


def test_a_stopped_recorder_closes_every_run_and_ends_in_five_seconds_although_one_camera_is_silent(
    four: CameraSim, tmp_path: Path, recorder: RecorderProcess
) -> None:
    recorder.settings = {"SHIKE_READ_TIMEOUT_SECONDS": "30", "SHIKE_WATCHDOG_SECONDS": "65"}
    paths = {CAMERA: "/hall/main", OTHER: "/hall/sub", THIRD: "/third/main", FOURTH: "/no/such"}
    want(tmp_path, four, *[(camera, "main", path) for camera, path in paths.items()])
    recorder.start()
    wait_until(lambda: recorder.is_recording(3), "three record, one is refused")
    four.silence("third/main")
    time.sleep(1)
    assert recorder.process is not None
    began = time.monotonic()
    recorder.process.terminate()
    assert recorder.process.wait(60) == 0
    took_s = time.monotonic() - began
    print(f"ended after {took_s:.1f} s")
    assert took_s < promised_s(5)
    for camera in (CAMERA, OTHER, THIRD):
        assert ends(runs_of(tmp_path, camera)) == ["stopped"]
    expect_everything_known_and_playable(tmp_path)
