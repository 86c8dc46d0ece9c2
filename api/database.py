"""The database as every process uses it: one engine, units of work that commit before anybody is told, readers.

Here: connecting, transactions. Not here: requests (current.py), tables and queries. `shike keep` lives with it, so it
knows nothing of the web. See docs/decisions/0001.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session as DbSession
from sqlalchemy.orm import sessionmaker

BUSY_TIMEOUT_MS = 30_000


class CommitFailed(SQLAlchemyError):
    """The database did not keep what it was told; the caller must not believe that it did.

    An SQLAlchemyError: to loops that wait for the database it is one failure among others.
    """

    retryable: ClassVar[bool] = True


def make_engine(database_url: str) -> Engine:
    """An engine for SQLite (WAL, foreign keys, writers begin IMMEDIATE) or for any other SQLAlchemy URL."""
    if make_url(database_url).get_backend_name() != "sqlite":
        return create_engine(database_url, pool_pre_ping=True)
    engine = create_engine(database_url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver must not open transactions by itself: `begin` below decides which kind it is.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        deferred = connection.get_execution_options().get("shike_reads_only", False)
        connection.exec_driver_sql("BEGIN DEFERRED" if deferred else "BEGIN IMMEDIATE")

    @event.listens_for(engine, "checkin")
    def leave_nothing_open(connection: Any, _record: Any) -> None:
        # SQLite keeps the transaction of a COMMIT that failed, and SQLAlchemy takes it for ended.
        if connection is not None and connection.in_transaction:
            connection.rollback()

    return engine


class Database:
    """The way into the database: `writing()` for a unit of work, `reading()` for looking. Owns the engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writers = sessionmaker(engine, expire_on_commit=False)
        self._readers = sessionmaker(engine.execution_options(shike_reads_only=True), expire_on_commit=False)

    @classmethod
    def at(cls, database_url: str) -> "Database":
        """Connect lazily to an SQLAlchemy URL."""
        return cls(make_engine(database_url))

    @contextmanager
    def writing(self) -> Iterator[DbSession]:
        """A unit of work: commits at the end of the block, rolls back if it raises. CommitFailed if it cannot."""
        with self._writers() as db:
            yield db
            db.flush()
            try:
                db.commit()
            except DBAPIError as error:
                raise CommitFailed("nothing of this request was kept") from error

    @contextmanager
    def reading(self) -> Iterator[DbSession]:
        """A consistent view without taking the write lock; nothing done in it is kept."""
        with self._readers() as db:
            yield db

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()
