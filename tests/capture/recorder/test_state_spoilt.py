"""Damaged files in the state folder: running recordings go on, and a recorder can start."""

import time
from pathlib import Path

from shike.camera_sim import CameraSim
from shike.capture.recorder.assignment import ASSIGNMENT_FILE
from shike.capture.recorder.desired import FILE_NAME
from tests.capture.evidence import ends, runs_of
from tests.capture.recorder_process import RecorderProcess
from tests.recorded import CAMERA, wait_until, want


def test_a_recorder_goes_on_and_starts_although_files_are_damaged(
    sim: CameraSim, tmp_path: Path, recorder: RecorderProcess
) -> None:
    state = tmp_path / "state"
    want(tmp_path, sim, (CAMERA, "main", "/hall/main"))
    recorder.start()
    wait_until(recorder.is_recording, "it records")
    shards = [shard.pid for shard in recorder.shards]
    for content in ("{", '{"version": 2, "streams": [{"camera_id": "x"}]}', "[]"):
        (state / FILE_NAME).write_text(content)
        time.sleep(1.2)
        assert recorder.is_recording(), recorder.log
    assert [shard.pid for shard in recorder.shards] == shards
    assert "the recorder cannot go on" in recorder.log
    recorder.stop()
    assert ends(runs_of(tmp_path)) == ["stopped"]

    (state / ASSIGNMENT_FILE).write_text("{")
    want(tmp_path, sim, (CAMERA, "main", "/hall/main"), version=3)
    recorder.start()
    wait_until(recorder.is_recording, "it records again")
