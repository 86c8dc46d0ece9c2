"""Time ranges in requests: `from` and `to`, with time zone, in order, of limited length."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime

from shike.api.errors import Invalid
from shike.capture.moment import to_us

LONGEST = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class Range:
    """[start, end) in µs UTC."""

    start_us: int
    end_us: int

    @property
    def seconds(self) -> float:
        return (self.end_us - self.start_us) / 1_000_000


def asked_range(
    start: Annotated[AwareDatetime, Query(alias="from")], end: Annotated[AwareDatetime, Query(alias="to")]
) -> Range:
    """The range of a request, at most 26 hours (a day with its margins). Invalid names the field that is wrong."""
    if end <= start:
        raise Invalid("to", "not_after_from", "the range must end after it begins")
    if end - start > LONGEST:
        raise Invalid("to", "too_long", f"at most {LONGEST.total_seconds() / 3600:.0f} hours at once")
    return Range(to_us(start), to_us(end))
