"""What a connection's runs have to do on disk: begin files, store fragments, close and hand over, in that order.

One writer outlives the runs of its connection: a run that ends only hands in what is left to do, and the next one's
work stands behind it. So whoever reads a camera waits for the disk at the end of the connection alone.
Design: docs/design/capture.md, "Durability".
"""

from functools import partial

from shike.capture.archive.hand_over import hand_over
from shike.capture.archive.segment import EndReason, Identity, SegmentRecord
from shike.capture.archive.segment_file import SegmentFile
from shike.capture.recorder.disk_queue import AtOnce, DiskJobs, DiskQueue
from shike.capture.recorder.recording import Recording


class Writer:
    """Stores the segments of one stream. Methods return at once if it has a thread; a failure is raised by a later one.

    DiskError if the volume refuses; then nothing more is done, and `abandon` lets go of what is open.
    """

    def __init__(self, recording: Recording, *, thread: str | None = None) -> None:
        """`thread`: the name of a thread of its own; without one everything is done in the caller's."""
        self._archive, self._spool = recording.archive, recording.spool
        self._clock, self._sync_beat_s = recording.clock, recording.lengths.sync_beat_s
        self._disk: DiskJobs = AtOnce(self._let_go) if thread is None else DiskQueue(self._let_go, thread)
        # Only the disk's jobs touch these.
        self._file: SegmentFile | None = None
        self._rolled: SegmentRecord | None = None
        self._checked_s = self._clock.monotonic()
        self.stored_run: str | None = None
        """The run of which something was stored last."""

    def begin(self, identity: Identity, init: bytes) -> None:
        """Begin a segment's file."""
        self._disk.do(partial(self._begin, identity, init))

    def store(self, payload: bytes, wall_us: int, audio: bytes) -> None:
        """Store a fragment and its audio in the file that was begun last."""
        self._disk.do(partial(self._store, payload, wall_us, audio), len(payload) + len(audio))

    def close(self, reason: EndReason | None, clock_offset_ms: int | None, dropped: int) -> None:
        """Close the file and hand its record over; `reason` if its run ends with it."""
        self._disk.do(partial(self._close, reason, clock_offset_ms, dropped))

    def end_last(self, reason: EndReason) -> None:
        """The run ends with the segment that was closed last."""
        self._disk.do(partial(self._end_last, reason))

    def finish(self) -> None:
        """Return once everything is done."""
        self._disk.finish()

    def abandon(self) -> None:
        """Let go of the open file after a failed write; recovery closes it. On return nothing is being done."""
        self._disk.abandon()

    @property
    def unended(self) -> SegmentRecord | None:
        """The last segment where it was closed to begin the next, and the next could not be begun. Once abandoned."""
        return None if self._rolled is None or self._rolled.ends_run is not None else self._rolled

    # ── done by the disk ───────────────────────────────────────────────────────────────────────────────────

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

    def _let_go(self) -> None:
        file, self._file = self._file, None  # first of all: what could not be closed must not be closed twice
        if file is not None:
            file.abandon()
