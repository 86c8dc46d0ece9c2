"""One run: an unbroken stretch of packets from one source, written by one mux under one timeline.

Used for live cameras and for imported files alike. Design: docs/design/capture.md.
"""

from collections import deque
from dataclasses import dataclass

from av.video.stream import VideoStream

from shike.capture.archive.segment import EndReason, Identity, Origin, SegmentRecord, StreamName
from shike.capture.ids import new_id
from shike.capture.mp4.coded_picture import AnyPicture, CodedPicture
from shike.capture.mp4.parameters import CodingParameters
from shike.capture.mp4.picture_mux import PictureMux
from shike.capture.recorder.recording import Recording
from shike.capture.recorder.segmenter import RunMux, Segmenter
from shike.capture.recorder.writer import Writer
from shike.capture.source.audio import AudioTrack, Sound
from shike.capture.source.open_stream import Timed
from shike.capture.source.timeline import Timeline

_BAD_IN_A_ROW = 50
# Longer than the pictures of the slowest camera are apart.
PAUSE_US = 2_500_000
_OUT_OF_ORDER_S = 1
# How long a run's beginning waits for audio, and how long a run without it lasts before one with it takes its place.
_AUDIO_WAIT_US = 400_000
_AUDIO_SETTLED_US = 10_000_000
_RATE_WINDOW_US = 5_000_000
_OFFSET_LIMIT_MS = 100 * 365 * 86_400_000  # a camera that was never set says 1970


@dataclass(frozen=True, slots=True)
class RunStart:
    """What is known of a run before its first packet."""

    camera_id: str
    stream: StreamName
    epoch: int
    origin: Origin
    simulated: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """Bits and pictures per second over the last seconds, None until there is enough to say."""

    bitrate_bps: int | None = None
    fps: float | None = None


class RunRecorder:
    """Takes the packets of one run. `take` until it says why the run is over, then `finish` once."""

    def __init__(
        self,
        recording: Recording,
        video: VideoStream,
        start: RunStart,
        sound: Sound | None = None,
        timeline: Timeline | None = None,
        coded: CodingParameters | None = None,
        writer: Writer | None = None,
    ) -> None:
        """`timeline` is that of the run before where this one goes on without a break.

        `coded`: how the pictures are coded, where the camera changed that since the stream was opened.
        `writer`: what a connection's runs share; without one, files are written in the caller's thread.
        """
        self._writer, self._lengths, self._node = writer or Writer(recording), recording.lengths, recording.node
        self._video, self._start, self._live, self._sound = video, start, start.origin == "live", sound
        self._coded = coded
        self.timeline = timeline or Timeline()
        self._audio: AudioTrack | None = None
        self._waiting: list[Timed] = []
        self._mux: RunMux | PictureMux | None = None
        self._segmenter: Segmenter | None = None
        self._base_us = 0
        self._last_dts: int | None = None
        self._last_media_us: int | None = None
        self._bad_in_a_row = 0
        self._recent: deque[tuple[int, int]] = deque()  # media µs and size
        self._recent_bytes = 0
        self.dropped = 0
        self.lost = 0
        """What was missing on the connection before this run, and then until now."""
        self.clock_offset_ms: int | None = None
        self.last_packet_us: int | None = None

    @property
    def writing(self) -> bool:
        """Whether something has been stored."""
        return self._segmenter is not None and self._segmenter.stored

    @property
    def unended(self) -> SegmentRecord | None:
        """Once abandoned: the last segment where it was closed to begin the next, and the next could not be begun."""
        return self._writer.unended

    @property
    def hopeless(self) -> bool:
        """Whether its times never rise: another run on this connection would fare no better."""
        return self._bad_in_a_row >= _BAD_IN_A_ROW

    @property
    def rate(self) -> Rate:
        if len(self._recent) < 2 or self._recent[-1][0] - self._recent[0][0] < 1_000_000:
            return Rate()
        seconds = (self._recent[-1][0] - self._recent[0][0]) / 1_000_000
        return Rate(
            int((self._recent_bytes - self._recent[0][1]) * 8 / seconds), round((len(self._recent) - 1) / seconds, 1)
        )

    def take(self, timed: Timed) -> EndReason | None:
        """Record a packet. Returns why the run must end, if it must. DiskError if the volume refuses."""
        packet, arrival, _ = timed
        dts, media_us = packet.dts, arrival.media_us
        assert dts is not None
        if self._last_dts is not None and dts <= self._last_dts:
            assert packet.time_base is not None
            if (self._last_dts - dts) * packet.time_base <= _OUT_OF_ORDER_S:  # by more it is a step of the clock
                return self._drop()
        ended = self.timeline.observe(arrival)
        if ended is not None:
            return ended
        if self._live and self._last_media_us is not None and media_us - self._last_media_us > PAUSE_US:
            # A picture must not stand for seconds that nobody saw.
            return "camera_silent"
        if self._sound is not None and packet.is_keyframe and self._audio_changed(self._sound, timed):
            return "audio_changed"
        self._last_dts, self._bad_in_a_row = dts, 0
        self._last_media_us = media_us
        self._note(timed, packet.size)
        if self._segmenter is None:
            self._waiting.append(timed)
            if not self.timeline.anchored or self._awaits_audio(timed):
                return None
            self._begin()
        else:
            self._write(packet)
        assert self._segmenter is not None
        # A file is as it is: only a camera can be made to send a keyframe, by connecting anew.
        if self._live and self._segmenter.overdue(self.timeline.wall(media_us)):
            return "gop_too_long"
        return None

    def _awaits_audio(self, timed: Timed) -> bool:
        """Whether the run's beginning waits a moment for the first of its audio."""
        if self._sound is None or not self._sound.is_kept or self._sound.is_heard(timed.arrival.wall_us):
            return False
        return timed.arrival.steady_us - self._waiting[0].arrival.steady_us < _AUDIO_WAIT_US

    def _audio_changed(self, sound: Sound, timed: Timed) -> bool:
        """Whether the run must go on with another set of tracks, audio having come or gone for good."""
        if self._segmenter is None:
            return False
        if self._audio is not None:
            return not sound.is_heard(timed.arrival.wall_us)
        old_enough = timed.arrival.media_us - self._base_us >= _AUDIO_SETTLED_US
        return old_enough and sound.is_heard(timed.arrival.wall_us)

    def lost_until_now(self, lost: int) -> None:
        """Something was missing between what came so often on this connection: it counts as what was dropped."""
        missing, self.lost = lost - self.lost, lost
        self.dropped += missing
        if self._segmenter is not None:
            self._segmenter.dropped += missing

    def finish(self, reason: EndReason) -> None:
        """End the run and close its last segment, which a writer with a thread does later.

        DiskError if the volume refuses; the file is abandoned then.
        """
        try:
            if self._waiting:
                # Too short to tell how late its packets came, but no reason to throw them away.
                self.timeline.anchor()
                self._begin()
            if self._segmenter is None or self._mux is None:
                return
            for payload in self._mux.finish():
                self._segmenter.append(payload, self._audio_part())
            self._segmenter.close(reason)
        except BaseException:
            # Whatever it was: a file that stays open here would never be closed by recovery.
            self.abandon()
            raise
        self._segmenter = None

    def abandon(self) -> None:
        """A write failed: let go of the file without closing it properly. Where none is open, `unended` is the last."""
        self._waiting, self._segmenter = [], None
        self._writer.abandon()

    def _begin(self) -> None:
        first = self._waiting[0].arrival.media_us
        self._base_us = first
        heard = self._sound is not None and self._sound.is_heard(self._waiting[-1].arrival.wall_us)
        sound = self._sound if heard else None
        if sound is None and self._sound is not None:
            self._sound.rest()
        if isinstance(self._waiting[0].packet, CodedPicture):
            init = RunMux.init_section(self._video, sound, self._coded)
            self._mux = PictureMux(init, self._lengths.fragment_s)
        else:
            self._mux = RunMux(self._video, self._lengths.fragment_s, sound, self._coded)
        started_us = self.timeline.wall(first)
        start = self._start
        identity = Identity(
            camera_id=start.camera_id,
            stream=start.stream,
            run_id=new_id(),
            run_started_us=started_us,
            segment_id="",
            sequence=0,
            started_us=started_us,
            node=self._node,
            epoch=start.epoch,
            origin=start.origin,
            simulated=start.simulated,
        )
        self._segmenter = Segmenter(self._writer, self._lengths, identity, self._mux.init, self._wall_of)
        self._segmenter.dropped = self.dropped
        self._audio = AudioTrack(sound, started_us) if sound is not None and sound.is_kept else None
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            self._write(each.packet)

    def _wall_of(self, run_media_us: int) -> int:
        return self.timeline.wall(self._base_us + run_media_us)

    def _write(self, packet: AnyPicture) -> None:
        assert self._mux is not None and self._segmenter is not None
        # All of a run are of one kind, because one connection is.
        for payload in self._mux.mux(packet):  # type: ignore[arg-type]
            self._segmenter.clock_offset_ms = self.clock_offset_ms
            self._segmenter.append(payload, self._audio_part())

    def _audio_part(self) -> bytes:
        assert self.last_packet_us is not None
        return b"" if self._audio is None else self._audio.part(self.last_packet_us)

    def _note(self, timed: Timed, size: int) -> None:
        _, (self.last_packet_us, _, media_us), camera_clock_us = timed
        recent = self._recent
        recent.append((media_us, size))
        self._recent_bytes += size
        while recent[0][0] < media_us - _RATE_WINDOW_US:
            self._recent_bytes -= recent.popleft()[1]
        if camera_clock_us is not None and self.timeline.anchored:
            offset_ms = (camera_clock_us - self.timeline.wall(media_us)) // 1000
            self.clock_offset_ms = max(-_OFFSET_LIMIT_MS, min(_OFFSET_LIMIT_MS, offset_ms))

    def _drop(self) -> EndReason | None:
        self.dropped += 1
        self._bad_in_a_row += 1
        if self._segmenter is not None:
            self._segmenter.dropped += 1
        return "timestamps_broken" if self._bad_in_a_row >= _BAD_IN_A_ROW else None
