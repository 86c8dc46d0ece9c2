"""A camera's audio: packets of one connection → AAC frames on the run's time line → the audio part of a fragment.

Audio never delays or damages the video: the video's mux does not contain it, its errors end here, and a run without
audio is a complete run. Not here: whether a room wants audio (attendance.recording.policy), readers. Design:
docs/design/capture.md, "Audio"; decision 0011.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.packet import Packet

from shike.capture.mp4.audio import audio_fragment
from shike.capture.schedule import G711
from shike.capture.source.timeline import Arrival, Timeline

if TYPE_CHECKING:
    from av.container import OutputContainer

log = logging.getLogger(__name__)

SoundState = Literal["none_yet", "recorded", "dropped_g711", "dropped_codec", "failed"]
G711_CODECS = ("pcm_alaw", "pcm_mulaw")
_SAMPLES = 1024
_BITRATE = 32_000
# After this long without audio the run goes on without it: a player waits for the track that is late.
SILENT_US = 1_500_000
# An audio packet is as short as a pause of the reading thread: observe for a second to find the least delay.
_SETTLE_US = 1_000_000
# A frame that is further off its place than this begins a new place.
_OFF_US = 200_000
# A frame cannot be made after it arrives. The last picture, to which it is compared, may be 2.5 s old.
_AHEAD_US = 5_000_000
_MOST_WAITING = 400


@dataclass(frozen=True, slots=True)
class Frame:
    """One AAC frame: its bytes, the wall time (µs) of its first sample, its number of samples."""

    data: bytes
    wall_us: int
    samples: int


class Sound:
    """The audio of one connection. Not shared between threads."""

    def __init__(self, stream: AudioStream, g711: G711) -> None:
        """`g711`: what to do with G.711. `state` says so where this audio is not kept."""
        self.stream = stream
        name = stream.codec_context.name
        self.state: SoundState = "none_yet"
        self._encoder: AudioCodecContext | None = None
        self._timeline = Timeline(_SETTLE_US)
        self._untimed: list[tuple[bytes, int, int]] = []  # until the timeline is anchored
        self._waiting: list[Frame] = []
        self._heard_us: int | None = None
        self.rate_hz = int(stream.codec_context.sample_rate or 0)
        if name in G711_CODECS:
            if g711 == "drop":
                self.state = "dropped_g711"
        elif name != "aac" or self.rate_hz == 0:
            self.state = "dropped_codec"
        self._transcode = name in G711_CODECS
        self._layout = stream.codec_context.layout.name if stream.codec_context.layout else "mono"

    @property
    def is_kept(self) -> bool:
        return self.state in ("none_yet", "recorded")

    def take(self, packet: "Packet[AudioStream]", wall_us: int, steady_us: int) -> None:
        """Take a packet that arrived at these times. Never raises for what the camera sends."""
        if not self.is_kept or packet.size == 0:
            return
        try:
            if packet.pts is None:
                packet.pts = packet.dts
            if packet.pts is None or packet.time_base is None:
                return
            media_us = int(packet.pts * packet.time_base * 1_000_000)
            if self._timeline.observe(Arrival(wall_us, steady_us, media_us)) is not None:
                self._timeline = Timeline(_SETTLE_US)
                self._untimed.clear()  # their times are from before the step of the camera's clock
                self._timeline.observe(Arrival(wall_us, steady_us, media_us))
            self._untimed.extend(self._coded(packet, media_us))
            if self._timeline.anchored:
                timed = (Frame(data, self._timeline.wall(at), samples) for data, at, samples in self._untimed)
                self._waiting.extend(timed)
                self._untimed.clear()
            del self._waiting[:-_MOST_WAITING], self._untimed[:-_MOST_WAITING]  # none are taken before a run begins
            self._heard_us = wall_us
        except (av.FFmpegError, ValueError, ArithmeticError):
            # Do not log the error's own text: it may hold what the camera sent.
            self.fail("cannot be read")

    def fail(self, why: str) -> None:
        """Keep no audio of this connection from now on."""
        log.warning("audio of a camera %s; it is recorded without", why)
        self.state = "failed"

    def mark_silent(self) -> None:
        """A run goes on without audio, because none comes; it may come back later."""
        if self.is_kept:
            self.state = "none_yet"

    def is_heard(self, wall_us: int) -> bool:
        """Whether audio arrived within the last 1.5 s."""
        return self.is_kept and self._heard_us is not None and wall_us - self._heard_us <= SILENT_US

    def frames(self) -> list[Frame]:
        """The frames since the last call."""
        taken, self._waiting = self._waiting, []
        return taken

    def add_to(self, container: "OutputContainer") -> None:
        """Add the audio as a run's second track, so that the header describes it."""
        if self._transcode:
            track = container.add_stream("aac", rate=self.rate_hz, layout=self._layout)
            track.bit_rate = _BITRATE
        else:
            container.add_stream_from_template(self.stream)

    def _coded(self, packet: "Packet[AudioStream]", media_us: int) -> Iterator[tuple[bytes, int, int]]:
        """The AAC frames that a packet completes: bytes, media time in µs, number of samples."""
        if not self._transcode:
            yield strip_adts(bytes(packet)), media_us, _SAMPLES
            return
        if self._encoder is None:
            self._encoder = self._new_encoder()
        for frame in self.stream.codec_context.decode(packet):
            frame.pts = media_us * self.rate_hz // 1_000_000
            frame.time_base = Fraction(1, self.rate_hz)
            for coded in self._encoder.encode(frame):
                if coded.pts is not None:
                    yield bytes(coded), coded.pts * 1_000_000 // self.rate_hz, _SAMPLES

    def _new_encoder(self) -> AudioCodecContext:
        encoder = AudioCodecContext.create("aac", "w")
        encoder.sample_rate, encoder.layout, encoder.format = self.rate_hz, self._layout, "fltp"
        encoder.bit_rate, encoder.time_base = _BITRATE, Fraction(1, self.rate_hz)
        return encoder


def strip_adts(data: bytes) -> bytes:
    """The frame without the ADTS header that some cameras leave on it (ISO 14496-3 §1.A.2): MP4 does not allow one."""
    if len(data) < 7 or data[0] != 0xFF or data[1] & 0xF6 != 0xF0:
        return data
    length = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5
    return data[7 if data[1] & 1 else 9 :] if length == len(data) else data


class AudioTrack:
    """The audio of one run: its frames, placed on the run's time line, as the audio part of each fragment."""

    def __init__(self, sound: Sound, run_started_us: int) -> None:
        self._sound, self._started_us = sound, run_started_us
        self._next = 0  # decode time in samples of the next frame if none is missing
        self._sequence = 0
        sound.state = "recorded"

    def part(self, now_us: int) -> bytes:
        """moof + mdat of all frames since the last call: one pair per stretch without a gap, none without frames.

        `now_us`: the wall time of the last picture. A frame far later than that is dropped: all frames after it would
        be dropped until their time reaches it.
        """
        rate = self._sound.rate_hz
        parts: list[bytes] = []
        stretch: list[Frame] = []
        begins = self._next
        for frame in self._sound.frames():
            place = (frame.wall_us - self._started_us) * rate // 1_000_000
            off_us = (place - self._next) * 1_000_000 // rate
            if off_us < -_OFF_US or place < 0 or frame.wall_us > now_us + _AHEAD_US:
                continue  # before the run, a repetition, or too far in the future
            if off_us > _OFF_US:
                parts.append(self._pair(begins, stretch))
                begins = self._next = place
                stretch = []
            stretch.append(frame)
            self._next += frame.samples
        parts.append(self._pair(begins, stretch))
        return b"".join(parts)

    def _pair(self, decode_time: int, frames: list[Frame]) -> bytes:
        if not frames:
            return b""
        self._sequence += 1
        sizes = [(len(frame.data), frame.samples) for frame in frames]
        return audio_fragment(self._sequence, decode_time, sizes, b"".join(frame.data for frame in frames))
