"""Counts that wait for the database: kept and tried again while it is away.

Counting goes on meanwhile, so rows queue up; beyond LONGEST_QUEUE the worker stops and catches up later instead.
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
"""Half an hour of ten cameras at ten seconds."""
PAUSES = Pauses(first_s=0.5, longest_s=10.0)


class Pause:
    """When the database may be tried again: 0.5 s after a failure, doubling to 10 s."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._backoff = clock, Backoff(PAUSES)
        self._until = float("-inf")

    @property
    def over(self) -> bool:
        return self._clock.monotonic() >= self._until

    def failed(self) -> None:
        """Wait longer than last time."""
        self._until = self._clock.monotonic() + self._backoff.failed()

    def succeeded(self) -> None:
        """The next failure starts the series anew."""
        self._backoff.succeeded()


class Outbox:
    """Rows on their way into the database. Its owner calls `flush` after every picture."""

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
        """Take a row; `flush` writes it."""
        self._rows.append(row)

    def flush(self) -> None:
        """Write what waits, in one transaction, unless the database failed a moment ago.

        A collision with another counter, or a camera deleted between looking and writing, is tried again like an
        absent database: the next look sees it.
        """
        if not self._rows or not self._pause.over:
            return
        try:
            with self._database.writing() as db:
                store(db, self._rows)
        except SQLAlchemyError as error:
            log.warning("the database takes no counts, %d wait: %s", len(self._rows), error)
            self._pause.failed()
        else:
            self._rows.clear()
            self._pause.succeeded()
