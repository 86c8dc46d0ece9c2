"""A tail follows a stream while it is written: every fragment once, also across segments and runs."""

import itertools
from dataclasses import dataclass, replace
from pathlib import Path

from shike.camera_sim import CameraSim
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import Origin, StreamName
from shike.capture.archive.spool import Spool
from shike.capture.archive.tail import MOST_BEHIND, RunBegan, Tail, Written
from shike.capture.clock import SystemClock
from shike.capture.ids import new_id
from shike.capture.mp4.pictures import decode_keyframe
from shike.capture.recorder.config import Lengths
from shike.capture.recorder.recording import Recording
from shike.capture.recorder.writer import Writer
from tests.recorded import CAMERA, strips, wait_until
from tests.recording import Recorded, camera_thread, sharing

PRFT = 32  # bytes of the box with the wall time before a fragment


def test_a_tail_yields_every_fragment_once_over_segments_and_runs(sim: CameraSim, tmp_path: Path) -> None:
    recording = sharing(tmp_path)
    thread = camera_thread(sim, recording)
    tail = Tail(recording.archive, CAMERA, "main")
    assert tail.poll() == []
    news: list[RunBegan | Written] = []

    def segments() -> int:
        news.extend(tail.poll())
        return len(list(recording.spool.pending()))

    thread.start()
    wait_until(lambda: segments() >= 2, "two segments")
    sim.stop()
    wait_until(lambda: segments() >= 0 and thread.health.state == "backing_off", "the camera is lost")
    sim.start()
    before = segments()
    wait_until(lambda: segments() > before, "the next run has a segment")
    thread.stop()
    wait_until(lambda: segments() and not thread.is_alive(), "the thread has ended")
    news.extend(polled(tail))

    began = [each for each in news if isinstance(each, RunBegan)]
    written = [each for each in news if isinstance(each, Written)]
    records = list(recording.spool.pending())
    assert [each.identity.run_id for each in began] == list(dict.fromkeys(r.identity.run_id for r in records))
    fragments = list(itertools.chain.from_iterable(each.fragments for each in written))
    assert fragments == [fragment for record in records for fragment in record.fragments]
    for each in written:
        assert len(each.data) == each.fragments[-1].end - each.fragments[0].offset
        assert each.part(len(each.fragments) - 1) == each.data[-each.fragments[-1].size :]
    first_run = itertools.takewhile(lambda each: isinstance(each, Written), news[1:])
    data = began[0].init + b"".join(each.data for each in first_run if isinstance(each, Written))
    assert len(strips(data)) > 50


@dataclass(frozen=True)
class Files:
    """Writes segment files from the first fragments of recorded footage."""

    recorded: Recorded
    archive: Archive
    writer: Writer

    @classmethod
    def at(cls, recorded: Recorded, folder: Path) -> "Files":
        archive = Archive(folder / "footage")
        (folder / "footage").mkdir()
        recording = Recording(archive, Spool(folder / "spool"), SystemClock(), Lengths(), "test")
        return cls(recorded, archive, Writer(recording))

    def begin(self, stream: StreamName = "main", origin: Origin = "live") -> str:
        """Begin a run's file; returns the run's id."""
        record, run_id = self.recorded.records[0], new_id()
        identity = replace(
            record.identity, run_id=run_id, segment_id=new_id(), sequence=0, stream=stream, origin=origin
        )
        self.writer.begin(identity, self.recorded.archive.read(record.key, 0, record.init_size))
        return run_id

    def store(self, number: int) -> int:
        """Store a fragment; returns its wall time."""
        record = self.recorded.records[0]
        fragment = record.fragments[number]
        payload = self.recorded.archive.read(record.key, fragment.offset, fragment.size)
        self.writer.store(payload[PRFT:], fragment.wall_us, b"")
        return fragment.wall_us

    def close(self) -> None:
        self.writer.close("stopped", None, 0)


def test_files_that_begin_and_end_between_two_polls_are_not_left_out(recorded: Recorded, tmp_path: Path) -> None:
    files = Files.at(recorded, tmp_path)
    runs = [files.begin()]
    walls = [files.store(0)]  # before the first poll
    tail, late = Tail(files.archive, CAMERA, "main"), Tail(files.archive, CAMERA, "main")
    news = polled(tail)
    walls.append(files.store(1))
    files.close()
    between: list[tuple[StreamName, Origin]] = [
        ("main", "live"),
        ("sub", "live"),
        ("main", "imported"),
        ("main", "live"),
    ]
    for stream, origin in between:
        run_id, wall_us = files.begin(stream, origin), files.store(0)
        files.close()
        if (stream, origin) == ("main", "live"):
            runs.append(run_id)
            walls.append(wall_us)
    runs.append(files.begin())
    walls.append(files.store(2))

    news += polled(tail)
    assert [each.identity.run_id for each in news if isinstance(each, RunBegan)] == runs
    assert [fragment.wall_us for each in news if isinstance(each, Written) for fragment in each.fragments] == walls
    for each in news:
        assert not isinstance(each, Written) or len(each.data) == sum(fragment.size for fragment in each.fragments)
    assert [each.identity.run_id for each in polled(late) if isinstance(each, RunBegan)] == runs[-1:]
    files.writer.close(None, None, 0)
    files.writer.end_last("stopped")  # a second row about the same file
    assert polled(tail) == [], "nothing is returned twice"


def test_a_reader_that_was_away_for_many_files_goes_on_with_the_last_of_them(
    recorded: Recorded, tmp_path: Path
) -> None:
    files = Files.at(recorded, tmp_path)
    tail, runs = Tail(files.archive, CAMERA, "main"), []
    assert tail.poll() == []
    for _ in range(MOST_BEHIND + 3):
        runs.append(files.begin())
        files.store(0)
        files.close()
    assert [each.identity.run_id for each in polled(tail) if isinstance(each, RunBegan)] == runs[-MOST_BEHIND:]


def polled(tail: Tail) -> list[RunBegan | Written]:
    """Everything that the tail returns now."""
    news: list[RunBegan | Written] = []
    while more := tail.poll():
        news += more
    return news


def test_a_file_that_is_gone_ends_the_segment_and_not_the_tail(sim: CameraSim, tmp_path: Path) -> None:
    recording = sharing(tmp_path)
    thread = camera_thread(sim, recording)
    tail = Tail(recording.archive, CAMERA, "main")
    thread.start()
    wait_until(lambda: tail.poll(), "something is written")
    for path in (tmp_path / "footage").rglob("*.mp4"):
        path.unlink()
    tail.poll()
    first = len(list(recording.spool.pending()))
    wait_until(lambda: len(list(recording.spool.pending())) > first and tail.poll(), "the next segment is followed")
    thread.stop()
    thread.join(20)


def test_a_keyframe_fragment_decodes_alone(sim: CameraSim, tmp_path: Path) -> None:
    recording = sharing(tmp_path)
    thread = camera_thread(sim, recording)
    thread.start()
    wait_until(lambda: (opened := recording.archive.tail(CAMERA, "main")) and opened.fragments, "an open segment")
    opened = recording.archive.tail(CAMERA, "main")
    assert opened is not None
    first = opened.fragments[0]
    picture = decode_keyframe(opened.head.init, recording.archive.read(opened.key, first.offset, first.size))
    assert (picture.width, picture.height, picture.wall_us) == (320, 180, first.wall_us)
    thread.stop()
    thread.join(20)
