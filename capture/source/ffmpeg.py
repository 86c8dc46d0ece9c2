"""`FFmpegSource`: a camera or a file read by FFmpeg. FFmpeg can read every camera, and reads all files.

Here: opening, arrival times, missing decode times, FFmpeg's errors as cause codes. Not here: cameras that need no
FFmpeg (`plain`), ending a silent connection (`silence`). Design: docs/design/capture.md, "FFmpeg".
"""

import errno
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import (
    ConnectionRefusedError as AvConnectionRefusedError,
)
from av.error import (
    ExitError,
    FFmpegError,
    HTTPClientError,
    HTTPForbiddenError,
    HTTPNotFoundError,
    HTTPOtherClientError,
    HTTPServerError,
    HTTPUnauthorizedError,
)
from av.packet import Packet
from av.video.stream import VideoStream

from shike.capture.clock import Clock
from shike.capture.errors import SourceError
from shike.capture.schedule import G711
from shike.capture.source.address import Address
from shike.capture.source.audio import Sound
from shike.capture.source.batching import ReadBatching
from shike.capture.source.open_stream import (
    CODECS,
    SIMULATED_TITLE,
    Source,
    TimedPacket,
    give_memory_back,
    ignore_skipped,
)
from shike.capture.source.refusal import Refusal
from shike.capture.source.silence import SILENCE, Reader
from shike.capture.source.timeline import Arrival

# A packet, and the wall and steady time (µs) at which it arrived.
_Arrived = tuple["Packet[VideoStream]", tuple[int, int]]
_MOST_UNTIMED = 8
_CAMERA_CLOCK_EVERY_US = 500_000


class FFmpegSource(Source):
    """A stream that FFmpeg has opened."""

    def __init__(self, container: InputContainer, clock: Clock, silence_s: float | None = None) -> None:
        self._container, self._clock, self._silence_s = container, clock, silence_s
        self._reader: Reader | None = None
        if not container.streams.video:
            container.close()
            raise SourceError("no_video")
        self.video = container.streams.video[0]
        if self.video.codec_context.name not in CODECS:
            name = self.video.codec_context.name
            container.close()
            raise SourceError("unsupported_codec", f"{name} cannot be recorded; set the camera to H.264 or H.265")
        assert self.video.time_base is not None, "every stream that is read has a time base"
        # Whole numbers: calculating with a Fraction per packet takes a tenth of the CPU time of recording.
        self._per_tick, self._ticks = self.video.time_base.numerator * 1_000_000, self.video.time_base.denominator
        self._clock_read_us = 0
        self.simulated = container.metadata.get("title", "") == SIMULATED_TITLE

    @classmethod
    def open_camera(cls, address: Address, clock: Clock, timeout_s: float = 10.0, audio: G711 | None = None) -> Self:
        """Connect to a camera. SourceError with a cause code if it refuses or does not answer.

        `audio` says what to do with G.711; with None the camera is not asked for audio at all.
        """
        with Refusal() as refusal:
            try:
                container = _connect(address, timeout_s, "video" if audio is None else "video+audio")
            except (FFmpegError, OSError) as error:
                raise source_error(error, refusal=refusal.cause) from None
        give_memory_back()
        source = cls(container, clock, timeout_s)
        if audio is not None and container.streams.audio:
            source.sound = Sound(container.streams.audio[0], audio)
        return source

    @classmethod
    def open_file(cls, path: Path, clock: Clock) -> Self:
        """Open a video file. SourceError if its video cannot be stored without encoding it again."""
        try:
            container = av.open(str(path), "r")
        except (FFmpegError, OSError) as error:
            raise SourceError("unreadable", f"{path.name} cannot be read as video: {error.strerror}") from None
        return cls(container, clock)

    @property
    def duration_s(self) -> float | None:
        """Length of a file in seconds; None for a live stream."""
        duration = self._container.duration
        return None if duration is None or duration <= 0 else duration / 1_000_000

    def packets(self, on_skipped: Callable[[], None] = ignore_skipped) -> Iterator[TimedPacket]:
        """Packets from the first keyframe on.

        FFmpeg returns a packet when the next one begins to arrive. So each packet arrived when FFmpeg returned the one
        before it.
        """
        reader = self._reader = SILENCE.watch(self._silence_s) if self._silence_s is not None else None
        # Audio needs its own arrival times, and over UDP the kernel drops what is not read in time.
        may_pause = self.sound is None and self._container.options.get("rtsp_transport") == "tcp"
        batching = ReadBatching(threading.get_native_id() * 0.618034 % 1.0) if may_pause else None
        started = False
        untimed: list[_Arrived] = []  # packets that still lack a decode time
        returned = self._now()
        try:
            for packet in self._container.demux(self.video) if self.sound is None else self._pictures(self.sound):
                came, returned = returned, self._now()
                started = started or packet.is_keyframe
                if not started:
                    on_skipped()
                if started and packet.size > 0 and not packet.is_corrupt:
                    if packet.dts is None and not self.video.codec_context.has_b_frames:
                        packet.dts = packet.pts
                    if packet.dts is None:
                        untimed = [*untimed, (packet, came)][-_MOST_UNTIMED:]
                    else:
                        for earlier, its_arrival in self._with_decode_times(packet, untimed) if untimed else ():
                            yield self._timed(earlier, its_arrival)
                        untimed = []
                        timed = self._timed(packet, came)
                        yield timed
                        pause_s = 0.0 if batching is None else batching.pause_s(returned[1], timed.arrival.media_us)
                        if pause_s > 0:
                            time.sleep(pause_s)
                if reader is not None:
                    reader.packets += 1
        except (FFmpegError, OSError) as error:
            if reader is None or not reader.cut:
                raise source_error(error, connected=True) from None
        if reader is not None and reader.cut:
            raise SourceError("no_data")

    def _pictures(self, sound: Sound) -> Iterator["Packet[VideoStream]"]:
        """The video packets; audio packets that come in between go to `sound`."""
        for packet in self._container.demux(self.video, sound.stream):
            if packet.stream_index == self.video.index:
                yield cast("Packet[VideoStream]", packet)
            else:
                sound.take(cast("Packet[AudioStream]", packet), *self._now())

    def _with_decode_times(self, timed: "Packet[VideoStream]", untimed: list["_Arrived"]) -> Iterator["_Arrived"]:
        """Give decode times to the packets before `timed` that FFmpeg returned without one.

        An RTSP stream's first picture, a keyframe, comes without any time: it lies one picture before the second. Where
        pictures are not sent in the order of showing, the next few come without a decode time.
        """
        assert timed.dts is not None
        rate, base, dts = self.video.average_rate, self.video.time_base, timed.dts
        ticks = round(1 / (rate * base)) if rate and base else dts // max(1, len(untimed))
        known = (each.pts for each in (timed, *(packet for packet, _ in untimed)))
        shown = min((pts for pts in known if pts is not None), default=dts)
        for distance, (packet, came) in zip(range(len(untimed), 0, -1), untimed, strict=True):
            packet.dts = dts - distance * max(1, ticks)
            if packet.pts is None:  # the keyframe, which is shown before all others
                packet.pts = max(packet.dts, shown - max(1, ticks))
            yield packet, came

    def _timed(self, packet: "Packet[VideoStream]", came: tuple[int, int]) -> TimedPacket:
        dts = packet.dts
        assert dts is not None
        wall_us, steady_us = came
        clock_us = None
        if steady_us - self._clock_read_us >= _CAMERA_CLOCK_EVERY_US:  # every packet carries it, and reading it is slow
            self._clock_read_us, clock_us = steady_us, _camera_clock(packet)
        return TimedPacket(packet, Arrival(wall_us, steady_us, dts * self._per_tick // self._ticks), clock_us)

    def _now(self) -> tuple[int, int]:
        return self._clock.now(), int(self._clock.monotonic() * 1_000_000)

    def close(self) -> None:
        if self._reader is not None:
            SILENCE.forget(self._reader)
        self._container.close()


def _connect(address: Address, timeout_s: float, media: str) -> InputContainer:
    """Connect over TCP; over UDP where the camera offers nothing else."""
    options = {
        "rtsp_transport": "tcp",
        "allowed_media_types": media,
        # This limit starts again with every byte; `silence` notices missing pictures earlier.
        "timeout": str(int((timeout_s + 5) * 1_000_000)),
        "analyzeduration": "300000",
        "fpsprobesize": "2",
    }
    try:
        # Do not use PyAV's time limit for reading: it takes Python's lock three times per RTP packet.
        return av.open(address.url(), "r", options=options, timeout=(timeout_s, None))
    except OSError as error:
        if error.errno != errno.EPROTONOSUPPORT:  # FFmpeg's error for status 461
            raise
    # Over UDP a reader waits for several sockets, and `silence` cannot end such a wait: here PyAV's limit is used.
    # FFmpeg repeats a read that timed out once, so the limit is half.
    return av.open(address.url(), "r", options=options | {"rtsp_transport": "udp"}, timeout=(timeout_s, timeout_s / 2))


def source_error(error: Exception, *, connected: bool = False, refusal: str | None = None) -> SourceError:
    """An FFmpeg error as a cause code, without its text: the text holds the address."""
    if refusal is not None and isinstance(error, (HTTPClientError, HTTPServerError)):
        return SourceError(refusal)
    causes: list[tuple[type[BaseException], str]] = [
        (HTTPUnauthorizedError, "refused_401"),
        (HTTPForbiddenError, "refused_403"),
        (HTTPNotFoundError, "refused_404"),
        (HTTPOtherClientError, "refused_other"),
        (HTTPServerError, "refused_other"),
        (AvConnectionRefusedError, "unreachable"),
        (ConnectionRefusedError, "unreachable"),
        (ExitError, "no_data" if connected else "timeout"),
        (TimeoutError, "no_data" if connected else "timeout"),
    ]
    for kind, cause in causes:
        if isinstance(error, kind):
            return SourceError(cause)
    return SourceError("connection_lost" if connected else "unreachable")


def _camera_clock(packet: "Packet[VideoStream]") -> int | None:
    if not packet.has_sidedata("prft"):
        return None
    (wall_us,) = struct.unpack_from("<q", bytes(packet.get_sidedata("prft")))
    return int(wall_us)
