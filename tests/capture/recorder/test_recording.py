"""Every frame that a camera sent is in the files, with its time; files play alone and joined."""

import itertools
from pathlib import Path

import pytest

from shike.capture.archive.files import Archive
from shike.capture.archive.scan import read_fragments, read_head
from shike.capture.archive.segment import EndReason, Origin
from shike.capture.archive.spool import Spool
from shike.capture.clock import SystemClock
from shike.capture.recorder.config import Lengths
from shike.capture.recorder.recording import Recording
from shike.capture.recorder.run import RunRecorder, RunStart
from shike.capture.source.open_stream import TimedPacket
from shike.capture.source.opening import open_file
from shike.capture.source.timeline import Arrival
from tests.recorded import CAMERA, FRAME_US, position, strips, timed_strips, whole_run
from tests.recording import Recorded

from .test_ingest import START_US, write


def test_every_frame_sent_since_the_first_is_in_the_files_in_order(recorded: Recorded) -> None:
    frames = strips(whole_run(recorded.archive, recorded.records))
    start = position(recorded.sent, frames)
    assert len(frames) > 100
    assert recorded.sent[start].is_key


def test_a_recording_begins_with_the_first_picture_of_the_connection(recorded: Recorded) -> None:
    frames = strips(whole_run(recorded.archive, recorded.records))
    assert position(recorded.sent, frames) == 0


def test_each_segment_plays_alone_and_begins_where_the_one_before_ended(recorded: Recorded) -> None:
    together = strips(whole_run(recorded.archive, recorded.records))
    apart = [strips(recorded.archive.read(record.key, 0, record.size)) for record in recorded.records]
    assert list(itertools.chain(*apart)) == together
    assert all(frames for frames in apart)


def test_fragments_are_short_and_begin_anew_at_each_keyframe(recorded: Recorded) -> None:
    for record in recorded.records:
        assert record.fragments[0].is_key
        for fragment in record.fragments:
            assert fragment.duration_us <= 500_000
        # The clip has a keyframe every ten frames of 40 ms.
        keys = [fragment.wall_us for fragment in record.fragments if fragment.is_key]
        assert all(abs(later - earlier - 400_000) < 5_000 for earlier, later in itertools.pairwise(keys))


def test_the_wall_time_in_each_fragment_is_when_the_camera_sent_its_first_picture(recorded: Recorded) -> None:
    start = position(recorded.sent, strips(whole_run(recorded.archive, recorded.records)))
    place = start
    for record in recorded.records:
        data = recorded.archive.read(record.key, 0, record.size)
        for fragment in record.fragments:
            assert abs(fragment.wall_us - recorded.sent[place].sent_us) < FRAME_US
            place += round(fragment.duration_us / FRAME_US)
        assert len(strips(data)) == round(sum(f.duration_us for f in record.fragments) / FRAME_US)


def test_a_file_contains_what_its_record_contains(recorded: Recorded) -> None:
    for record in recorded.records:
        data = recorded.archive.read(record.key, 0, 1 << 30)
        head = read_head(data)
        assert head is not None
        assert head.identity == record.identity
        assert len(data) == record.size
        assert tuple(read_fragments(data[head.size :], head.size, record.timescale)) == record.fragments


def test_a_run_has_one_id_and_counts_its_segments(recorded: Recorded) -> None:
    identities = [record.identity for record in recorded.records]
    assert len({identity.run_id for identity in identities}) == 1
    assert [identity.sequence for identity in identities] == list(range(len(identities)))
    assert [record.ends_run for record in recorded.records] == [None] * (len(identities) - 1) + ["stopped"]
    assert {(i.node, i.epoch, i.origin, i.simulated) for i in identities} == {("test", 1, "live", True)}


def test_decode_times_go_on_through_the_run(recorded: Recorded) -> None:
    fragments = [fragment for record in recorded.records for fragment in record.fragments]
    scale = recorded.records[0].timescale
    for earlier, later in itertools.pairwise(fragments):
        assert later.media_time == pytest.approx(earlier.media_time + earlier.duration_us * scale / 1e6, abs=2)
    times = [at for _, at in timed_strips(whole_run(recorded.archive, recorded.records))]
    assert all(later - earlier == pytest.approx(0.04, abs=0.002) for earlier, later in itertools.pairwise(times))


def test_health_shows_what_is_recorded(recorded: Recorded) -> None:
    health = recorded.health
    assert (health.state, health.cause, health.codec, health.width, health.height) == (
        "recording",
        None,
        "h264",
        320,
        180,
    )
    assert health.simulated and health.dropped == 0
    assert health.fps == pytest.approx(25, abs=1.5)
    assert health.bitrate_bps is not None and health.bitrate_bps > 100_000


def test_the_offset_of_the_cameras_clock_is_stored(recorded: Recorded) -> None:
    assert recorded.health.clock_offset_ms is not None and abs(recorded.health.clock_offset_ms) < 200
    assert all(record.clock_offset_ms is not None for record in recorded.records)


def test_nothing_is_open_after_the_end(recorded: Recorded) -> None:
    assert recorded.archive.open_key(recorded.records[0].identity.camera_id, "main") is None
    assert list(recorded.archive.unfinished()) == []


def test_a_camera_whose_clock_was_never_set_is_shown_as_decades_off(tmp_path: Path) -> None:
    archive, spool = Archive(tmp_path / "footage"), Spool(tmp_path / "spool")
    start = RunStart(CAMERA, "main", 1, "imported", simulated=False)
    with open_file(write(tmp_path / "a.mp4", 30), SystemClock()) as source:
        run = RunRecorder(Recording(archive, spool, SystemClock(), Lengths(), "test"), source.video, start)
        for timed in source.packets():
            media_us = timed.arrival.media_us
            arrival = Arrival(1_790_000_000_000_000 + media_us, media_us, media_us)
            run.take(TimedPacket(timed.packet, arrival, 1_000_000))
        run.finish("import_done")
    (record,) = spool.pending()
    assert record.clock_offset_ms == pytest.approx((1_000_000 - record.wall_start_us) // 1000, abs=2_000)


@pytest.mark.parametrize(
    ("origin", "pause_us", "ended"),
    [("live", 2_000_000, None), ("live", 3_000_000, "camera_silent"), ("imported", 3_000_000, None)],
)
def test_a_long_pause_of_a_camera_ends_the_run_and_one_in_a_file_does_not(
    tmp_path: Path, origin: Origin, pause_us: int, ended: EndReason | None
) -> None:
    archive, spool = Archive(tmp_path / "footage"), Spool(tmp_path / "spool")
    start = RunStart(CAMERA, "main", 1, origin, simulated=False)
    results: list[EndReason | None] = []
    with open_file(write(tmp_path / "a.mp4", 60), SystemClock()) as source:
        run = RunRecorder(Recording(archive, spool, SystemClock(), Lengths(), "test"), source.video, start)
        for number, timed in enumerate(source.packets()):
            # Both clocks agree that nothing was sent for a while.
            media_us = timed.arrival.media_us + (pause_us - FRAME_US if number >= 30 else 0)
            results.append(run.take(TimedPacket(timed.packet, Arrival(START_US + media_us, media_us, media_us), None)))
            if results[-1] is not None:
                break
        run.finish(results[-1] or "stopped")
    assert results == ([None] * 60 if ended is None else [None] * 30 + [ended])
    (record,) = spool.pending()
    assert record.ends_run == (ended or "stopped")
