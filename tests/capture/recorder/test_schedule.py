"""Recording by windows: a stream rests between them, by the shard's own clock, and its health shows that."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shike.camera_sim import CameraSim
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import SegmentRecord
from shike.capture.archive.spool import Spool
from shike.capture.recorder import health
from shike.capture.recorder.desired import Desired
from shike.capture.recorder.health import StreamHealth
from shike.capture.schedule import NEVER_US, rest_at
from tests.capture.recorder_process import RecorderProcess
from tests.recorded import CAMERA, wait_until, want

S = 1_000_000
OTHER = "01900000-0000-7000-8000-000000000002"


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[RecorderProcess]:
    recorder = RecorderProcess(tmp_path, segment_s=2.0)
    yield recorder
    recorder.stop()


def now_us() -> int:
    return time.time_ns() // 1000


def plan(data: Path, windows: tuple[tuple[int, int], ...]) -> None:
    """Set the windows of the first camera. The other one is always recorded."""
    desired = Desired.load(data / "state")
    streams = (replace(w, windows=windows) if w.camera_id == CAMERA else w for w in desired.streams)
    Desired(desired.version + 1, tuple(streams)).store(data / "state")


def stream_health(data: Path) -> StreamHealth | None:
    return health.read(data / "state").get((CAMERA, "main"))


def state(data: Path) -> str | None:
    stream = stream_health(data)
    return stream.state if stream else None


def records(data: Path, camera_id: str) -> list[SegmentRecord]:
    return [record for record in Spool(data / "spool").pending() if record.identity.camera_id == camera_id]


def test_a_stream_is_recorded_in_its_windows_and_rests_between_them(
    sim: CameraSim, tmp_path: Path, recorder: RecorderProcess
) -> None:
    want(tmp_path, sim, (CAMERA, "main", "/hall/main"), (OTHER, "main", "/hall/sub"))
    plan(tmp_path, ())
    recorder.start()
    # Without a window it rests without a planned end and makes no connection. The other camera is not affected.
    wait_until(recorder.is_recording, "the other camera records")
    resting = stream_health(tmp_path)
    assert resting is not None
    assert (resting.state, resting.cause, resting.next_try_us) == ("resting", "off_schedule", None)
    assert records(tmp_path, CAMERA) == [] and Archive(tmp_path / "footage").tail(CAMERA, "main") is None

    began_us = now_us()
    plan(tmp_path, ((began_us, began_us + 3600 * S),))
    wait_until(lambda: state(tmp_path) == "recording", "the first window is recorded")
    # The plan is not changed any more: the shard alone ends and begins recording.
    first, second = (began_us, now_us() + 2 * S), (now_us() + 6 * S, now_us() + 3600 * S)
    plan(tmp_path, (first, second))
    wait_until(lambda: state(tmp_path) == "resting", "it rests after the window")
    resting = stream_health(tmp_path)
    assert resting is not None and resting.next_try_us == second[0] and resting.since_us >= first[1]
    wait_until(lambda: records(tmp_path, CAMERA)[-1:] and records(tmp_path, CAMERA)[-1].ends_run, "its run has ended")
    last = records(tmp_path, CAMERA)[-1]
    assert last.ends_run == "off_schedule"
    assert first[0] <= records(tmp_path, CAMERA)[0].wall_start_us and last.wall_end_us >= first[1] - S
    wait_until(lambda: state(tmp_path) == "recording", "the second window is recorded")
    opened = Archive(tmp_path / "footage").tail(CAMERA, "main")
    assert opened is not None and opened.identity.run_id != last.identity.run_id
    recorder.stop()
    assert {record.identity.run_id for record in records(tmp_path, OTHER)} == {
        records(tmp_path, OTHER)[0].identity.run_id
    }


def test_what_a_killed_shard_left_is_closed_although_its_stream_rests(
    sim: CameraSim, tmp_path: Path, recorder: RecorderProcess
) -> None:
    want(tmp_path, sim, (CAMERA, "main", "/hall/main"), (OTHER, "main", "/hall/sub"))
    recorder.start()
    wait_until(lambda: recorder.is_recording(2), "both record")
    (shard,) = recorder.shards
    shard.suspend()  # it must not read the plan before it is killed
    over_us = now_us()
    plan(tmp_path, ((over_us - 3600 * S, over_us),))
    shard.kill()
    wait_until(lambda: state(tmp_path) == "resting", "it rests in the next shard")
    resting = stream_health(tmp_path)
    assert resting is not None and resting.since_us == over_us, "it counts from the window's end"
    assert records(tmp_path, CAMERA)[-1].ends_run == "killed"
    assert Archive(tmp_path / "footage").open_key(CAMERA, "main") is None


def test_rest_at_gives_the_pause_around_a_moment() -> None:
    windows = ((10, 20), (30, 40))
    assert [rest_at(windows, now) for now in (0, 9, 10, 19, 20, 29, 30, 40)] == [
        (0, 10),
        (0, 10),
        None,
        None,
        (20, 30),
        (20, 30),
        None,
        (40, NEVER_US),
    ]
    assert rest_at((), 5) == (0, NEVER_US)


def test_a_stream_that_must_rest_ends_its_run_with_that_reason_and_comes_back(
    sim: CameraSim, tmp_path: Path, recorder: RecorderProcess
) -> None:
    want(tmp_path, sim, (CAMERA, "main", "/hall/main"))
    recorder.start()
    wait_until(lambda: state(tmp_path) == "recording", "it records")
    desired = Desired.load(tmp_path / "state")
    Desired(2, tuple(replace(each, rest="storage_full") for each in desired.streams)).store(tmp_path / "state")
    wait_until(lambda: state(tmp_path) == "resting", "it rests")
    resting = stream_health(tmp_path)
    assert resting is not None and (resting.cause, resting.next_try_us) == ("storage_full", None)
    wait_until(lambda: records(tmp_path, CAMERA)[-1:] and records(tmp_path, CAMERA)[-1].ends_run, "its run has ended")
    assert records(tmp_path, CAMERA)[-1].ends_run == "storage_full"
    Desired(3, desired.streams).store(tmp_path / "state")
    wait_until(lambda: state(tmp_path) == "recording", "it records again")


def test_changed_settings_end_a_run_with_that_reason_and_keep_the_time_since_when_it_is_not_recorded(
    sim: CameraSim, tmp_path: Path, recorder: RecorderProcess
) -> None:
    want(tmp_path, sim, (CAMERA, "main", "/hall/main"))
    recorder.start()
    wait_until(lambda: state(tmp_path) == "recording", "it records")
    desired = Desired.load(tmp_path / "state")
    Desired(2, tuple(replace(each, path="/no/such") for each in desired.streams)).store(tmp_path / "state")
    wait_until(lambda: state(tmp_path) == "refused", "the new address is refused")
    last, refused = records(tmp_path, CAMERA)[-1], stream_health(tmp_path)
    assert last.ends_run == "settings_changed"
    assert refused is not None and abs(refused.since_us - last.wall_end_us) < S
    Desired(3, tuple(replace(each, path="/nor/this") for each in desired.streams)).store(tmp_path / "state")
    wait_until(lambda: (stream := stream_health(tmp_path)) and stream.attempt == 0, "another thread takes over")
    wait_until(lambda: (stream := stream_health(tmp_path)) and stream.attempt == 1, "it is refused, too")
    refused_again = stream_health(tmp_path)
    assert refused_again is not None and refused_again.since_us == refused.since_us
    (shard,) = recorder.shards
    shard.kill()
    wait_until(lambda: recorder.shards and recorder.shards[0].pid != shard.pid, "another shard")
    wait_until(
        lambda: (stream := stream_health(tmp_path)) and (stream.attempt == 0 or stream.state != "refused"),
        "its first health",
    )
    wait_until(lambda: state(tmp_path) == "refused", "it is refused by the next shard, too")
    refused_still = stream_health(tmp_path)
    assert refused_still is not None and refused_still.since_us == refused.since_us
