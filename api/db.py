"""The database within a request: one transaction, committed before the answer is sent. See docs/decisions/0001."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session as DbSession

from shike.api.database import Database as Database
from shike.api.database import make_engine as make_engine

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def database_of(request: Request) -> Database:
    """The application's database."""
    database: Database = request.app.state.database
    return database


def unit_of_work(request: Request) -> Iterator[DbSession]:
    """One transaction per request: writing for methods that change state, reading for those that do not.

    Used with scope="function", so the commit happens before the response is sent and its failure is a 5xx.
    """
    database = database_of(request)
    with database.reading() if request.method in SAFE_METHODS else database.writing() as db:
        yield db


Db = Annotated[DbSession, Depends(unit_of_work, scope="function")]
