"""A camera that disappears, refuses, or falls silent: what health shows, and that recording starts again."""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import av
import pytest

from shike.camera_sim import CameraSim, SimConfig, mounts_in
from shike.capture.clock import SystemClock
from shike.capture.recorder.config import Lengths
from shike.capture.source.open_stream import TimedPacket
from shike.capture.source.opening import open_file
from shike.capture.source.plain import PlainSource
from tests.recorded import position, sent_frames, strips, wait_until, whole_run
from tests.recording import SHORT, camera_thread, sharing

SECRET = "p@ss:w/rd"


def test_a_camera_that_dies_and_comes_back_gets_a_new_run(sim: CameraSim, tmp_path: Path) -> None:
    recording = sharing(tmp_path)
    thread = camera_thread(sim, recording)
    thread.start()
    wait_until(lambda: thread.health.fps, "a second of pictures")
    sim.stop()
    wait_until(lambda: thread.health.state == "backing_off", "the loss is noticed")
    lost = thread.health
    assert lost.cause in ("connection_lost", "unreachable")
    assert lost.attempt >= 1 and lost.next_try_us is not None
    assert lost.last_packet_us is not None and lost.since_us == lost.last_packet_us
    wait_until(lambda: thread.health.attempt >= 3, "more attempts")
    assert thread.health.since_us == lost.since_us, "it counts from the end of recording, not from the last attempt"
    sim.start()
    wait_until(lambda: thread.health.state == "recording", "it records again")
    assert thread.health.cause is None and thread.health.since_us > lost.since_us
    wait_until(lambda: thread.health.last_packet_us or (lost.last_packet_us or 0) < 0, "a packet")
    wait_until(lambda: len({r.identity.run_id for r in recording.spool.pending()}) >= 2, "the second run has a segment")
    thread.stop()
    thread.join(20)

    records = list(recording.spool.pending())
    runs = list(dict.fromkeys(record.identity.run_id for record in records))
    first = [record for record in records if record.identity.run_id == runs[0]]
    assert first[-1].ends_run == "connection_lost"
    sent = sent_frames(tmp_path / "sent.jsonl")
    for run in runs:
        of_run = [record for record in records if record.identity.run_id == run]
        start = position(sent, strips(whole_run(recording.archive, of_run)))
        assert sent[start].is_key


def test_a_silent_camera_ends_its_run_with_that_reason(sim: CameraSim, tmp_path: Path) -> None:
    recording = sharing(tmp_path, timeout_s=1.5)
    thread = camera_thread(sim, recording)
    thread.start()
    wait_until(lambda: thread.health.state == "recording", "it records")
    sim.silence("hall/main")
    wait_until(lambda: thread.health.state == "backing_off", "the silence is noticed")
    assert thread.health.cause == "no_data"
    thread.stop()
    thread.join(20)
    assert [record.ends_run for record in recording.spool.pending()][-1] == "camera_silent"


def test_the_silence_of_one_stream_ends_no_other_at_the_same_address(sim: CameraSim, tmp_path: Path) -> None:
    recording = sharing(tmp_path, timeout_s=1.5)
    main = camera_thread(sim, recording)
    sub = camera_thread(sim, recording, path="/hall/sub", stream="sub")
    for thread in (main, sub):
        thread.start()
    wait_until(lambda: main.health.state == sub.health.state == "recording", "both record")
    sim.silence("hall/main")
    wait_until(lambda: main.health.state == "backing_off", "the silence is noticed")
    wait_until(lambda: main.health.attempt >= 2, "another attempt meets the same silence")
    assert (main.health.cause, sub.health.state) in (("no_data", "recording"), ("timeout", "recording"))
    for thread in (main, sub):
        thread.stop()
        thread.join(20)
    of_sub = [record for record in recording.spool.pending() if record.identity.stream == "sub"]
    assert [record.ends_run for record in of_sub if record.ends_run] == ["stopped"]


def test_a_wrong_password_shows_in_health_and_no_password_in_a_log(
    clips: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    recording = sharing(tmp_path)
    with CameraSim(SimConfig(mounts_in(clips), user="viewer", password=SECRET)) as sim:
        wrong = camera_thread(sim, recording, username="viewer", password="wr@ng:one")
        wrong.start()
        wait_until(lambda: wrong.health.state == "refused", "the refusal is reported")
        assert wrong.health.cause == "refused_401"
        wrong.stop()
        wrong.join(20)
        right = camera_thread(sim, recording, username="viewer", password=SECRET)
        right.start()
        wait_until(lambda: right.health.state == "recording", "the right password lets in")
        right.stop()
        right.join(20)
    logged = caplog.text + "".join(capfd.readouterr())
    assert "refused_401" in logged
    for secret in (SECRET, "p%40ss", "wr@ng", "wr%40ng"):
        assert secret not in logged


@pytest.mark.parametrize(("path", "cause", "state"), [("/no/such", "refused_404", "refused")])
def test_a_path_that_the_camera_does_not_have(
    sim: CameraSim, tmp_path: Path, path: str, cause: str, state: str
) -> None:
    thread = camera_thread(sim, sharing(tmp_path), path=path)
    thread.start()
    wait_until(lambda: thread.health.cause, "a cause")
    assert (thread.health.state, thread.health.cause) == (state, cause)
    thread.stop()
    thread.join(20)


def test_an_address_without_a_camera_is_unreachable_and_a_nudge_tries_at_once(sim: CameraSim, tmp_path: Path) -> None:
    recording = sharing(tmp_path)
    sim.stop()
    thread = camera_thread(sim, recording)
    thread.start()
    wait_until(lambda: thread.health.attempt >= 3, "some attempts")
    assert (thread.health.state, thread.health.cause) == ("backing_off", "unreachable")
    next_try_us = thread.health.next_try_us
    assert next_try_us is not None
    sim.start()
    recording.nudges.mkdir(parents=True)
    (recording.nudges / thread.wanted.camera_id).touch()
    wait_until(lambda: thread.health.state == "recording", "the nudge makes it try")
    assert thread.health.since_us < next_try_us
    thread.stop()
    thread.join(20)


def test_a_camera_with_endless_groups_of_pictures_still_ends_its_segments(sim: CameraSim, tmp_path: Path) -> None:
    # Groups of 0.4 s are endless to segments of a tenth of a second.
    recording = sharing(tmp_path, lengths=replace(SHORT, segment_s=0.1))
    thread = camera_thread(sim, recording)
    thread.start()
    wait_until(lambda: any(r.ends_run == "gop_too_long" for r in recording.spool.pending()), "the run is restarted")
    thread.stop()
    thread.join(20)


def test_main_and_sub_stream_are_recorded_side_by_side(sim: CameraSim, tmp_path: Path) -> None:
    recording = sharing(tmp_path, lengths=Lengths(segment_s=1.0))
    main = camera_thread(sim, recording)
    sub = camera_thread(sim, recording, path="/hall/sub", stream="sub")
    for thread in (main, sub):
        thread.start()
    wait_until(lambda: {r.identity.stream for r in recording.spool.pending()} == {"main", "sub"}, "both have segments")
    for thread in (main, sub):
        thread.stop()
        thread.join(20)
    for stream in ("main", "sub"):
        records = [record for record in recording.spool.pending() if record.identity.stream == stream]
        sent = sent_frames(tmp_path / "sent.jsonl", f"hall/{stream}")
        position(sent, strips(whole_run(recording.archive, records)))


class KeysGone:
    """Removes all keyframes from what the camera sends once `gone` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gone = threading.Event()
        real = PlainSource.packets

        def packets(source: PlainSource, *arguments: Callable[[], None]) -> Iterator[TimedPacket]:
            for timed in real(source, *arguments):
                if not (self.gone.is_set() and timed.packet.is_keyframe):
                    yield timed

        monkeypatch.setattr(PlainSource, "packets", packets)


class SteppingClock(SystemClock):
    """A clock whose wall time is ahead by `ahead_us`."""

    ahead_us = 0

    def now(self) -> int:
        return super().now() + self.ahead_us


def test_a_camera_that_sends_no_keyframe_for_the_next_run_is_reported_and_connected_again(
    sim: CameraSim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, clock = KeysGone(monkeypatch), SteppingClock()
    recording = replace(sharing(tmp_path, Lengths(segment_s=1.5)), clock=clock)
    thread = camera_thread(sim, recording)
    thread.start()
    wait_until(lambda: thread.health.state == "recording", "it records")
    keys.gone.set()
    clock.ahead_us = 60_000_000
    wait_until(lambda: thread.health.state == "connecting", "health does not show that it records", 20)
    assert thread.health.cause == "gop_too_long"
    wait_until(lambda: thread.health.attempt == 1, "another connection", 20)
    assert thread.health.cause == "gop_too_long"
    keys.gone.clear()
    wait_until(lambda: thread.health.state == "recording", "it records again")
    thread.stop()
    thread.join(20)
    assert [each.ends_run for each in recording.spool.pending() if each.ends_run] == ["clock_step", "stopped"]


def test_a_source_reports_every_picture_before_the_first_keyframe(clips: Path, tmp_path: Path) -> None:
    path = tmp_path / "begins-late.ts"
    with av.open(str(clips / "hall-main.mp4")) as clip, av.open(str(path), "w", format="mpegts") as cut:
        stream = cut.add_stream_from_template(clip.streams.video[0])
        for number, packet in enumerate(clip.demux(video=0)):
            if packet.dts is not None and 3 <= number < 25:
                packet.stream = stream
                cut.mux(packet)
    passed: list[None] = []
    with open_file(path, SystemClock()) as source:
        first = next(source.packets(lambda: passed.append(None)))
    assert first.packet.is_keyframe and len(passed) == 7
