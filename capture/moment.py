"""Conversions between µs since 1970 UTC, aware datetimes and RFC 3339 text; the time zone of Beijing.

All rooms use these exact conversions. Not here: clocks (clock), calendar days (attendance.beijing).
"""

from datetime import UTC, datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
BEIJING = timezone(timedelta(hours=8))
"""UTC+8 all year: China has no summer time."""


def to_us(moment: datetime) -> int:
    """Microseconds since 1970 UTC of an aware datetime, exact (no float between). ValueError if it is naive."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone is not a moment")
    return (moment - EPOCH) // MICROSECOND


def from_us(microseconds: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970 UTC."""
    return EPOCH + timedelta(microseconds=microseconds)


def rfc3339(moment: datetime) -> str:
    """An aware datetime in UTC with six digits and a Z: "2026-11-23T01:02:03.040000Z"."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def rfc3339_us(microseconds: int | None) -> str | None:
    """RFC 3339 text of microseconds since 1970 UTC; None for None."""
    return None if microseconds is None else rfc3339(from_us(microseconds))
