"""Import: a video file that was recorded elsewhere → segments in the archive, marked as imported.

It uses the same run, mux and segments as a live camera. Only the clock differs: wall time is the given start plus the
time in the file. Imported footage never claims to be live. Not here: checking that nothing overlaps
(api/commands/ingest.py). Design: docs/decisions/0009-imports-beside-live.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from shike.capture.archive.hand_over import hand_over, recover_and_hand_over
from shike.capture.archive.segment import EndReason, SegmentRecord, StreamName
from shike.capture.clock import Clock, SystemClock
from shike.capture.errors import CaptureError, DiskError, SourceError
from shike.capture.recorder.recording import Recording
from shike.capture.recorder.run import RunRecorder, RunStart
from shike.capture.source.ffmpeg import FFmpegSource
from shike.capture.source.open_stream import TimedPacket
from shike.capture.source.opening import open_file
from shike.capture.source.timeline import Arrival


@dataclass(frozen=True, slots=True)
class Ingested:
    """Result of an import: pictures, seconds, wall time of its end (µs)."""

    pictures: int
    seconds: float
    end_us: int


class _FileClock:
    """Wall time is that of the packet being stored; the steady clock is the machine's own."""

    def __init__(self, clock: Clock, start_us: int) -> None:
        self._clock, self.at_us = clock, start_us

    def now(self) -> int:
        return self.at_us

    def monotonic(self) -> float:
        return self._clock.monotonic()


def ingest(
    path: Path,
    camera_id: str,
    stream: StreamName,
    start_us: int,
    recording: Recording,
    *,
    simulated: bool,
    progress: Callable[[float], None] = lambda _seconds: None,
) -> Ingested:
    """Store a video file as imported footage. SourceError if it cannot be read or holds no usable video.

    StillWritten if another import into the same stream is running; DiskError if the volume refuses. What was stored
    before an error remains as footage.
    """
    recover_and_hand_over(recording.archive, recording.spool, camera_id, stream, "killed", "imported")
    file_clock = _FileClock(recording.clock, start_us)
    start = RunStart(camera_id, stream, 0, "imported", simulated)
    with open_file(path, file_clock) as source:
        run = RunRecorder(replace(recording, clock=file_clock), source.video, start)
        try:
            ingested = _store(path, source, run, file_clock, progress)
        except DiskError as error:
            _close(recording, start, run.unended, error)
            raise
    if ingested.pictures == 0:
        raise SourceError("no_video", f"{path.name} holds no pictures")
    return ingested


def _store(
    path: Path, source: FFmpegSource, run: RunRecorder, file_clock: _FileClock, progress: Callable[[float], None]
) -> Ingested:
    """Record a file's pictures, and end the run also after an error."""
    start_us = file_clock.at_us
    pictures, last_us, first_us = 0, 0, None
    reason: EndReason = "stopped"
    try:
        for timed in source.packets():
            media_us = timed.arrival.media_us
            first_us = media_us if first_us is None else first_us
            last_us = media_us - first_us
            file_clock.at_us = start_us + last_us
            arrival = Arrival(file_clock.at_us, start_us + last_us, media_us)
            ended = run.take(TimedPacket(timed.packet, arrival, None))
            if ended is not None:
                reason = ended
                raise SourceError(ended, f"{path.name}: its time stamps jump at {last_us / 1_000_000:.1f} s")
            pictures += 1
            if pictures % 250 == 0:
                progress(last_us / 1_000_000)
        reason = "import_done"
    except SourceError:
        if reason == "stopped":  # raised while reading; it does not name the file
            at_s = last_us / 1_000_000
            raise SourceError("unreadable", f"{path.name} cannot be read after {at_s:.1f} s") from None
        raise
    except DiskError:
        run.abandon()
        raise
    finally:
        run.finish(reason)
    return Ingested(pictures, last_us / 1_000_000, start_us + last_us)


def _close(recording: Recording, start: RunStart, unended: SegmentRecord | None, error: DiskError) -> None:
    """Close what was stored, with the disk error as reason. If that fails too, the next import or recorder does it."""
    archive, spool = recording.archive, recording.spool
    reason: EndReason = "disk_full" if error.cause == "disk_full" else "disk_failed"
    try:
        if unended is not None:
            hand_over(archive, spool, unended.ending(reason))
        recover_and_hand_over(archive, spool, start.camera_id, start.stream, reason, "imported")
    except (CaptureError, OSError):
        return


def duration_us(path: Path) -> int:
    """Length of a video file by its own header, in µs. SourceError if it cannot be read or has no length."""
    with open_file(path, _FileClock(SystemClock(), 0)) as source:
        seconds = source.duration_s
    if seconds is None:
        raise SourceError("unreadable", f"{path.name} does not say how long it is")
    return int(seconds * 1_000_000)
