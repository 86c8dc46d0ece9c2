"""Imports: marked as imported, at the given time, and while the same camera is being recorded."""

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from shike.camera_sim import CameraSim
from shike.camera_sim.media import strip
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import SegmentRecord
from shike.capture.archive.spool import Spool
from shike.capture.clock import SystemClock
from shike.capture.errors import DiskError, SourceError, StillWritten
from shike.capture.recorder.config import Lengths
from shike.capture.recorder.ingest import Ingested, duration_us, ingest
from shike.capture.recorder.recording import Recording
from tests.recorded import CAMERA, FRAME_US, position, sent_frames, strips, wait_until, whole_run
from tests.recording import camera_thread, sharing

START_US = 1_790_000_000_000_000


def write(path: Path, frames: int, *, codec: str = "libx264", gop: int = 50, jump_at: int | None = None) -> Path:
    """A video with strips in its pictures, a keyframe every two seconds (`gop`), and no B-frames."""
    options = {"preset": "ultrafast", "x264-params": f"keyint={gop}:scenecut=0:bframes=0:threads=1"}
    if codec == "libx265":
        options = {"preset": "ultrafast", "x265-params": f"keyint={gop}:scenecut=0:bframes=0:log-level=none"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(frames):
            picture = np.full((180, 320, 3), 40 + number % 150, np.uint8)
            strip.paint(picture, strip.Strip(3, number))
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            late = 250 if jump_at is not None and number >= jump_at else 0
            frame.pts, frame.time_base = number + late, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def take_in(
    path: Path, data: Path, *, segment_s: float = 4.0, sync_beat_s: float = 2.0
) -> tuple[Ingested, list[SegmentRecord]]:
    spool, lengths = Spool(data / "spool"), Lengths(segment_s=segment_s, sync_beat_s=sync_beat_s)
    recording = Recording(Archive(data / "footage"), spool, SystemClock(), lengths, "test")
    done = ingest(
        path,
        CAMERA,
        "main",
        START_US,
        recording,
        simulated=False,
    )
    return done, [record for record in spool.pending() if record.identity.origin == "imported"]


@pytest.mark.parametrize(("codec", "named"), [("libx264", "avc1."), ("libx265", "hvc1.")])
def test_every_picture_is_stored_at_its_time_and_marked_as_imported(tmp_path: Path, codec: str, named: str) -> None:
    done, records = take_in(write(tmp_path / "lesson.mp4", 260, codec=codec), tmp_path)
    assert done.pictures == 260 and done.end_us == START_US + 259 * FRAME_US
    assert strips(whole_run(Archive(tmp_path / "footage"), records)) == list(range(260))
    assert {(r.identity.origin, r.identity.simulated, r.identity.epoch) for r in records} == {("imported", False, 0)}
    assert records[0].codec.startswith(named)
    assert [record.ends_run for record in records] == [None, None, "import_done"]
    assert records[0].wall_start_us == START_US
    assert records[1].wall_start_us == START_US + 100 * FRAME_US
    for fragment in (fragment for record in records for fragment in record.fragments):
        assert fragment.duration_us <= 500_000
        assert (fragment.wall_us - START_US) * 9 // 100 == pytest.approx(
            fragment.media_time * 90_000 // records[0].timescale, abs=100
        )


def test_a_single_picture_is_stored_too(tmp_path: Path) -> None:
    done, records = take_in(write(tmp_path / "one.mp4", 1), tmp_path)
    assert done.pictures == 1
    assert strips(whole_run(Archive(tmp_path / "footage"), records)) == [0]


def test_a_file_with_one_keyframe_for_all_of_it_is_stored_whole(tmp_path: Path) -> None:
    _, records = take_in(write(tmp_path / "long.mp4", 200, gop=1000), tmp_path, segment_s=2.0)
    assert strips(whole_run(Archive(tmp_path / "footage"), records)) == list(range(200))


def test_a_pause_in_the_file_is_a_pause_in_the_footage(tmp_path: Path) -> None:
    done, records = take_in(write(tmp_path / "paused.mp4", 100, jump_at=50), tmp_path)
    assert done.end_us == START_US + (99 + 250) * FRAME_US
    assert len(strips(whole_run(Archive(tmp_path / "footage"), records))) == 100


@pytest.mark.parametrize("content", [b"", b"this is no video\n" * 100, bytes(5000)])
def test_garbage_is_refused_and_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "garbage.mp4"
    path.write_bytes(content)
    for read in (lambda: take_in(path, tmp_path), lambda: duration_us(path)):
        with pytest.raises(SourceError, match=r"garbage\.mp4") as error:
            read()
        assert error.value.cause == "unreadable"
    assert list((tmp_path / "footage").rglob("*.mp4")) == []


def test_another_codec_is_refused_with_a_message(tmp_path: Path) -> None:
    path = tmp_path / "old.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((180, 320, 3), np.uint8), "rgb24")))
        container.mux(stream.encode())
    with pytest.raises(SourceError, match=r"H\.264") as error:
        take_in(path, tmp_path)
    assert error.value.cause == "unsupported_codec"


def test_of_a_truncated_file_the_intact_part_is_stored(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.ts", 250)
    cut = tmp_path / "cut.ts"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    done, records = take_in(cut, tmp_path)
    frames = strips(whole_run(Archive(tmp_path / "footage"), records))
    assert 80 < len(frames) <= done.pictures < 250
    assert list(Archive(tmp_path / "footage").unfinished("imported")) == []


def test_the_next_import_keeps_what_a_killed_import_left_open(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "footage")
    _, (record, *_) = take_in(write(tmp_path / "a.mp4", 60), tmp_path)
    Spool(tmp_path / "spool").done([record])
    # As if the process had died before it handed over its segment.
    marker = tmp_path / "footage" / CAMERA / "main.imported.open.json"
    marker.write_text(f'{{"key": "{record.key}"}}')
    _, records = take_in(write(tmp_path / "b.mp4", 60), tmp_path)
    assert [r.ends_run for r in records if r.key == record.key] == ["import_done"]
    assert len(records) == 2 and list(archive.unfinished("imported")) == []


@pytest.mark.parametrize(("call", "at"), [("write", 3), ("write", 9), ("fdatasync", 2), ("fsync", 2), ("create", 2)])
def test_an_import_whose_disk_fails_writes_nothing_more_and_keeps_what_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, at: int
) -> None:
    lesson = write(tmp_path / "lesson.mp4", 260)
    failing = Failing(call, at, monkeypatch)
    with pytest.raises(DiskError) as error:
        take_in(lesson, tmp_path, sync_beat_s=0)
    assert error.value.cause == "disk_failed"
    assert failing.done_after == [], "a file that the disk refused is written on"
    archive = Archive(tmp_path / "footage")
    assert list(archive.unfinished("imported")) == []
    records = list(Spool(tmp_path / "spool").pending())
    assert records[-1].ends_run == "disk_failed"
    assert strips(whole_run(archive, records)) == list(range(len(strips(whole_run(archive, records)))))
    assert [key for key, _ in archive.stored(CAMERA)] == [record.key for record in records]


class Failing:
    """Lets the n-th call of a kind on segment files fail. `done_after`: later writes to the same file."""

    def __init__(self, call: str, at: int, patch: pytest.MonkeyPatch) -> None:
        self.done_after: list[int] = []
        self._left, self._broken = at, -1
        self._real_write = os.write
        if call == "create":
            patch.setattr(Archive, "create", self._failing(Archive.create, lambda: DiskError("disk_failed", "broken")))
            return
        patch.setattr(os, call, self._failing(getattr(os, call), lambda: OSError(5, "Input/output error")))
        if call != "write":
            patch.setattr(os, "write", self._write)

    def _failing(self, real: Callable[..., Any], error: Callable[[], Exception]) -> Callable[..., Any]:
        def call(first: Any, *rest: Any) -> Any:
            if isinstance(first, int) and not str(Path(f"/proc/self/fd/{first}").readlink()).endswith(".mp4"):
                return real(first, *rest)
            self._left -= 1
            if self._left == 0:
                self._broken = first if isinstance(first, int) else -1
                raise error()
            if self._left < 0 and real is self._real_write:
                self.done_after.append(first)
            return real(first, *rest)

        return call

    def _write(self, fd: int, data: bytes) -> int:
        if fd == self._broken:
            self.done_after.append(fd)
        return self._real_write(fd, data)


def test_two_imports_into_one_stream_do_not_mix(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "footage")
    _, (record, *_) = take_in(write(tmp_path / "a.mp4", 60), tmp_path)
    init = archive.read(record.key, 0, record.init_size)
    file = archive.create(record.identity.__class__.from_json(_renamed(record)), init, SystemClock(), 60)
    with pytest.raises(StillWritten):
        take_in(write(tmp_path / "b.mp4", 60), tmp_path)
    file.abandon()


def _renamed(record: SegmentRecord) -> bytes:
    return record.identity.to_json().replace(record.identity.segment_id.encode(), b"0" * 36)


def test_an_import_does_not_disturb_the_recording_of_the_same_camera(sim: CameraSim, tmp_path: Path) -> None:
    recording = sharing(tmp_path)
    thread = camera_thread(sim, recording)
    thread.start()
    wait_until(lambda: thread.health.state == "recording", "it records")
    take_in(write(tmp_path / "lesson.mp4", 500), tmp_path)
    assert recording.archive.open_key(CAMERA, "main") is not None

    def live() -> list[SegmentRecord]:
        return [record for record in recording.spool.pending() if record.identity.origin == "live"]

    before = len(live())
    wait_until(lambda: len(live()) > before, "a segment after the import")
    thread.stop()
    thread.join(20)
    records = live()
    assert len({record.identity.run_id for record in records}) == 1
    position(sent_frames(tmp_path / "sent.jsonl"), strips(whole_run(recording.archive, records)))
