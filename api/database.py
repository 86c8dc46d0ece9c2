"""The database of every process: the engine, writing transactions and reading transactions.

Here: connections and transactions. Not here: the transaction of a request (current.py), tables, queries. `shike keep`
uses this module too, so it imports nothing of the web. Decision: docs/decisions/0001.
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
    """A commit failed: nothing of the transaction was stored, and the response must not be a success.

    It is an SQLAlchemyError, so loops that wait for the database treat it like any other failure of it.
    """

    retryable: ClassVar[bool] = True


def make_engine(database_url: str) -> Engine:
    """An engine for SQLite (WAL, foreign keys, BEGIN IMMEDIATE for writers), or for any other SQLAlchemy URL."""
    if make_url(database_url).get_backend_name() != "sqlite":
        return create_engine(database_url, pool_pre_ping=True)
    engine = create_engine(database_url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: `begin` below chooses their kind.
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
    def roll_back_open_transaction(connection: Any, _record: Any) -> None:
        # After a failed COMMIT, SQLite keeps the transaction open while SQLAlchemy believes that it has ended.
        if connection is not None and connection.in_transaction:
            connection.rollback()

    return engine


class Database:
    """Gives out transactions: `writing()` and `reading()`. Owner of the engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writers = sessionmaker(engine, expire_on_commit=False)
        self._readers = sessionmaker(engine.execution_options(shike_reads_only=True), expire_on_commit=False)

    @classmethod
    def at(cls, database_url: str) -> "Database":
        """The database at an SQLAlchemy URL; connects at the first use."""
        return cls(make_engine(database_url))

    @contextmanager
    def writing(self) -> Iterator[DbSession]:
        """A writing transaction: commits at the end of the block, rolls back if the block raises. CommitFailed."""
        with self._writers() as db:
            yield db
            db.flush()
            try:
                db.commit()
            except DBAPIError as error:
                raise CommitFailed("nothing of this request was kept") from error

    @contextmanager
    def reading(self) -> Iterator[DbSession]:
        """A reading transaction: one consistent snapshot, without the write lock. Changes made in it are not stored."""
        with self._readers() as db:
            yield db

    def dispose(self) -> None:
        """Closes all connections of the pool."""
        self.engine.dispose()
