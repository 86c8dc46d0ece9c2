"""Times in requests and responses: RFC 3339, UTC, always with six digits and a Z."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, PlainSerializer, WithJsonSchema

from shike.capture.clock import Clock
from shike.capture.moment import from_us, rfc3339


def now(clock: Clock) -> datetime:
    """The clock's wall time as an aware datetime."""
    return from_us(clock.now())


Moment = Annotated[
    AwareDatetime,
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
