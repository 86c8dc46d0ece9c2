"""A queue of rows for the database. While the database is unavailable, rows are kept and tried again.

Counting goes on meanwhile and rows queue up. At LONGEST_QUEUE the worker stops counting; the backlog counts the rest
later. Not here: the rows themselves (samples.py). Design: docs/design/counting.md.
"""

import logging
from collections import deque

from sqlalchemy.exc import SQLAlchemyError

from shike.attendance.counting.samples import SampleOrSkip, store
from shike.attendance.transactions import Transactions
from shike.capture.backoff import Backoff, Pauses
from shike.capture.clock import Clock

log = logging.getLogger(__name__)

LONGEST_QUEUE = 2000
"""Half an hour of ten cameras at an interval of ten seconds."""
PAUSES = Pauses(first_s=0.5, longest_s=10.0)


class Pause:
    """The wait before the database is tried again: 0.5 s after a failure, doubled each time up to 10 s."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._backoff = clock, Backoff(PAUSES)
        self._until = float("-inf")

    @property
    def over(self) -> bool:
        return self._clock.monotonic() >= self._until

    def failed(self) -> None:
        """Begin a wait, twice as long as the last one."""
        self._until = self._clock.monotonic() + self._backoff.failed()

    def succeeded(self) -> None:
        """The next failure waits `PAUSES.first_s` again."""
        self._backoff.succeeded()


class Outbox:
    """Rows that wait to be written. The owner calls `flush` after every picture."""

    def __init__(self, database: Transactions, clock: Clock) -> None:
        self._database, self._pause = database, Pause(clock)
        self._rows: deque[SampleOrSkip] = deque()

    @property
    def is_empty(self) -> bool:
        return not self._rows

    @property
    def is_full(self) -> bool:
        return len(self._rows) >= LONGEST_QUEUE

    def put(self, row: SampleOrSkip) -> None:
        """Queue a row; `flush` writes it."""
        self._rows.append(row)

    def flush(self) -> None:
        """Write all queued rows in one transaction, unless the wait after a failure is not over.

        A collision with another counter, or a camera that is deleted during the write, is handled as a failure too:
        the next try sees the new state.
        """
        if not self._rows or not self._pause.over:
            return
        try:
            with self._database.writing() as db:
                store(db, self._rows)
        except SQLAlchemyError as error:
            log.warning("counts cannot be written to the database, %d wait: %s", len(self._rows), error)
            self._pause.failed()
        else:
            self._rows.clear()
            self._pause.succeeded()
