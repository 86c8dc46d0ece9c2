"""A full volume: what is written stays intact, the cause is reported, and recording starts again by itself."""

import time
from pathlib import Path

from shike.camera_sim import CameraSim
from tests.capture.evidence import (
    OTHER,
    ends,
    expect_all_but_half_a_second,
    expect_everything_known_and_playable,
    now_us,
    recorded_of,
    runs_of,
)
from tests.capture.recorder_process import RecorderProcess
from tests.capture.volume import Volume
from tests.recorded import CAMERA, wait_until, want


def test_a_full_volume_ends_the_runs_on_it_and_no_other(
    four: CameraSim, tmp_path: Path, recorder: RecorderProcess, volume: Volume
) -> None:
    (tmp_path / "footage").mkdir()
    (volume.path / "footage").mkdir()
    (tmp_path / "footage" / CAMERA).symlink_to(volume.path / "footage")
    recorder.segment_s, recorder.settings = 2, {"SHIKE_DISK_RESERVE_MB": "0"}
    want(tmp_path, four, (CAMERA, "main", "/hall/main"), (OTHER, "main", "/hall/sub"))
    recorder.start()
    wait_until(lambda: runs_of(tmp_path), "a segment is closed")
    shards = [shard.pid for shard in recorder.shards]
    filled_us = now_us()
    volume.fill()
    wait_until(lambda: recorder.fails_with(CAMERA, "disk_full"), "the full volume is reported")
    wait_until(lambda: recorder.attempts(CAMERA) >= 2, "another attempt")
    assert recorder.records(OTHER)
    volume.empty()
    wait_until(lambda: recorder.records(CAMERA), "it records again by itself")
    time.sleep(0.5)
    assert [shard.pid for shard in recorder.shards] == shards, "a recording process ended"
    recorder.stop()

    full, again = runs_of(tmp_path).values()
    assert ends(runs_of(tmp_path)) == ["disk_full", "stopped"]
    expect_all_but_half_a_second(tmp_path, full, filled_us, "hall/main")
    assert recorded_of(tmp_path, again, "hall/main")
    (other,) = runs_of(tmp_path, OTHER).values()
    assert other[-1].ends_run == "stopped" and recorded_of(tmp_path, other, "hall/sub")
    expect_everything_known_and_playable(tmp_path)


def test_recording_leaves_a_reserve_and_where_others_take_that_too_no_process_ends(
    four: CameraSim, tmp_path: Path, recorder: RecorderProcess, volume: Volume
) -> None:
    for part in ("footage", "spool", "state", "keys"):
        (volume.path / part).mkdir()
        (tmp_path / part).symlink_to(volume.path / part)
    recorder.segment_s, recorder.settings = 2, {"SHIKE_DISK_RESERVE_MB": "8", "SHIKE_SYNC_SECONDS": "0.5"}
    want(tmp_path, four, (CAMERA, "main", "/hall/main"))
    recorder.start()
    wait_until(lambda: recorder.records(CAMERA), "it records")
    shards = [shard.pid for shard in recorder.shards]

    # The reserve: there is still room to close the run and to report the cause.
    volume.fill(leave_bytes=4 << 20)
    wait_until(lambda: ends(runs_of(tmp_path)) == ["disk_full"], "the run is closed")
    wait_until(lambda: recorder.fails_with(CAMERA, "disk_full"), "the full volume is reported")
    assert volume.free() > 3 << 20, "the reserve was recorded to"
    volume.empty()
    wait_until(lambda: recorder.records(CAMERA), "it records again by itself")

    # Another program fills the reserve, too: not even the state folder can be written.
    filled_us = now_us()
    volume.fill()
    wait_until(
        lambda: recorder.fails_with(CAMERA, "disk_full"),
        "it is reported although the state folder is full",
    )
    assert [shard.pid for shard in recorder.shards] == shards, "a recording process ended"

    # A recorder that starts on a full volume waits for room.
    recorder.kill_tree()
    volume.fill()
    recorder.start()
    wait_until(lambda: "No space left" in recorder.log or recorder.fails_with(CAMERA, "disk_full"), "it logs why")
    time.sleep(1)
    assert recorder.process is not None and recorder.process.poll() is None
    volume.empty()
    wait_until(lambda: recorder.records(CAMERA), "it records without being started again")
    recorder.stop()
    runs = runs_of(tmp_path)
    assert ends(runs) == ["disk_full", "disk_full", "stopped"] or ends(runs) == ["disk_full", "killed", "stopped"]
    expect_all_but_half_a_second(tmp_path, list(runs.values())[1], filled_us, "hall/main")
    expect_everything_known_and_playable(tmp_path)
