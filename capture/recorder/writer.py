"""The disk work of a connection's runs: begin files, store fragments, close them and hand them over, in order.

All runs of a connection share one writer. A run that ends only queues its last jobs, and the jobs of the next run
follow them. So the thread that reads the camera waits for the disk only at the end of the connection. Not here: the
queue (disk_queue.py), cutting (segmenter.py). Design: docs/design/capture.md, "Durability".
"""

from functools import partial

from shike.capture.archive.hand_over import hand_over
from shike.capture.archive.segment import EndReason, Identity, SegmentRecord
from shike.capture.archive.segment_file import SegmentFile
from shike.capture.recorder.disk_queue import AtOnce, DiskJobs, DiskQueue
from shike.capture.recorder.recording import Recording


class Writer:
    """Stores the segments of one stream. With a thread, methods return at once and a later call raises the failure.

    DiskError if the volume refuses. After that nothing more is written, and `abandon` releases the open file.
    """

    def __init__(self, recording: Recording, *, thread: str | None = None) -> None:
        """`thread`: name of the thread that writes. Without one, everything is done in the caller's thread."""
        self._archive, self._spool = recording.archive, recording.spool
        self._clock, self._sync_beat_s = recording.clock, recording.lengths.sync_beat_s
        self._disk: DiskJobs = AtOnce(self._release) if thread is None else DiskQueue(self._release, thread)
        # Used only by the jobs.
        self._file: SegmentFile | None = None
        self._rolled: SegmentRecord | None = None
        self._checked_s = self._clock.monotonic()
        self.stored_run: str | None = None
        """The run to which the last stored fragment belongs."""

    def begin(self, identity: Identity, init: bytes) -> None:
        """Begin a segment's file."""
        self._disk.do(partial(self._begin, identity, init))

    def store(self, payload: bytes, wall_us: int, audio: bytes) -> None:
        """Store a fragment and its audio in the open file."""
        self._disk.do(partial(self._store, payload, wall_us, audio), len(payload) + len(audio))

    def close(self, reason: EndReason | None, clock_offset_ms: int | None, dropped: int) -> None:
        """Close the file and hand its record over. `reason`: why the run ends with this file, None if it continues."""
        self._disk.do(partial(self._close, reason, clock_offset_ms, dropped))

    def end_last(self, reason: EndReason) -> None:
        """End the run with the segment that was closed last."""
        self._disk.do(partial(self._end_last, reason))

    def finish(self) -> None:
        """Wait until everything is done."""
        self._disk.finish()

    def abandon(self) -> None:
        """After a failed write: release the open file, which recovery closes. On return no job is running."""
        self._disk.abandon()

    @property
    def unended(self) -> SegmentRecord | None:
        """After `abandon`: the last closed segment, if its run should have continued and the next file failed."""
        return None if self._rolled is None or self._rolled.ends_run is not None else self._rolled

    # ── jobs ───────────────────────────────────────────────────────────────────────────────────────────────

    def _begin(self, identity: Identity, init: bytes) -> None:
        self._file = self._archive.create(identity, init, self._clock, self._sync_beat_s)
        self._rolled = None

    def _store(self, payload: bytes, wall_us: int, audio: bytes) -> None:
        assert self._file is not None
        identity = self._file.identity
        if self._clock.monotonic() - self._checked_s >= self._sync_beat_s:
            self._archive.expect_room(identity.camera_id)
            self._checked_s = self._clock.monotonic()
        self._file.append(payload, wall_us, audio)
        self.stored_run = identity.run_id

    def _close(self, reason: EndReason | None, clock_offset_ms: int | None, dropped: int) -> None:
        assert self._file is not None
        file, self._file = self._file, None
        take = partial(hand_over, self._archive, self._spool)
        self._rolled = file.close(reason, clock_offset_ms, dropped, file.identity.object_key, take)

    def _end_last(self, reason: EndReason) -> None:
        if (last := self.unended) is not None:
            self._rolled = last.ending(reason)
            hand_over(self._archive, self._spool, self._rolled)

    def _release(self) -> None:
        file, self._file = self._file, None  # first, so that a file whose close fails is not closed twice
        if file is not None:
            file.abandon()
