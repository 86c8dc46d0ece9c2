"""The plain reader from PLAY to TEARDOWN: pictures, keep-alive, and what is left to FFmpeg."""

import logging
import threading
import time
from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path
from random import Random

import pytest

from shike.camera_sim import CameraSim, SimConfig, mounts_in
from shike.camera_sim.media.clip import Clip, read_clip
from shike.camera_sim.rtp.packets import RtpSource
from shike.capture.errors import SourceError
from shike.capture.recorder.camera import CameraThread
from shike.capture.recorder.desired import Wanted
from shike.capture.source.plain import PlainSource
from shike.capture.source.reader_choice import NotPlain, ReaderChoice
from tests.recorded import CAMERA, wait_until
from tests.recording import camera_thread, sharing

from .rtsp.scripted import CHALLENGE, Request, ScriptedCamera, answer, plain
from .rtsp.sending import framed

# The tests' clock stands still, so only this limit ends a wait. It does not include making the clips.
pytestmark = pytest.mark.timeout(60, func_only=True)
PICTURE_US = 40_000


class HandClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.steady_s = 1000.0

    def now(self) -> int:
        return int(self.steady_s * 1_000_000)

    def monotonic(self) -> float:
        return self.steady_s


class Pictures:
    """A clip's pictures as RTP packets."""

    def __init__(self, clip: Clip) -> None:
        self._frames = [frame.packets for gop in clip.gops for frame in gop]
        self._rtp = RtpSource(1, 0, 5000)
        self._at = self.later_us = 0

    def some(self, count: int, *, step_us: int = PICTURE_US, of_one_time: int = 1) -> bytes:
        data = b""
        for _ in range(count):
            at_us = 10_000_000 + self.later_us + self._at // of_one_time * of_one_time * step_us
            data += self._rtp.frame(self._frames[self._at % len(self._frames)], at_us)
            self._at += 1
        return data

    def report(self) -> bytes:
        """A sender report for the time of the next picture."""
        at_us = 10_000_000 + self.later_us + self._at * PICTURE_US
        return framed(1, self._rtp.sender_report(1_790_000_000_000_000, at_us))


@pytest.fixture
def pictures(clips: Path) -> Pictures:
    return Pictures(read_clip(clips / "hall-sub.mp4"))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def begun(
    camera: ScriptedCamera, clock: HandClock, choice: ReaderChoice | None = None, password: str = ""
) -> PlainSource:
    address = camera.address(username="viewer" if password else "", password=password)
    return PlainSource.open(address, clock, 60, choice or ReaderChoice())


def after_play(data: bytes) -> Callable[[Request], bytes]:
    return lambda request: plain(request) + (data if request.method == "PLAY" else b"")


def test_a_camera_is_read_from_its_first_keyframe_on_and_left_with_teardown(
    pictures: Pictures, clock: HandClock
) -> None:
    pictures.some(3)  # sent before PLAY
    with ScriptedCamera(after_play(pictures.some(20))) as camera:
        with begun(camera, clock) as source:
            read = list(islice(source.packets(), 13))
        assert camera.await_asked(5)[-1].method == "TEARDOWN"
    assert read[0].packet.is_keyframe
    times = [each.arrival.media_us for each in read]
    assert [round((later - earlier) / 1000) for earlier, later in pairwise(times)] == [40] * 12
    assert (source.video.codec_context.name, source.video.width, source.simulated) == ("h264", 320, False)


def test_the_session_is_kept_alive_in_time(pictures: Pictures, clock: HandClock) -> None:
    with ScriptedCamera(after_play(pictures.some(8))) as camera, begun(camera, clock) as source:
        stream = source.packets()
        assert len(list(islice(stream, 8))) == 8
        for number in (1, 2):
            for seconds in (29.0, 1.1):
                clock.steady_s += seconds
                camera.send(pictures.some(1))
                next(stream)
                asked = 4 + number - (seconds > 20)
                assert len(camera.await_asked(asked)) == asked
        assert camera.methods[4:] == ["GET_PARAMETER", "GET_PARAMETER"]
        assert camera.requests[-1].headers["session"] == "77"


def test_a_nonce_that_has_become_stale_is_renewed_at_once(pictures: Pictures, clock: HandClock) -> None:
    nonce, played = "first", after_play(pictures.some(8))

    def script(request: Request) -> bytes:
        if f'nonce="{nonce}"' not in request.login:
            return answer(401, CHALLENGE.format(nonce) + ", stale=true")
        return played(request)

    with ScriptedCamera(script) as camera, begun(camera, clock, password="right") as source:
        stream = source.packets()
        list(islice(stream, 8))
        nonce = "second"
        clock.steady_s += 31
        camera.send(pictures.some(1))
        next(stream)
        camera.await_asked(6)
        camera.send(pictures.some(1))
        next(stream)
        assert [each.method for each in camera.await_asked(7)[-2:]] == ["GET_PARAMETER"] * 2
        assert 'nonce="second"' in camera.requests[-1].login


def test_pictures_that_came_before_the_connection_ended_are_yielded(pictures: Pictures, clock: HandClock) -> None:
    with ScriptedCamera(after_play(pictures.some(30))) as camera:
        source = begun(camera, clock)
        stream = source.packets()
        read = list(islice(stream, 30))
    with source, pytest.raises(SourceError) as error:
        next(stream)
    assert (len(read), error.value.cause) == (30, "connection_lost")


def test_pictures_whose_times_go_back_are_left_to_ffmpeg(pictures: Pictures, clock: HandClock) -> None:
    data = pictures.some(20, step_us=-PICTURE_US)
    with ScriptedCamera(after_play(data)) as camera, pytest.raises(NotPlain) as error:
        begun(camera, clock)
    assert error.value.lasting


def test_a_camera_that_sends_fields_is_left_to_ffmpeg_from_then_on(pictures: Pictures, clock: HandClock) -> None:
    choice = ReaderChoice()
    data = pictures.some(10) + pictures.some(80, of_one_time=2)
    with ScriptedCamera(after_play(data)) as camera, begun(camera, clock, choice) as source:
        with pytest.raises(SourceError) as error:
            list(source.packets())
        assert error.value.cause == "timestamps_broken"
    assert not choice.try_plain


def test_a_lost_picture_is_counted_in_the_segment(pictures: Pictures, tmp_path: Path) -> None:
    begin = pictures.some(30)
    pictures.some(1)  # lost
    recording = sharing(tmp_path)
    later, sent = pictures.some(30), threading.Event()

    def script(request: Request) -> bytes:
        if request.method != "PLAY":
            return plain(request)
        camera.send(plain(request) + begin)
        time.sleep(1.2)  # the run has begun by then
        camera.send(later)
        sent.set()
        return b""

    with ScriptedCamera(script) as camera:
        address = camera.address()
        wanted = Wanted(CAMERA, "main", address.host, address.port, address.path, "", "", 1, 2**60)
        thread = CameraThread(wanted, address, recording, Random(1))
        thread.start()
        assert sent.wait(20)
    wait_until(lambda: any(recording.spool.pending()), "the run has ended with the connection")
    thread.stop()
    thread.join(20)
    assert sum(record.dropped for record in recording.spool.pending()) == 1


def test_a_sender_report_from_before_a_jump_of_the_media_time_is_not_used_after_it(
    pictures: Pictures, clock: HandClock
) -> None:
    with ScriptedCamera(after_play(pictures.some(8) + pictures.report())) as camera, begun(camera, clock) as source:
        stream = source.packets()
        list(islice(stream, 8))
        clocks_us = []
        for jump_us in (0, 3_600_000_000):
            clock.steady_s += 1
            pictures.later_us += jump_us
            camera.send(pictures.some(1))
            clocks_us.append(next(stream).camera_clock_us)
    assert clocks_us[0] is not None and clocks_us[1] is None


def test_the_log_says_which_camera_ffmpeg_reads_and_why(
    clips: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (mount,) = [each for each in mounts_in(clips) if each.path == "hall/main"]
    with CameraSim(SimConfig((mount,))) as sim:
        sim.faults(mount.path).transports = ("udp",)
        thread = camera_thread(sim, sharing(tmp_path))
        thread.start()
        wait_until(lambda: thread.health.state == "recording", "it is recorded")
        thread.stop()
        thread.join(20)
    assert "is read by FFmpeg: SETUP is answered with 461" in caplog.text
