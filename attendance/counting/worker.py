"""The loop of `shike count`: one detector for many cameras, one picture at a time.

Live pictures come first, one camera after the other; pictures of closed segments when no live one is due. Footage is
read only through the archive. Design: docs/design/counting.md.
"""

import contextlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from shike.attendance.counting.backlog import Backlog
from shike.attendance.counting.detector import Detector
from shike.attendance.counting.headcount import count_heads
from shike.attendance.counting.live import Live, RecordedKeyframe
from shike.attendance.counting.outbox import Outbox
from shike.attendance.counting.samples import CountedPicture, SampleOrSkip
from shike.attendance.counting.sampling import SkippedStretch, skipped
from shike.attendance.transactions import Transactions
from shike.capture.archive.files import Archive
from shike.capture.clock import Clock
from shike.capture.errors import FootageError
from shike.capture.mp4.pictures import decode_keyframe

log = logging.getLogger(__name__)

NICENESS = 10


@dataclass(frozen=True, slots=True)
class CountingOptions:
    """Options of the loop. `place_file`: where the backlog saves its position in the index."""

    node: str
    place_file: Path
    sample_interval_s: float = 10.0
    imported_interval_s: float = 30.0
    catch_up_hours: float = 24.0
    poll_s: float = 0.2

    @property
    def interval_us(self) -> int:
        return round(self.sample_interval_s * 1_000_000)

    @property
    def catch_up_us(self) -> int:
        return round(self.catch_up_hours * 3_600_000_000)


class Counter:
    """Chooses a picture, counts it and writes the result; one picture per call of `turn`."""

    def __init__(
        self, archive: Archive, database: Transactions, detector: Detector, options: CountingOptions, clock: Clock
    ) -> None:
        self._detector, self._options, self._clock = detector, options, clock
        self._live = Live(archive, options.interval_us)
        self._outbox = Outbox(database, clock)
        self._backlog = Backlog(
            database,
            archive,
            clock,
            place_file=options.place_file,
            interval_us=options.interval_us,
            imported_interval_us=round(options.imported_interval_s * 1_000_000),
            limit_us=options.catch_up_us,
        )

    def turn(self) -> bool:
        """Do one piece of work; False if there was none. While the database is unavailable, counting goes on."""
        self._live.poll(self._clock.monotonic())
        task = None if self._outbox.is_full else self._next()
        if task is not None:
            self._outbox.put(self._done(task))
        self._outbox.flush()
        return task is not None

    def _next(self) -> RecordedKeyframe | SkippedStretch | None:
        live = self._live.take(self._clock.monotonic())
        if live is not None or not self._outbox.is_empty:
            return live
        return self._backlog.take()

    def _done(self, task: RecordedKeyframe | SkippedStretch) -> SampleOrSkip:
        if isinstance(task, SkippedStretch):
            return task
        try:
            picture = decode_keyframe(task.init, task.data)
        except FootageError as error:
            log.warning("a picture of camera %s is skipped: %s", task.source.camera_id, error)
            interval_us = self._options.interval_us
            return skipped(task.source.camera_id, [task.fragment], interval_us, "unreadable")[0]
        return CountedPicture(
            source=task.source,
            picture_us=task.fragment.wall_us,
            heads=count_heads(picture.image, self._detector),
            model=self._detector.name,
            model_digest=self._detector.digest,
            node=self._options.node,
            created_us=self._clock.now(),
        )


def run(
    archive: Archive,
    database: Transactions,
    detector: Detector,
    options: CountingOptions,
    clock: Clock,
    stop: Event,
) -> None:
    """Count until `stop` is set. Returns after the current picture, at most some hundred milliseconds later."""
    counter = Counter(archive, database, detector, options, clock)
    log.info("counting with %s %s, every %g s", detector.name, detector.digest[:12], options.sample_interval_s)
    while not stop.is_set():
        if not counter.turn():
            stop.wait(options.poll_s)


def give_way() -> None:
    """Lower the priority of this process: counting may be late, capture may not. Only for the process's entry point."""
    with contextlib.suppress(AttributeError):  # a platform without niceness
        os.nice(NICENESS)
