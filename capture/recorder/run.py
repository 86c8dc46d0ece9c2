"""One run: packets from one source without a break, written by one mux with one timeline.

Used for live cameras and imported files. Here: which packets belong to the run, when it must end, its health values.
Not here: connections (camera.py), cutting into files (segmenter.py), disk (writer.py). Design: docs/design/capture.md.
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
from shike.capture.source.open_stream import TimedPacket
from shike.capture.source.timeline import Timeline

_BAD_IN_A_ROW = 50
# A longer pause between two pictures ends the run. The slowest camera sends more often.
PAUSE_US = 2_500_000
_OUT_OF_ORDER_S = 1
# How long the start of a run waits for audio; how long a run without audio lasts before one with audio replaces it.
_AUDIO_WAIT_US = 400_000
_AUDIO_SETTLED_US = 10_000_000
_RATE_WINDOW_US = 5_000_000
_OFFSET_LIMIT_MS = 100 * 365 * 86_400_000  # a camera whose clock was never set reports 1970


@dataclass(frozen=True, slots=True)
class RunStart:
    """What identifies a run before its first packet."""

    camera_id: str
    stream: StreamName
    epoch: int
    origin: Origin
    simulated: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """Bits and pictures per second over the last five seconds. None during the first second."""

    bitrate_bps: int | None = None
    fps: float | None = None


class RunRecorder:
    """Records the packets of one run. Call `take` until it returns a reason, then `finish` once."""

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
        """`timeline`: that of the last run, if this run continues it without a gap.

        `coded`: how the pictures are coded now, if the camera has changed that since the stream was opened.
        `writer`: shared by the runs of a connection. Without one, files are written in the caller's thread.
        """
        self._writer, self._lengths, self._node = writer or Writer(recording), recording.lengths, recording.node
        self._video, self._start, self._live, self._sound = video, start, start.origin == "live", sound
        self._coded = coded
        self.timeline = timeline or Timeline()
        self._audio: AudioTrack | None = None
        self._waiting: list[TimedPacket] = []
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
        """The source's count of missing pieces up to now; set to its value at the start of the run."""
        self.clock_offset_ms: int | None = None
        self.last_packet_us: int | None = None

    @property
    def writing(self) -> bool:
        """Whether a fragment of this run has been stored."""
        return self._segmenter is not None and self._segmenter.stored

    @property
    def unended(self) -> SegmentRecord | None:
        """After `abandon`: the last closed segment, if its run should have continued and the next file failed."""
        return self._writer.unended

    @property
    def hopeless(self) -> bool:
        """Whether decode times have stopped rising. Another run on this connection would fail in the same way."""
        return self._bad_in_a_row >= _BAD_IN_A_ROW

    @property
    def rate(self) -> Rate:
        if len(self._recent) < 2 or self._recent[-1][0] - self._recent[0][0] < 1_000_000:
            return Rate()
        seconds = (self._recent[-1][0] - self._recent[0][0]) / 1_000_000
        return Rate(
            int((self._recent_bytes - self._recent[0][1]) * 8 / seconds), round((len(self._recent) - 1) / seconds, 1)
        )

    def take(self, timed: TimedPacket) -> EndReason | None:
        """Record a packet. Returns the reason if the run must end. DiskError if the volume refuses."""
        packet, arrival, _ = timed
        dts, media_us = packet.dts, arrival.media_us
        assert dts is not None
        if self._last_dts is not None and dts <= self._last_dts:
            assert packet.time_base is not None
            if (self._last_dts - dts) * packet.time_base <= _OUT_OF_ORDER_S:  # a larger step back is a clock step
                return self._drop()
        ended = self.timeline.observe(arrival)
        if ended is not None:
            return ended
        if self._live and self._last_media_us is not None and media_us - self._last_media_us > PAUSE_US:
            # A picture must not be shown as the footage of seconds in which nothing came.
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
        # Only for cameras: connecting again may make a camera send a keyframe. A file cannot be changed.
        if self._live and self._segmenter.overdue(self.timeline.wall(media_us)):
            return "gop_too_long"
        return None

    def _awaits_audio(self, timed: TimedPacket) -> bool:
        """Whether the start of the run still waits for the first audio."""
        if self._sound is None or not self._sound.is_kept or self._sound.is_heard(timed.arrival.wall_us):
            return False
        return timed.arrival.steady_us - self._waiting[0].arrival.steady_us < _AUDIO_WAIT_US

    def _audio_changed(self, sound: Sound, timed: TimedPacket) -> bool:
        """Whether a new run with another set of tracks must begin, because audio began or stopped."""
        if self._segmenter is None:
            return False
        if self._audio is not None:
            return not sound.is_heard(timed.arrival.wall_us)
        old_enough = timed.arrival.media_us - self._base_us >= _AUDIO_SETTLED_US
        return old_enough and sound.is_heard(timed.arrival.wall_us)

    def lost_until_now(self, lost: int) -> None:
        """Count what is missing on this connection, `lost` so far, as dropped by this run."""
        missing, self.lost = lost - self.lost, lost
        self.dropped += missing
        if self._segmenter is not None:
            self._segmenter.dropped += missing

    def finish(self, reason: EndReason) -> None:
        """End the run and close its last segment. A writer with a thread closes it later.

        DiskError if the volume refuses; then the file is abandoned.
        """
        try:
            if self._waiting:
                # The run is too short to know how late its packets came. Keep them all the same.
                self.timeline.anchor()
                self._begin()
            if self._segmenter is None or self._mux is None:
                return
            for payload in self._mux.finish():
                self._segmenter.append(payload, self._audio_part())
            self._segmenter.close(reason)
        except BaseException:
            # After any error: recovery could never close a file that stays open here.
            self.abandon()
            raise
        self._segmenter = None

    def abandon(self) -> None:
        """After a failed write: release the file without completing it. If no file is open, see `unended`."""
        self._waiting, self._segmenter = [], None
        self._writer.abandon()

    def _begin(self) -> None:
        first = self._waiting[0].arrival.media_us
        self._base_us = first
        has_audio = self._sound is not None and self._sound.is_heard(self._waiting[-1].arrival.wall_us)
        sound = self._sound if has_audio else None
        if sound is None and self._sound is not None:
            self._sound.mark_silent()
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
        # All packets of a run have one type, because one reader reads the connection.
        for payload in self._mux.mux(packet):  # type: ignore[arg-type]
            self._segmenter.clock_offset_ms = self.clock_offset_ms
            self._segmenter.append(payload, self._audio_part())

    def _audio_part(self) -> bytes:
        assert self.last_packet_us is not None
        return b"" if self._audio is None else self._audio.part(self.last_packet_us)

    def _note(self, timed: TimedPacket, size: int) -> None:
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
