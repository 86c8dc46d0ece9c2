"""The way into the database as this room asks for it; who keeps the database is not its matter."""

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy.orm import Session as DbSession


class Transactions(Protocol):
    """Units of work: `writing` commits at the end of the block, nothing done in `reading` is kept."""

    def writing(self) -> AbstractContextManager[DbSession]: ...

    def reading(self) -> AbstractContextManager[DbSession]: ...
