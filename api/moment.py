"""How a moment looks on the wire: RFC 3339, UTC, always six digits and a Z."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, PlainSerializer, WithJsonSchema

from shike.attendance.tables.registry import from_us
from shike.capture.clock import Clock


def rfc3339(moment: datetime) -> str:
    """ "2026-11-23T01:02:03.040000Z"."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def rfc3339_us(microseconds: int | None) -> str | None:
    """The same of microseconds since 1970 UTC; None stays None."""
    return None if microseconds is None else rfc3339(from_us(microseconds))


def now(clock: Clock) -> datetime:
    """The clock's wall time as an aware datetime."""
    return from_us(clock.now())


Moment = Annotated[
    AwareDatetime,
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
