"""`kill -9` while recording: everything received half a second before is on disk, and recording starts again."""

import time
from pathlib import Path

import psutil
import pytest

from shike.camera_sim import CameraSim
from shike.capture.archive.files import Archive
from shike.capture.recorder import health
from shike.capture.recorder.desired import Desired
from tests.capture.evidence import OTHER, expect_all_but_half_a_second, runs_of
from tests.capture.recorder_process import RecorderProcess
from tests.recorded import CAMERA, position, sent_frames, strips, wait_until, want, whole_run


# The first moment is in the middle of a segment, the second just before its end. Random ones: test_killed_at_random.
@pytest.mark.long
@pytest.mark.parametrize("after_s", [1.0, 3.9])
def test_a_killed_recorder_loses_half_a_second_and_the_next_one_goes_on(
    sim: CameraSim, tmp_path: Path, recorder: RecorderProcess, after_s: float
) -> None:
    want(tmp_path, sim, (CAMERA, "main", "/hall/main"))
    recorder.start()
    wait_until(recorder.is_recording, "it records")
    time.sleep(after_s)
    killed_us = time.time_ns() // 1000
    recorder.kill_tree()
    wait_until(lambda: sent_frames(tmp_path / "sent.jsonl")[-1].sent_us > killed_us - 500_000, "the log is written")
    before = len(sent_frames(tmp_path / "sent.jsonl"))

    recorder.start()
    # If a segment was full just before the kill, the run has two.
    wait_until(lambda: any(run[-1].ends_run for run in runs_of(tmp_path).values()), "the open segment is closed")
    (records,) = list(runs_of(tmp_path).values())[:1]
    assert records[-1].ends_run == "killed"
    assert all(record.ends_run is None for record in records[:-1])
    expect_all_but_half_a_second(tmp_path, records, killed_us, "hall/main")
    for record in records:
        assert strips(Archive(tmp_path / "footage").read(record.key, 0, record.size))

    wait_until(recorder.is_recording, "it records again")
    recorder.stop()
    runs = runs_of(tmp_path)
    assert len(runs) == 2
    second = list(runs.values())[1]
    assert second[-1].ends_run == "stopped"
    assert position(sent_frames(tmp_path / "sent.jsonl"), strips(whole_run(Archive(tmp_path / "footage"), second)))
    assert len(sent_frames(tmp_path / "sent.jsonl")) > before


def test_a_killed_shard_is_started_again_and_another_one_never_notices(
    sim: CameraSim, tmp_path: Path, recorder: RecorderProcess
) -> None:
    recorder.cameras_per_shard = 1
    want(tmp_path, sim, (CAMERA, "main", "/hall/main"), (OTHER, "main", "/hall/sub"))
    recorder.start()
    wait_until(lambda: recorder.is_recording(2), "both record")
    time.sleep(1)
    victim = next(shard for shard in recorder.shards if shard.cmdline()[-1] == "s0")
    killed_us = time.time_ns() // 1000
    victim.kill()
    wait_until(lambda: runs_of(tmp_path), "the open segment is closed")
    wait_until(lambda: recorder.is_recording(2), "both record")
    time.sleep(1)
    recorder.stop()
    first = list(runs_of(tmp_path).values())
    assert [records[-1].ends_run for records in first] == ["killed", "stopped"]
    expect_all_but_half_a_second(tmp_path, first[0], killed_us, "hall/main")
    (other,) = runs_of(tmp_path, OTHER).values()
    assert other[-1].ends_run == "stopped"
    position(sent_frames(tmp_path / "sent.jsonl", "hall/sub"), strips(whole_run(Archive(tmp_path / "footage"), other)))


def test_shards_close_their_runs_when_the_recorder_alone_is_killed_and_the_next_one_waits_for_them(
    sim: CameraSim, tmp_path: Path, recorder: RecorderProcess
) -> None:
    want(tmp_path, sim, (CAMERA, "main", "/hall/main"))
    recorder.start()
    wait_until(recorder.is_recording, "it records")
    shards = recorder.shards
    assert recorder.process is not None
    # Silence the camera first, so that the old shard cannot end at once.
    sim.silence("hall/main")
    time.sleep(0.3)
    recorder.process.kill()
    recorder.process.wait()
    recorder.start()
    time.sleep(1)
    sim.silence("hall/main", False)
    wait_until(lambda: not any(shard.is_running() for shard in shards), "the old shard is gone")
    wait_until(recorder.is_recording, "it records again")
    assert Archive(tmp_path / "footage").open_key(CAMERA, "main") is not None
    recorder.stop()
    files = {str(path.relative_to(tmp_path / "footage")) for path in (tmp_path / "footage").rglob("*.mp4")}
    assert files == {record.key for records in runs_of(tmp_path).values() for record in records}


def test_a_stopped_recorder_leaves_no_process_and_no_snapshot_that_says_recording(
    sim: CameraSim, tmp_path: Path, recorder: RecorderProcess
) -> None:
    want(tmp_path, sim, (CAMERA, "main", "/hall/main"))
    recorder.start()
    wait_until(recorder.is_recording, "it records")
    shards = recorder.shards
    recorder.stop()
    assert not any(shard.is_running() and shard.status() != psutil.STATUS_ZOMBIE for shard in shards)
    assert health.read(tmp_path / "state") == {}


def test_a_camera_that_is_not_wanted_any_more_stops_and_its_last_segment_is_closed(
    sim: CameraSim, tmp_path: Path, recorder: RecorderProcess
) -> None:
    want(tmp_path, sim, (CAMERA, "main", "/hall/main"), (CAMERA, "sub", "/hall/sub"))
    recorder.start()
    wait_until(lambda: recorder.is_recording(2), "both streams record")
    want(tmp_path, sim, (CAMERA, "main", "/hall/main"), version=2)
    wait_until(lambda: runs_of(tmp_path), "the sub-stream's segment is closed")
    (records,) = runs_of(tmp_path).values()
    assert records[-1].identity.stream == "sub" and records[-1].ends_run == "stopped"
    assert recorder.is_recording()
    assert Desired.load(tmp_path / "state").version == 2


def test_a_second_recorder_on_the_same_folder_is_refused(
    sim: CameraSim, tmp_path: Path, recorder: RecorderProcess
) -> None:
    want(tmp_path, sim, (CAMERA, "main", "/hall/main"))
    recorder.start()
    wait_until(recorder.is_recording, "it records")
    second = RecorderProcess(tmp_path)
    second.start()
    assert second.process is not None and second.process.wait(60) == 2
    assert "another recorder is at work" in recorder.log
    assert recorder.is_recording()
