"""A disk that fails once, or hangs: a file of unknown content is abandoned; a slow disk costs no packet."""

import errno
import itertools
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from shike.camera_sim import CameraSim, Mount, SimConfig
from shike.capture.archive.segment import SegmentRecord
from shike.capture.errors import DiskError
from shike.capture.recorder.disk_queue import DiskQueue
from tests.capture.evidence import (
    FOURTH,
    OTHER,
    THIRD,
    ends,
    expect_all_but_half_a_second,
    expect_everything_known_and_playable,
    now_us,
    recorded_of,
    runs_of,
)
from tests.capture.faults_inside import FaultsInside
from tests.capture.recorder_process import RecorderProcess
from tests.recorded import CAMERA, position, sent_frames, strips, wait_until, want, whole_run
from tests.recording import camera_thread, sharing

REFUSED = {CAMERA: ("write", "hall/main"), OTHER: ("fdatasync", "hall/sub"), THIRD: ("fsync", "third/main")}


def test_a_failed_write_or_sync_abandons_the_file_and_a_sync_that_hangs_costs_no_packet(
    four: CameraSim, tmp_path: Path, recorder: RecorderProcess
) -> None:
    faults = FaultsInside(tmp_path / "faults")
    recorder.segment_s = 3
    recorder.settings = {"SHIKE_SYNC_SECONDS": "0.5", **faults.environment}
    cameras = [CAMERA, OTHER, THIRD, FOURTH]
    paths = ["/hall/main", "/hall/sub", "/third/main", "/fourth/main"]
    want(tmp_path, four, *[(camera, "main", path) for camera, path in zip(cameras, paths, strict=True)])
    recorder.start()
    wait_until(lambda: recorder.is_recording(4), "all four record")
    time.sleep(1)  # record something older than half a second, which must be kept

    failed_us = {}
    for camera, (call, _) in REFUSED.items():
        failed_us[camera] = now_us()
        faults.fail(call, camera)
    faults.hold_syncs(FOURTH)
    faults.began("hold-sync", FOURTH)
    held = recorder.health(FOURTH)
    assert held is not None and held.last_packet_us is not None
    until_us = held.last_packet_us + 3_000_000
    wait_until(lambda: last_packet_us(recorder, FOURTH) > until_us, "packets are taken while the disk hangs")
    faults.release("hold-sync", FOURTH)
    for camera, (call, _) in REFUSED.items():
        faults.began(f"fail-{call}", camera)
        wait_until(lambda c=camera: runs_of(tmp_path, c), "its last segment is closed")  # type: ignore[misc]
        wait_until(lambda c=camera: recorder.records(c), "it records again")  # type: ignore[misc]
    wait_until(lambda: len(runs_of(tmp_path, FOURTH)) > 0, "the slow one has closed a file")
    recorder.stop()

    for camera, (_, path) in REFUSED.items():
        runs = runs_of(tmp_path, camera)
        assert ends(runs) == ["disk_failed", "stopped"]
        assert f"camera {camera} main: writing footage failed: Input/output error" in recorder.log
        before, after = runs.values()
        expect_all_but_half_a_second(tmp_path, before, failed_us[camera], path)
        assert recorded_of(tmp_path, after, path)
    slow = runs_of(tmp_path, FOURTH)
    assert ends(slow) == ["stopped"]
    (records,) = slow.values()
    assert sum(record.dropped for record in records) == 0
    # One run without a gap, longer than the disk hung.
    assert len(recorded_of(tmp_path, records, "fourth/main")) > 75
    expect_everything_known_and_playable(tmp_path)


def test_a_run_that_ends_while_the_disk_hangs_does_not_block_reading_and_loses_no_picture(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, goes_on = threading.Event(), threading.Event()
    goes_on.set()

    def hanging(real: Callable[[int], None]) -> Callable[[int], None]:
        def sync(fd: int) -> None:
            if threading.current_thread().name.startswith("disk-") and not goes_on.is_set():
                held.set()
                assert goes_on.wait(60)
            real(fd)

        return sync

    for each in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, each, hanging(getattr(os, each)))
    mount = Mount("hall/main", clips / "hall-main.mp4", audio="pcmu")
    with CameraSim(SimConfig((mount,), log=tmp_path / "sent.jsonl", report_every_s=0.5)) as sim:
        recording = sharing(tmp_path)
        thread = camera_thread(sim, recording)
        thread.wanted = replace(thread.wanted, audio=True)
        thread.start()
        wait_until(lambda: thread.health.audio == "recorded", "audio is recorded")
        goes_on.clear()
        assert held.wait(60)
        sim.faults("hall/main").mute = True  # the run ends, and the next run continues with the next picture
        muted_us = now_us()
        try:
            wait_until(lambda: (thread.health.last_packet_us or 0) > muted_us + 4_000_000, "pictures are taken", 15)
        finally:
            goes_on.set()
        thread.stop()
        thread.join(20)
    records = list(recording.spool.pending())
    assert [record.ends_run for record in records if record.ends_run] == ["audio_changed", "stopped"]
    frames = [frame for run in by_run(records) for frame in strips(whole_run(recording.archive, run))]
    position(sent_frames(tmp_path / "sent.jsonl"), frames)


def by_run(records: list[SegmentRecord]) -> list[list[SegmentRecord]]:
    return [list(run) for _, run in itertools.groupby(records, lambda record: record.identity.run_id)]


def last_packet_us(recorder: RecorderProcess, camera: str) -> int:
    stream = recorder.health(camera)
    return 0 if stream is None or stream.last_packet_us is None else stream.last_packet_us


def test_a_disk_that_stays_behind_counts_as_failed() -> None:
    began, goes_on, released = threading.Event(), threading.Event(), threading.Event()
    done: list[int] = []

    def hang() -> None:
        began.set()
        assert goes_on.wait(60)

    queue = DiskQueue(released.set, "disk-slow", most_waiting_bytes=1000)
    queue.do(hang, 500)
    assert began.wait(60)
    queue.do(lambda: done.append(1), 501)
    with pytest.raises(DiskError, match="too slow") as error:
        queue.do(lambda: done.append(2), 1)
    assert error.value.cause == "disk_failed"
    assert not released.is_set()
    threading.Timer(0.1, goes_on.set).start()
    queue.abandon()
    assert goes_on.is_set() and released.is_set() and not done


def test_an_error_of_the_disk_is_raised_where_packets_are_read_after_the_file_is_released() -> None:
    released = threading.Event()
    done: list[int] = []

    def refuse() -> None:
        raise DiskError("disk_full", "no room")

    queue = DiskQueue(released.set, "disk-full")
    queue.do(refuse)
    queue.do(lambda: done.append(1))
    with pytest.raises(DiskError, match="no room"):
        queue.finish()
    assert released.is_set() and not done
    with pytest.raises(DiskError, match="no room"):
        queue.do(lambda: done.append(2))


def test_the_error_of_a_file_that_can_neither_be_written_nor_closed_is_raised() -> None:
    def refuse() -> None:
        raise DiskError("disk_full", "no room")

    def cannot_close() -> None:
        raise OSError(errno.EIO, "the close failed, too")

    queue = DiskQueue(cannot_close, "disk-gone")
    queue.do(refuse)
    with pytest.raises(DiskError, match="no room"):
        queue.finish()
