"""Transactions of the database, as attendance needs them. The database itself belongs to shike.api."""

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy.orm import Session as DbSession


class Transactions(Protocol):
    """Units of work: `writing` commits at the end of the block; `reading` keeps no changes."""

    def writing(self) -> AbstractContextManager[DbSession]: ...

    def reading(self) -> AbstractContextManager[DbSession]: ...
