"""`PlainSource`: a camera read without FFmpeg, through the RTSP client of `rtsp`.

Here: the socket, the time limit for silence, the order of pictures, arrival times, and what each error of the client
means for the product. Not here: the protocol (`rtsp`), which cameras are read so (`opening`). A picture arrives when
its last byte has been read. Design: docs/design/capture.md, "The plain reader".
"""

import contextlib
import io
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Self

import av
from av.video.stream import VideoStream

from shike.capture.clock import Clock
from shike.capture.errors import SourceError
from shike.capture.mp4.coded_picture import CodedPicture
from shike.capture.source.address import Address
from shike.capture.source.batching import ReadBatching
from shike.capture.source.open_stream import (
    SIMULATED_TITLE,
    Source,
    TimedPacket,
    give_memory_back,
    ignore_skipped,
)
from shike.capture.source.reader_choice import NotPlain, ReaderChoice
from shike.capture.source.rtsp.client import Client
from shike.capture.source.rtsp.description import VideoTrack
from shike.capture.source.rtsp.errors import (
    AnswerTimeout,
    ConnectFailed,
    ConnectionClosed,
    RequestRefused,
    RtspError,
    StreamCorrupt,
)
from shike.capture.source.rtsp.packets import Packets
from shike.capture.source.silence import SILENCE, Reader
from shike.capture.source.timeline import Arrival

_RECEIVE_LIMIT_US, _SEND_LIMIT_S = 250_000, 5
# Opening waits for this many pictures after the first keyframe, to see whether they come in the order of showing.
_CHECKED, _CHECKED_FOR_US = 4, 400_000
# A camera with 10 irregular pictures among 40 is left to FFmpeg.
_MOST_ODD, _ODD_OF = 10, 40
_CAMERA_CLOCK_EVERY_US, _REPORT_VALID_US = 500_000, 60_000_000
# The status codes of a refusal that have a cause code of their own.
_OWN_CAUSE = frozenset({401, 403, 404, 453})
_UNSUPPORTED_TRANSPORT = 461


class PlainSource(Source):
    """A camera after PLAY, read from its first keyframe on."""

    def __init__(self, client: Client, track: VideoTrack, clock: Clock, silence_s: float, choice: ReaderChoice) -> None:
        self._client, self._track, self._clock = client, track, clock
        self._silence_s, self._choice = silence_s, choice
        self._packets = Packets(track, client.channel, client.received, client.control_channel)
        self._per_tick_us = 1_000_000 / track.clock_hz
        self._first: list[tuple[CodedPicture, tuple[int, int]]] = []  # pictures that opening read, with arrival times
        self._last_ticks: int | None = None
        self._same_time = False  # whether the last picture had the time of the one before it
        self._seen = self._odd = self._irregular = 0
        self._clock_read_us = 0
        self._keep_alive_us = 0
        self._reader: Reader | None = None
        self._template: av.container.InputContainer | None = None
        self.connected_s = clock.monotonic()
        self.simulated = track.title == SIMULATED_TITLE
        self.announces_audio = track.announces_audio
        # Use the kernel's time limits: with Python's, each read costs one system call more.
        client.socket.settimeout(None)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 0, _RECEIVE_LIMIT_US))
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", _SEND_LIMIT_S, 0))

    @classmethod
    def open(
        cls,
        address: Address,
        clock: Clock,
        timeout_s: float,
        choice: ReaderChoice,
        on_skipped: Callable[[], None] = ignore_skipped,
    ) -> Self:
        """Connect and wait for a keyframe.

        SourceError if the camera refuses or does not answer; NotPlain if FFmpeg must read it.
        """
        try:
            client = Client(address, timeout_s)
            try:
                source = cls(client, client.play(), clock, timeout_s, choice)
            except BaseException:
                client.close()
                raise
            try:
                source._check(on_skipped)
            except BaseException:
                source.close()
                raise
        except RtspError as error:
            raise _translated(error) from None
        give_memory_back()
        return source

    @property
    def lost(self) -> int:
        return self._packets.lost

    def packets(self, on_skipped: Callable[[], None] = ignore_skipped) -> Iterator[TimedPacket]:
        """All pictures, from the keyframe on that opening waited for."""
        reader = self._reader = SILENCE.watch(self._silence_s)
        batching = ReadBatching(threading.get_native_id() * 0.618034 % 1.0, batch=2)
        waiting, self._first = self._first, []
        for picture, came in waiting:
            yield self._timed(picture, came)
        last_us = self._now()[1]
        while True:
            pictures, came = self._receive()
            if pictures:
                last_us = came[1]
                reader.packets += len(pictures)
            elif came[1] - last_us >= reader.limit_s * 1_000_000:  # `SILENCE` may shorten the limit
                raise SourceError("no_data")
            pause_s = 0.0
            for picture in pictures:
                self._check_order(picture)
                timed = self._timed(picture, came)
                yield timed
                pause_s = batching.pause_s(came[1], timed.arrival.media_us)
            if pause_s > 0:
                time.sleep(pause_s)

    def _check(self, on_skipped: Callable[[], None]) -> None:
        """Read until the coding and the order of the pictures are known. NotPlain if FFmpeg must read the camera."""
        last_us = self._now()[1]
        pictures = self._packets.take()  # those that came with the answer to PLAY
        came = self._now()
        while True:
            for picture in pictures:
                last_us = came[1]
                if self._first or picture.is_keyframe:
                    self._first.append((picture, came))
                else:
                    on_skipped()
            if len(self._first) > _CHECKED or (self._first and came[1] - self._first[0][1][1] > _CHECKED_FOR_US):
                break
            if came[1] - last_us >= self._silence_s * 1_000_000:
                raise SourceError("timeout")
            pictures, came = self._receive()
        ticks = [picture.dts for picture, _ in self._first]
        if any(after < before for before, after in pairwise(ticks)):
            raise NotPlain("its pictures are not sent in the order of showing")
        if self._packets.irregular and not self._packets.lost:
            raise NotPlain("its pictures are not marked as the standard says")
        self._template, self.video = _template(self._track, self._first[0][0])
        if self.video.codec_context.has_b_frames:
            raise NotPlain("its pictures may be sent in another order than that of showing")

    def _receive(self) -> tuple[list[CodedPicture], tuple[int, int]]:
        """The pictures of one read, and its time; none after 0.25 s without data. SourceError if the read fails."""
        try:
            received = self._client.socket.recv_into(self._packets.room())
            if received == 0:
                raise SourceError("connection_lost")
            came = self._now()
            pictures = self._packets.take(received)
        except BlockingIOError:
            return [], self._now()
        except (OSError, StreamCorrupt):
            raise SourceError("connection_lost") from None
        if came[1] >= self._keep_alive_us or self._packets.answer is not None:
            self._keep_alive(came[1])
        return pictures, came

    def _keep_alive(self, steady_us: int) -> None:
        """Read the camera's last answer, and ask again at half the session's timeout, or the camera ends the session.

        A lost connection is not reported here: the next read reports it, after the pictures that came before.
        """
        answer, self._packets.answer = self._packets.answer, None
        with contextlib.suppress(OSError):
            if answer is not None:
                self._client.take_answer(answer)
            if self._keep_alive_us and steady_us >= self._keep_alive_us:
                self._client.keep_alive()
        if steady_us >= self._keep_alive_us:
            self._keep_alive_us = steady_us + self._client.session_s * 500_000

    def _check_order(self, picture: CodedPicture) -> None:
        """Leave the camera to FFmpeg once its pictures come in another order or without marker bits."""
        last, self._last_ticks = self._last_ticks, picture.dts
        self._seen += 1
        if last is not None:
            # The two fields of a picture share one time. A time that stands still is left to the run: FFmpeg could not
            # read such a camera better.
            self._odd += 0 < last - picture.dts < self._track.clock_hz or (self._same_time and picture.dts > last)
            self._same_time = picture.dts == last
        if self._seen < _ODD_OF:
            return
        self._odd += self._packets.irregular - self._irregular
        if self._odd >= _MOST_ODD:
            self._choice.try_plain = False
            self._choice.why_ffmpeg = "its pictures come in another order, or unmarked"
            raise SourceError("timestamps_broken")
        self._irregular, self._seen, self._odd = self._packets.irregular, 0, 0

    def _timed(self, picture: CodedPicture, came: tuple[int, int]) -> TimedPacket:
        ticks = picture.dts
        media_us = int(ticks * self._per_tick_us)
        wall_us, steady_us = came
        clock_us, report = None, self._packets.report
        if report is not None and steady_us - self._clock_read_us >= _CAMERA_CLOCK_EVERY_US:
            self._clock_read_us = steady_us
            since_us = int((ticks - report[1]) * self._per_tick_us)
            if abs(since_us) < _REPORT_VALID_US:  # further apart: the media time has jumped since the report
                clock_us = report[0] + since_us
        return TimedPacket(picture, Arrival(wall_us, steady_us, media_us), clock_us)

    def _now(self) -> tuple[int, int]:
        return self._clock.now(), int(self._clock.monotonic() * 1_000_000)

    def close(self) -> None:
        if self._reader is not None:
            SILENCE.forget(self._reader)
        self._client.close()
        if self._template is not None:
            self._template.close()


def _translated(error: RtspError) -> SourceError | NotPlain:
    """What an error of the client means: why the camera cannot be read, or that FFmpeg must try."""
    if isinstance(error, ConnectFailed):
        return SourceError("unreachable")
    if isinstance(error, AnswerTimeout):
        return SourceError("timeout")
    if isinstance(error, StreamCorrupt):
        return SourceError("connection_lost")
    if isinstance(error, ConnectionClosed):
        return NotPlain("it closed the connection", lasting=False)
    if isinstance(error, RequestRefused):
        if error.status in _OWN_CAUSE:
            return SourceError(f"refused_{error.status}")
        return NotPlain(str(error), lasting=error.status == _UNSUPPORTED_TRANSPORT)
    return NotPlain(str(error))


def _template(track: VideoTrack, keyframe: CodedPicture) -> tuple[av.container.InputContainer, VideoStream]:
    """How a camera's pictures are coded, by FFmpeg's reading of the first keyframe. NotPlain if FFmpeg cannot tell."""
    announced = b"" if keyframe.sets else b"".join(b"\0\0\1" + each for each in track.sets)
    try:
        container = av.open(io.BytesIO(announced + keyframe.with_start_codes()), "r", format=track.codec)
    except (av.FFmpegError, OSError):
        raise NotPlain("its first picture cannot be read", lasting=False) from None
    video = container.streams.video[0]
    if not video.codec_context.extradata or not video.codec_context.width:
        container.close()
        raise NotPlain("its first picture does not say how it is coded", lasting=False)
    return container, video
