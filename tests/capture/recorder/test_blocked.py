"""A thread blocked for ever inside FFmpeg: its shard is replaced, and the shard's other cameras record again."""

import os
import signal
import time
from datetime import datetime
from pathlib import Path

import pytest

from shike.camera_sim import CameraSim
from tests.capture.evidence import (
    GOP_S,
    OTHER,
    ends,
    expect_all_but_half_a_second,
    expect_everything_known_and_playable,
    now_us,
    promised_s,
    recorded_of,
    runs_of,
)
from tests.capture.faults_inside import FaultsInside
from tests.capture.recorder_process import RecorderProcess
from tests.recorded import CAMERA, wait_until, want

IMPATIENT = {"SHIKE_WATCHDOG_SECONDS": "8", "SHIKE_READ_TIMEOUT_SECONDS": "1.5"}


def test_a_blocked_thread_costs_the_others_of_its_shard_one_restart_and_no_second(
    four: CameraSim, tmp_path: Path, recorder: RecorderProcess
) -> None:
    faults = FaultsInside(tmp_path / "faults")
    recorder.settings = {**IMPATIENT, **faults.environment}
    want(tmp_path, four, (CAMERA, "main", "/hall/main"), (OTHER, "main", "/hall/sub"))
    recorder.start()
    wait_until(lambda: recorder.is_recording(2), "both record")
    time.sleep(1)
    (first,) = recorder.shards
    faults.block_reads(CAMERA)
    faults.began("block-read", CAMERA)
    blocked_us = now_us()
    wait_until(lambda: "shard s0 is stuck" in recorder.log, "the watchdog's message")
    stuck_us = logged_us(recorder.log, "shard s0 is stuck")
    wait_until(lambda: first.pid not in [shard.pid for shard in recorder.shards], "the shard has ended")
    # It blocks again, now in a shard of its own: that one is replaced, and the other camera is not affected.
    faults.began("block-read", CAMERA)
    wait_until(lambda: "shard s1 is stuck" in recorder.log, "the watchdog's second message")
    faults.release("block-read", CAMERA)
    wait_until(lambda: recorder.is_recording(2), "both record")
    recorder.stop()

    assert ends(runs_of(tmp_path, OTHER)) == ["killed", "stopped"]
    before, after = runs_of(tmp_path, OTHER).values()
    expect_all_but_half_a_second(tmp_path, before, stuck_us, "hall/sub")
    back_s = (after[0].wall_start_us - stuck_us) / 1_000_000
    print(f"recording again {back_s:.1f} s after the watchdog's message")
    assert back_s < promised_s(5) + GOP_S
    assert recorded_of(tmp_path, after, "hall/sub")
    runs = runs_of(tmp_path)
    assert set(ends(runs)[:-1]) == {"killed"} and ends(runs)[-1] == "stopped"
    expect_all_but_half_a_second(tmp_path, next(iter(runs.values())), blocked_us, "hall/main")
    expect_everything_known_and_playable(tmp_path)


def logged_us(log: str, text: str) -> int:
    """When a line of a log was written, µs UTC."""
    line = next(each for each in log.splitlines() if text in each)
    return int(datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S,%f").astimezone().timestamp() * 1_000_000)


@pytest.mark.long
def test_a_shard_whose_threads_all_stand_still_is_replaced(
    four: CameraSim, tmp_path: Path, recorder: RecorderProcess
) -> None:
    recorder.settings = IMPATIENT
    want(tmp_path, four, (CAMERA, "main", "/hall/main"))
    recorder.start()
    wait_until(recorder.is_recording, "it records")
    time.sleep(1)
    (shard,) = recorder.shards
    stopped_us = now_us()
    os.kill(shard.pid, signal.SIGSTOP)
    wait_until(lambda: "shard s0 is stuck" in recorder.log, "the watchdog's message")
    wait_until(lambda: runs_of(tmp_path), "its last segment is closed")
    wait_until(recorder.is_recording, "it records again")
    recorder.stop()
    assert ends(runs_of(tmp_path)) == ["killed", "stopped"]
    expect_all_but_half_a_second(tmp_path, next(iter(runs_of(tmp_path).values())), stopped_us, "hall/main")
    expect_everything_known_and_playable(tmp_path)
