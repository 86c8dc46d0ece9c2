"""The running service as one typed object, and the dependencies with which routes read from it.

Here: the database transaction of a request, and the parts of the service that several folders need. A part that only
one folder needs (the live feeds, for example) is stored by its type. Not here: the viewer of a request
(auth/guard.py), making the parts (main.py).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

import numpy as np
from fastapi import Depends
from numpy.typing import NDArray
from sqlalchemy.orm import Session as DbSession
from starlette.requests import HTTPConnection

from shike.api.database import Database
from shike.api.settings import Settings
from shike.attendance.counting.headcount import HeadCount
from shike.attendance.footage.index import Footage
from shike.attendance.footage.stretches import Stretches
from shike.attendance.judgement.gathering import Acceptances
from shike.attendance.training.identities import Identities
from shike.capture.clock import Clock
from shike.capture.recorder.health import Healths
from shike.capture.source.address import Address
from shike.capture.source.probe import Probed
from shike.capture.vault import Vault

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
ReadHealth = Callable[[], Healths]
"""Reads the recorder's health snapshots."""
Prober = Callable[[Address, float], Probed]
"""Connects to a stream of a camera; the number is the limit in seconds."""
CountPicture = Callable[[NDArray[np.uint8]], HeadCount]
"""Counts the people in a picture: H×W×3, BGR."""
PartT = TypeVar("PartT")


@dataclass(slots=True)
class Current:
    """The running service. `count_picture` is None where no detector is installed."""

    settings: Settings
    clock: Clock
    database: Database
    footage: Footage
    stretches: Stretches
    identities: Identities
    vault: Vault
    read_health: ReadHealth
    prober: Prober
    count_picture: CountPicture | None
    acceptances: Acceptances = field(default_factory=Acceptances)
    _parts: dict[type, object] = field(default_factory=dict)

    def add(self, part: object) -> None:
        """Stores a part that only one folder needs."""
        self._parts[type(part)] = part

    def part(self, kind: type[PartT]) -> PartT:
        """The part of a type. KeyError if there is none."""
        part = self._parts[kind]
        assert isinstance(part, kind)
        return part


def current_of(connection: HTTPConnection) -> Current:
    """The running service that handles a request or a WebSocket."""
    current: Current = connection.app.state.current
    return current


def unit_of_work(connection: HTTPConnection) -> Iterator[DbSession]:
    """One transaction per request: a writing one for methods that change state, a reading one for the others.

    With scope="function" it commits before the response is sent, so a failed commit is a 503. Decision 0001.
    """
    database = current_of(connection).database
    with database.reading() if connection.scope["method"] in SAFE_METHODS else database.writing() as db:
        yield db


def current_settings(connection: HTTPConnection) -> Settings:
    return current_of(connection).settings


def current_clock(connection: HTTPConnection) -> Clock:
    return current_of(connection).clock


def current_database(connection: HTTPConnection) -> Database:
    return current_of(connection).database


def current_footage(connection: HTTPConnection) -> Footage:
    return current_of(connection).footage


def current_stretches(connection: HTTPConnection) -> Stretches:
    return current_of(connection).stretches


def current_identities(connection: HTTPConnection) -> Identities:
    return current_of(connection).identities


def current_vault(connection: HTTPConnection) -> Vault:
    return current_of(connection).vault


def current_acceptances(connection: HTTPConnection) -> Acceptances:
    return current_of(connection).acceptances


def current_health(connection: HTTPConnection) -> ReadHealth:
    return current_of(connection).read_health


def current_prober(connection: HTTPConnection) -> Prober:
    return current_of(connection).prober


def current_counter(connection: HTTPConnection) -> CountPicture | None:
    return current_of(connection).count_picture


def sample_every_us(connection: HTTPConnection) -> int:
    """The sample interval in µs; a room has one count per interval."""
    return round(current_of(connection).settings.sample_interval_s * 1_000_000)


Db = Annotated[DbSession, Depends(unit_of_work, scope="function")]
"""The transaction of this request."""
CurrentSettings = Annotated[Settings, Depends(current_settings)]
CurrentClock = Annotated[Clock, Depends(current_clock)]
CurrentDatabase = Annotated[Database, Depends(current_database)]
"""For writes that need a transaction of their own."""
CurrentFootage = Annotated[Footage, Depends(current_footage)]
CurrentStretches = Annotated[Stretches, Depends(current_stretches)]
CurrentIdentities = Annotated[Identities, Depends(current_identities)]
CurrentVault = Annotated[Vault, Depends(current_vault)]
CurrentAcceptances = Annotated[Acceptances, Depends(current_acceptances)]
CurrentHealth = Annotated[ReadHealth, Depends(current_health)]
CurrentProber = Annotated[Prober, Depends(current_prober)]
CurrentCounter = Annotated[CountPicture | None, Depends(current_counter)]
SampleEvery = Annotated[int, Depends(sample_every_us)]
