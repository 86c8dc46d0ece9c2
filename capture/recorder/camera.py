"""One thread per stream: connect, record a run, note why it ended, wait, connect again.

Here: the loop and the health of one stream. Not here: processes (shard.py), segment files (archive), mapping media time
to wall time (source/timeline.py). Design: docs/design/capture.md.
"""

import logging
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import get_args

from shike.capture.archive.hand_over import hand_over, recover_and_hand_over
from shike.capture.archive.segment import EndReason, SegmentRecord
from shike.capture.backoff import Backoff, Pauses
from shike.capture.errors import CaptureError, DiskError, SourceError, StillWritten
from shike.capture.mp4.parameters import CodingParameters, ParameterWatch
from shike.capture.recorder.desired import Wanted
from shike.capture.recorder.health import CaptureState, StreamHealth
from shike.capture.recorder.recording import Recording
from shike.capture.recorder.run import RunRecorder, RunStart
from shike.capture.recorder.writer import Writer
from shike.capture.source.address import Address
from shike.capture.source.open_stream import Source
from shike.capture.source.opening import open_camera
from shike.capture.source.reader_choice import ReaderChoice
from shike.capture.source.timeline import Timeline

log = logging.getLogger(__name__)

_RUN_END = {"no_data": "camera_silent", "timeout": "camera_silent"}
_REPORT_EVERY_S = 0.5
# With jitter, so that the cameras of a building do not all connect at the same moment.
PAUSES = Pauses(first_s=1.0, longest_s=60.0, healthy_s=60.0, jitter=0.25)
_CLOSE_AGAIN_S = 5.0
# Connect again after this many seconds without a keyframe: many cameras send one at the start of a connection.
_KEY_WAIT_S = 30.0
# Report a missing keyframe after this many seconds.
_KEY_LATE_S = 3.0
# After a run has ended for one of these reasons, the next run begins on the same connection.
_SAME_CONNECTION: tuple[EndReason, ...] = (
    "camera_silent",
    "clock_step",
    "timestamps_broken",
    "parameters_changed",
    "audio_changed",
)


@dataclass(frozen=True, slots=True)
class LiveRecording(Recording):
    """What all camera threads of a process share.

    `nudges`: a folder; touching the file named after a camera makes its thread try again at once. `timeout_s`: longest
    wait for data from a camera.
    """

    nudges: Path
    timeout_s: float = 10.0


def end_reason(cause: str) -> EndReason:
    """Why a run ended, from the cause code of the error of its source or disk."""
    known: tuple[EndReason, ...] = get_args(EndReason)
    reason = _RUN_END.get(cause, cause)
    return next((each for each in known if each == reason), "connection_lost")


class CameraThread(threading.Thread):
    """Records one stream until `stop`. Other threads may read `health` and `beat_s` without a lock."""

    def __init__(
        self,
        wanted: Wanted,
        address: Address,
        recording: LiveRecording,
        random: Random,
        unrecorded_since_us: int | None = None,
    ) -> None:
        """`unrecorded_since_us`: since when the stream has not been recorded, as the thread before this one reported
        it. None means from now.
        """
        super().__init__(name=f"camera-{wanted.camera_id}-{wanted.stream}", daemon=True)
        self.wanted = wanted
        self._address, self._recording = address, recording
        self._backoff = Backoff(PAUSES, random)
        self._reader_choice = ReaderChoice()
        self._logged_reason: str | None = None
        self._logged_open: str | None = None
        self._halt, self._given_up = threading.Event(), threading.Event()
        self._halted_for: EndReason = "stopped"
        self._ended: EndReason = "killed"
        self._unended: SegmentRecord | None = None
        self.beat_s = self._reported_s = recording.clock.monotonic()
        since_us = recording.clock.now() if unrecorded_since_us is None else unrecorded_since_us
        self.health = StreamHealth(wanted.camera_id, wanted.stream, "waiting", since_us)

    def stop(self, reason: EndReason = "stopped") -> None:
        """Ask the thread to end its run for a reason and finish."""
        self._halted_for = reason
        self._halt.set()

    def give_up(self) -> None:
        """After `stop`: do not wait any longer for a volume that refuses, because the process is about to end."""
        self._given_up.set()

    def run(self) -> None:
        while not self._halt.is_set():
            started_s = self._recording.clock.monotonic()
            cause = self._close_before_recording() or self._once()
            if self._halt.is_set():
                break
            self._wait(cause, self._recording.clock.monotonic() - started_s)
        while (refused := self._try_to_close()) is not None:
            self._enter("backing_off", refused)
            if self._given_up.wait(_CLOSE_AGAIN_S):
                break
        self._enter("stopped", None)

    def _once(self) -> str:
        """Connect and record until the connection ends; returns the cause code of the end."""
        self._enter("connecting", self.health.cause)
        try:
            audio = self.wanted.g711 if self.wanted.audio else None
            recording, opened_s = self._recording, self._recording.clock.monotonic()
            with open_camera(
                self._address,
                recording.clock,
                recording.timeout_s,
                audio,
                self._reader_choice,
                lambda: self._skipped_picture(opened_s),
            ) as source:
                self._log_why_ffmpeg()
                return self._record(source)
        except SourceError as error:
            log.info("camera %s %s: %s", self.wanted.camera_id, self.wanted.stream, error.cause)
            return error.cause
        except DiskError as error:
            log.error("camera %s %s: %s", self.wanted.camera_id, self.wanted.stream, error)
            self._ended = end_reason(error.cause)
            return error.cause
        except Exception:  # outermost handler of the thread: log any error and try the camera again
            log.exception("camera %s %s: recording failed", self.wanted.camera_id, self.wanted.stream)
            self._ended = "connection_lost"
            return "connection_lost"

    def _log_why_ffmpeg(self) -> None:
        """Log why FFmpeg reads this camera, because that costs twice the CPU. Each reason is logged once."""
        why = self._reader_choice.why_ffmpeg
        if why is not None and why != self._logged_reason:
            log.info("camera %s %s is read by FFmpeg: %s", self.wanted.camera_id, self.wanted.stream, why)
        self._logged_reason = why

    def _record(self, source: Source) -> str:
        start = RunStart(
            camera_id=self.wanted.camera_id,
            stream=self.wanted.stream,
            epoch=self.wanted.epoch,
            origin="live",
            simulated=source.simulated,
        )
        coding = ParameterWatch(source.video)
        writer = Writer(self._recording, thread=f"disk-{start.camera_id}")
        run = self._run_recorder(source, start, coding, writer)
        reason: EndReason = "connection_lost"
        keyless_since_s: float | None = None
        opened_s = self.beat_s = self._recording.clock.monotonic()
        try:
            for timed in source.packets(lambda: self._skipped_picture(opened_s)):
                if self._halt.is_set():
                    reason = self._halted_for
                    break
                self.beat_s = timed.arrival.steady_us / 1_000_000
                if keyless_since_s is not None and not timed.packet.is_keyframe:
                    self._skipped_picture(keyless_since_s)
                    continue
                keyless_since_s = None
                changed = timed.packet.is_keyframe and coding.changed(timed.packet)
                ended = "parameters_changed" if changed else run.take(timed)
                if ended in _SAME_CONNECTION and not run.hopeless:
                    # The camera still sends on this connection. Connecting again would lose more pictures.
                    run.finish(ended)
                    timeline = run.timeline if ended == "audio_changed" else None
                    run = self._run_recorder(source, start, coding, writer, timeline)
                    if timed.packet.is_keyframe:
                        ended = run.take(timed)
                    else:
                        ended, keyless_since_s = None, self.beat_s
                if ended is not None:
                    reason = ended
                    break
                self._report(run, source, coding.now)
        except SourceError as error:
            reason = self._halted_for if self._halt.is_set() else end_reason(error.cause)
            raise
        except DiskError:
            run.abandon()
            raise
        finally:
            try:
                run.lost_until_now(source.lost)
                run.finish(reason)
                writer.finish()
            finally:
                self._unended = writer.unended
                self._note_last_packet(run)
        return "connection_lost" if reason == self._halted_for else reason

    def _skipped_picture(self, since_s: float) -> None:
        """Called for each picture skipped while waiting for a keyframe. SourceError after too long, or after `stop`."""
        self.beat_s = self._recording.clock.monotonic()
        longest_s = min(_KEY_WAIT_S, 3 * self._recording.lengths.segment_s)
        if self._halt.is_set() or self.beat_s - since_s > longest_s:
            raise SourceError("gop_too_long")
        if self.health.state == "recording" and self.beat_s - since_s > _KEY_LATE_S:
            self._enter("connecting", "gop_too_long")

    def _run_recorder(
        self,
        source: Source,
        start: RunStart,
        coding: ParameterWatch,
        writer: Writer,
        timeline: Timeline | None = None,
    ) -> RunRecorder:
        """A new run on a connection. With the timeline of the last run it continues without a gap."""
        run = RunRecorder(self._recording, source.video, start, source.sound, timeline, coding.now, writer)
        run.lost = source.lost
        return run

    def _report(self, run: RunRecorder, source: Source, coded: CodingParameters) -> None:
        if self.health.state != "recording":
            if not run.writing:
                return
            self._enter("recording", None)
        elif self.beat_s - self._reported_s < _REPORT_EVERY_S:  # the shard does not read it more often
            return
        self._reported_s = self.beat_s
        run.lost_until_now(source.lost)
        rate = run.rate
        self.health = replace(
            self.health,
            last_packet_us=run.last_packet_us,
            bitrate_bps=rate.bitrate_bps,
            fps=rate.fps,
            width=coded.width,
            height=coded.height,
            codec=coded.codec,
            dropped=run.dropped,
            clock_offset_ms=run.clock_offset_ms,
            simulated=source.simulated,
            audio=None if source.sound is None else source.sound.state,
        )

    def _note_last_packet(self, run: RunRecorder) -> None:
        """Put the exact time of the last packet into the health: from then on nothing is recorded."""
        if run.last_packet_us is not None:
            self.health = replace(self.health, last_packet_us=run.last_packet_us)

    def _wait(self, cause: str, healthy_for_s: float) -> None:
        clock = self._recording.clock
        wait_s = self._backoff.failed(healthy_for_s if self.health.state == "recording" else 0.0)
        self._enter("refused" if cause.startswith("refused") else "backing_off", cause)
        self.health = replace(
            self.health, attempt=self._backoff.attempt, next_try_us=clock.now() + int(wait_s * 1_000_000)
        )
        until, nudge = clock.monotonic() + wait_s, self._nudge()
        while clock.monotonic() < until and self._nudge() == nudge and not self._halt.wait(0.2):
            self.beat_s = clock.monotonic()

    def _nudge(self) -> int:
        """A number that changes when the API asks for the next try at once."""
        try:
            return (self._recording.nudges / self.wanted.camera_id).stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _enter(self, state: CaptureState, cause: str | None) -> None:
        self.beat_s = self._recording.clock.monotonic()
        begins = state == "recording" and self.health.state != "recording"
        since_us = self._recording.clock.now() if begins else self.health.unrecorded_since_us
        self.health = replace(self.health, state=state, cause=cause, since_us=since_us, next_try_us=None)

    def _try_to_close(self) -> str | None:
        """Try to close the last segment after the last run; returns a cause code if that is not possible yet.

        Only this thread knows why the run ended. Recovery by the next recorder would give `killed` as the reason.
        """
        try:
            self._close_left_over()
        except (CaptureError, OSError) as error:
            return self._log_open(error)
        return None

    def _log_open(self, error: CaptureError | OSError) -> str:
        """Log that the last segment stays open, once per error text; returns the cause code."""
        if str(error) != self._logged_open:
            log.error("camera %s %s: its last segment stays open: %s", self.wanted.camera_id, self.wanted.stream, error)
        self._logged_open = str(error)
        return error.cause if isinstance(error, DiskError) else "disk_failed"

    def _close_before_recording(self) -> str | None:
        """Close the segment that a dead writer, or this one after a failure, left open; returns a cause code if not.

        Nothing is recorded before that: a new segment replaces the marker, and the old segment would be forgotten.
        """
        while not self._halt.is_set():
            try:
                self._close_left_over()
            except StillWritten:
                # The shard before this one is still closing its runs. It takes a few seconds at most.
                self.beat_s = self._recording.clock.monotonic()
                self._halt.wait(0.2)
                continue
            except (CaptureError, OSError) as error:
                return self._log_open(error)
            return None
        return "stopped"

    def _close_left_over(self) -> None:
        archive, spool = self._recording.archive, self._recording.spool
        if self._unended is not None:
            hand_over(archive, spool, self._unended.ending(self._ended))
            self._unended = None
        recover_and_hand_over(archive, spool, self.wanted.camera_id, self.wanted.stream, self._ended)
        self._ended, self._logged_open = "killed", None
