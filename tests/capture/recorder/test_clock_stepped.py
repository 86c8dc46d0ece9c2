"""The clock set an hour forward and back, and the end of summer time: nothing is overwritten or lost."""

import itertools
from datetime import UTC, datetime
from pathlib import Path

from shike.camera_sim import CameraSim
from tests.capture.evidence import (
    ends,
    expect_everything_known_and_playable,
    now_us,
    recorded_of,
    runs_of,
)
from tests.capture.faults_inside import FaultsInside
from tests.capture.recorder_process import RecorderProcess
from tests.recorded import CAMERA, sent_frames, wait_until, want

HOUR_US = 3_600_000_000
# At this moment clocks in Berlin went from 03:00 back to 02:00.
AUTUMN_US = int(datetime(2025, 10, 26, 1, 0, tzinfo=UTC).timestamp()) * 1_000_000
# A group of pictures, and the pictures that arrived while FFmpeg still held the last one.
MOST_LOST = 12


def test_steps_of_an_hour_begin_new_runs_and_the_end_of_summer_time_is_no_step(
    sim: CameraSim, tmp_path: Path, recorder: RecorderProcess
) -> None:
    faults = FaultsInside(tmp_path / "faults")
    recorder.segment_s = 2
    recorder.settings = {"TZ": "Europe/Berlin", **faults.environment}
    want(tmp_path, sim, (CAMERA, "main", "/hall/main"))
    recorder.start()
    wait_until(recorder.is_recording, "it records")
    ahead_us = [0, AUTUMN_US - 3_000_000 - now_us()]
    faults.set_clock(ahead_us[-1])
    wait_until(lambda: now_us() + ahead_us[1] > AUTUMN_US + 2_000_000, "the night in which clocks go back")
    for step_us in (HOUR_US, -HOUR_US):
        ahead_us.append(ahead_us[-1] + step_us)
        before = len(runs_of(tmp_path))
        faults.set_clock(ahead_us[-1])
        wait_until(lambda than=before: len(runs_of(tmp_path)) > than, "a segment of the next run")  # type: ignore[misc]
    recorder.stop()

    runs = runs_of(tmp_path)
    # In the order of the spool, which is that of ids. Ids contain the time of the machine, which was not changed.
    assert ends(runs) == ["clock_step", "clock_step", "clock_step", "stopped"]
    recorded = [
        recorded_of(tmp_path, records, "hall/main", ahead)
        for records, ahead in zip(runs.values(), ahead_us, strict=True)
    ]
    sent = sent_frames(tmp_path / "sent.jsonl")
    for earlier, later in itertools.pairwise(recorded):
        assert 0 < sent.index(later[0]) - sent.index(earlier[-1]) <= MOST_LOST
    night = [fragment for record in list(runs.values())[1] for fragment in record.fragments]
    assert night[0].wall_us < AUTUMN_US < night[-1].wall_us
    assert all(0 < later.wall_us - earlier.wall_us < 1_000_000 for earlier, later in itertools.pairwise(night))
    # The stored offset of the camera's clock shows every step.
    for records, ahead in zip(runs.values(), ahead_us, strict=True):
        offsets = {record.clock_offset_ms for record in records} - {None}
        assert all(abs((offset or 0) + ahead // 1000) < 2000 for offset in offsets)
    assert {record.clock_offset_ms for record in list(runs.values())[2]} != {None}
    expect_everything_known_and_playable(tmp_path)
