"""One plain camera: its connection read in bulk, its pictures as packets for the mux.

A picture's time of arrival is when its last byte had been read. Design: docs/design/capture.md, "The plain reader".
"""

import contextlib
import io
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import av
from av.video.stream import VideoStream

from shike.capture.clock import Clock
from shike.capture.errors import SourceError
from shike.capture.mp4.coded_picture import CodedPicture
from shike.capture.source.address import Address
from shike.capture.source.open_stream import (
    SIMULATED_TITLE,
    Source,
    Timed,
    give_memory_back,
    nobody_asks,
)
from shike.capture.source.rest import Rest
from shike.capture.source.rtsp.access_units import LostTrack
from shike.capture.source.rtsp.client import Client
from shike.capture.source.rtsp.description import VideoTrack
from shike.capture.source.rtsp.not_plain import NotPlain
from shike.capture.source.rtsp.packets import Packets
from shike.capture.source.silence import SILENCE, Reader
from shike.capture.source.timeline import Arrival

_LOOK_US, _SEND_LIMIT_S = 250_000, 5
# Pictures after the first keyframe that are waited for to see whether they come in the order of showing.
_LOOKED_AT, _LOOKED_FOR_US = 4, 400_000
# So many of so many that are odd, and FFmpeg shall read this camera.
_ODD, _ODD_OF = 10, 40
_CAMERA_CLOCK_EVERY_US, _REPORT_HOLDS_US = 500_000, 60_000_000


@dataclass(slots=True)
class Ways:
    """How one camera can be read. `plain` becomes false for good once it has shown that it needs FFmpeg.

    `why_not`: why FFmpeg read it the last time that the plain reader was tried, in words without its address.
    """

    plain: bool = True
    why_not: str | None = None


class PlainSource(Source):
    """A camera after PLAY, read from its first keyframe on."""

    def __init__(self, client: Client, track: VideoTrack, clock: Clock, silence_s: float, ways: Ways) -> None:
        self._client, self._track, self._clock = client, track, clock
        self._silence_s, self._ways = silence_s, ways
        self._packets = Packets(track, client.channel, client.rest, client.control_channel)
        self._per_tick_us = 1_000_000 / track.clock_hz
        self._first: list[tuple[CodedPicture, tuple[int, int]]] = []
        self._last_ticks: int | None = None
        self._is_level = False
        self._seen = self._odd = self._irregular = 0
        self._asked_clock_us = 0
        self._stay_us = 0
        self._reader: Reader | None = None
        self._template: av.container.InputContainer | None = None
        self.connected_s = clock.monotonic()
        self.simulated = track.title == SIMULATED_TITLE
        self.announces_audio = track.announces_audio
        # The kernel's own limit: Python's would ask with one call more whether there is something to read.
        client.socket.settimeout(None)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 0, _LOOK_US))
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", _SEND_LIMIT_S, 0))

    @classmethod
    def open(
        cls,
        address: Address,
        clock: Clock,
        timeout_s: float,
        ways: Ways,
        passed_over: Callable[[], None] = nobody_asks,
    ) -> Self:
        """Connect and wait for a keyframe. SourceError if the camera refuses or does not answer; NotPlain."""
        client = Client(address, timeout_s)
        try:
            source = cls(client, client.play(), clock, timeout_s, ways)
        except BaseException:
            client.close()
            raise
        try:
            source._look(passed_over)
        except BaseException:
            source.close()
            raise
        give_memory_back()
        return source

    @property
    def lost(self) -> int:
        return self._packets.lost

    def packets(self, passed_over: Callable[[], None] = nobody_asks) -> Iterator[Timed]:
        """All pictures, from the keyframe that opening waited for."""
        reader = self._reader = SILENCE.watch(self._silence_s)
        rest = Rest(threading.get_native_id() * 0.618034 % 1.0, together=2)
        waiting, self._first = self._first, []
        for picture, came in waiting:
            yield self._timed(picture, came)
        heard_us = self._now()[1]
        while True:
            pictures, came = self._receive()
            if pictures:
                heard_us = came[1]
                reader.packets += len(pictures)
            elif came[1] - heard_us >= reader.limit_s * 1_000_000:  # which `SILENCE` may shorten
                raise SourceError("no_data")
            wait_s = 0.0
            for picture in pictures:
                self._mind_order(picture)
                timed = self._timed(picture, came)
                yield timed
                wait_s = rest.after(came[1], timed.arrival.media_us)
            if wait_s > 0:
                time.sleep(wait_s)

    def _look(self, passed_over: Callable[[], None]) -> None:
        """Read until it is known how the pictures are coded, and in which order they come."""
        heard_us = self._now()[1]
        pictures = self._packets.take()  # what came with the answer to PLAY
        came = self._now()
        while True:
            for picture in pictures:
                heard_us = came[1]
                if self._first or picture.is_keyframe:
                    self._first.append((picture, came))
                else:
                    passed_over()
            if len(self._first) > _LOOKED_AT or (self._first and came[1] - self._first[0][1][1] > _LOOKED_FOR_US):
                break
            if came[1] - heard_us >= self._silence_s * 1_000_000:
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
        """What has come, or nothing within a moment. SourceError if the connection is gone or unreadable."""
        try:
            received = self._client.socket.recv_into(self._packets.room())
            if received == 0:
                raise SourceError("connection_lost")
            came = self._now()
            pictures = self._packets.take(received)
        except BlockingIOError:
            return [], self._now()
        except (OSError, LostTrack):
            raise SourceError("connection_lost") from None
        if came[1] >= self._stay_us or self._packets.answer is not None:
            self._stay(came[1])
        return pictures, came

    def _stay(self, steady_us: int) -> None:
        """A camera ends a session of which nothing is heard for as long as it said.

        Where the connection is gone, reading says so, after what had come before.
        """
        answer, self._packets.answer = self._packets.answer, None
        with contextlib.suppress(OSError):
            if answer is not None:
                self._client.answered(answer)
            if self._stay_us and steady_us >= self._stay_us:
                self._client.stay()
        if steady_us >= self._stay_us:
            self._stay_us = steady_us + self._client.session_s * 500_000

    def _mind_order(self, picture: CodedPicture) -> None:
        """Notice pictures that begin to come in another order, or unmarked: FFmpeg can make sense of them."""
        last, self._last_ticks = self._last_ticks, picture.dts
        self._seen += 1
        if last is not None:
            # Halves of a picture share a time. One that stands still is for the run to judge: FFmpeg knows no better.
            self._odd += 0 < last - picture.dts < self._track.clock_hz or (self._is_level and picture.dts > last)
            self._is_level = picture.dts == last
        if self._seen < _ODD_OF:
            return
        self._odd += self._packets.irregular - self._irregular
        if self._odd >= _ODD:
            self._ways.plain, self._ways.why_not = False, "its pictures come in another order, or unmarked"
            raise SourceError("timestamps_broken")
        self._irregular, self._seen, self._odd = self._packets.irregular, 0, 0

    def _timed(self, picture: CodedPicture, came: tuple[int, int]) -> Timed:
        ticks = picture.dts
        media_us = int(ticks * self._per_tick_us)
        wall_us, steady_us = came
        clock_us, report = None, self._packets.report
        if report is not None and steady_us - self._asked_clock_us >= _CAMERA_CLOCK_EVERY_US:
            self._asked_clock_us = steady_us
            since_us = int((ticks - report[1]) * self._per_tick_us)
            if abs(since_us) < _REPORT_HOLDS_US:  # or the media time has jumped since
                clock_us = report[0] + since_us
        return Timed(picture, Arrival(wall_us, steady_us, media_us), clock_us)

    def _now(self) -> tuple[int, int]:
        return self._clock.now(), int(self._clock.monotonic() * 1_000_000)

    def close(self) -> None:
        if self._reader is not None:
            SILENCE.forget(self._reader)
        self._client.close()
        if self._template is not None:
            self._template.close()


def _template(track: VideoTrack, keyframe: CodedPicture) -> tuple[av.container.InputContainer, VideoStream]:
    """How a camera's pictures are coded, as FFmpeg says of its first one. NotPlain if it cannot tell."""
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
