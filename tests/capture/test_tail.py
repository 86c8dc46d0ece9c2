"""Following a stream while it is written: nothing twice, nothing left out, over the seam of two segments."""

import itertools
from pathlib import Path

from tests.recorded import CAMERA, strips, wait_until
from tests.recording import camera_thread, sharing

from shike.camera_sim import CameraSim
from shike.capture.pictures import decode_keyframe
from shike.capture.tail import RunBegan, Tail, Written


def test_a_tail_yields_every_fragment_once_over_segments_and_runs(sim: CameraSim, tmp_path: Path) -> None:
    recording = sharing(tmp_path)
    thread = camera_thread(sim, recording)
    tail = Tail(recording.archive, CAMERA, "main")
    assert tail.poll() == []
    found: list[RunBegan | Written] = []

    def segments() -> int:
        found.extend(tail.poll())
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
    found.extend(tail.poll())

    began = [each for each in found if isinstance(each, RunBegan)]
    written = [each for each in found if isinstance(each, Written)]
    records = list(recording.spool.pending())
    assert [each.identity.run_id for each in began] == list(dict.fromkeys(r.identity.run_id for r in records))
    fragments = list(itertools.chain.from_iterable(each.fragments for each in written))
    # The last file of a run may begin and end between two looks; nothing else is left out.
    seen = [r for r in records if r.fragments[0] in fragments or not r.ends_run or len(r.fragments) > 2]
    assert fragments == [fragment for record in seen for fragment in record.fragments]
    for each in written:
        assert len(each.data) == each.fragments[-1].end - each.fragments[0].offset
        assert each.part(len(each.fragments) - 1) == each.data[-each.fragments[-1].size :]
    first_run = itertools.takewhile(lambda each: isinstance(each, Written), found[1:])
    data = began[0].init + b"".join(each.data for each in first_run if isinstance(each, Written))
    assert len(strips(data)) > 50


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
