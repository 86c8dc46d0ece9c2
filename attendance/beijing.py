"""Beijing time (UTC+8, no summer time): days, and reading days and times as people write them."""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta

from shike.capture.moment import BEIJING

DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")
TIME = re.compile(r"(\d{1,2})[:时点](\d{1,2})(?:[:分](\d{1,2}))?[分秒]?")


def plain(text: str) -> str:
    """The text with full-width digits and colons made half-width, without spaces around it."""
    return unicodedata.normalize("NFKC", text).strip()


def day_of(moment: datetime) -> date:
    """The day in Beijing of an aware moment."""
    return moment.astimezone(BEIJING).date()


def bounds(day: date) -> tuple[datetime, datetime]:
    """A day in Beijing as [from, to) in UTC."""
    start = datetime.combine(day, time(), BEIJING).astimezone(UTC)
    return start, start + timedelta(days=1)


def read_day(text: str) -> date:
    """2026-11-23, 2026/11/23, 2026.11.23, 20261123 or 2026年11月23日. ValueError otherwise."""
    match = DAY.fullmatch(plain(text))
    if match is None:
        raise ValueError("not a day")
    year, month, day = (int(part) for part in match.groups() if part is not None)
    return date(year, month, day)


def read_time(text: str) -> time:
    """9:05, 09:05:30 or 9时05分. ValueError otherwise."""
    match = TIME.fullmatch(plain(text))
    if match is None:
        raise ValueError("not a time of day")
    hour, minute, second = (int(part or 0) for part in match.groups())
    return time(hour, minute, second)


def at(day: date, of_day: time) -> datetime:
    """A time of day in Beijing, as a moment in UTC."""
    return datetime.combine(day, of_day, BEIJING).astimezone(UTC)


def read_moment(text: str, day: date | None = None) -> datetime:
    """The moment in UTC of a day and a time, of a time alone on `day`, or of RFC 3339. ValueError otherwise."""
    entered = plain(text)
    try:
        if re.search(r"(Z|[+-]\d{2}:?\d{2})$", entered) and "T" in entered:
            return datetime.fromisoformat(entered).astimezone(UTC)
        first, _, rest = entered.replace("T", " ").partition(" ")
        if rest:
            return at(read_day(first), read_time(rest))
        if day is not None:
            return at(day, read_time(entered))
    except OverflowError as error:
        raise ValueError("not a moment") from error
    raise ValueError("not a moment")
