"""The limits of judgement: dated editions per locality, each with its version and source.

Here: reading limits/*.yaml, which hold the numbers, and choosing the edition in force. A date before the first edition
is an error: no session is judged by limits that were not in force. Design: docs/design/judgement.md.

JudgementError
├── NoThresholds    no edition is in force on this date
└── BadThresholds   a file of limits is malformed
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

import yaml

LIMITS = Path(__file__).parent / "limits"
DEFAULT = "default"


class JudgementError(Exception):
    """A class session cannot be judged. `hint`: what to do about it."""

    retryable = False

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class NoThresholds(JudgementError):
    """No edition of limits is in force on a date."""


class BadThresholds(JudgementError):
    """A file of limits is malformed: a field is missing, unknown or of the wrong kind."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """One edition. Shares in 0..1, times in the unit of the name. limits/default.yaml explains each limit."""

    version: str
    source: str
    lesson_hour_min: int
    lesson_hour_step: Decimal
    lesson_hour_rounding: str
    person_grace_min: int
    empty_most_people: int
    empty_least_share: Decimal
    empty_margin_min: int
    begin_share: Decimal
    begin_stretch_min: int
    begin_margin_min: int
    turnout_yellow: Decimal
    turnout_red: Decimal
    turnout_after_min: int
    contradiction_least_people: int
    contradiction_least_share: Decimal
    contradiction_min: int
    contradiction_pause_min: int
    camera_down_s: int
    video_gap_s: int
    video_least_coverage: Decimal
    confidence_least_share: Decimal
    confidence_after_min: int
    counting_lag_s: int


@dataclass(frozen=True, slots=True)
class Edition:
    """Limits, and the first day on which they are in force."""

    since: date
    thresholds: Thresholds


@cache
def localities(folder: Path = LIMITS) -> dict[str, tuple[Edition, ...]]:
    """The editions of every file by locality, oldest first. BadThresholds names the malformed file."""
    return dict(_read(path) for path in sorted(folder.glob("*.yaml")))


def edition_in_force(day: date, names: Sequence[str] = (), folder: Path = LIMITS) -> Thresholds:
    """The edition in force on a local day, in the first of the named localities that has limits, else in the default.

    `names`: regions from the nearest one up. NoThresholds if the day is before the first edition.
    """
    known = localities(folder)
    locality = next((name for name in (*names, DEFAULT) if name in known), None)
    begun = [edition for edition in known.get(locality or DEFAULT, ()) if edition.since <= day]
    if not begun:
        raise NoThresholds(f"no limits are in force on {day}", hint="add an edition with an earlier date")
    return begun[-1].thresholds


def _read(path: Path) -> tuple[str, tuple[Edition, ...]]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        editions = [_edition(each) for each in document["editions"]]
        locality = str(document["locality"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise BadThresholds(f"{path.name}: {error}", hint="compare it with default.yaml") from error
    return locality, tuple(sorted(editions, key=lambda edition: edition.since))


def _edition(document: dict[str, Any]) -> Edition:
    since = document["from"]
    if not isinstance(since, date):
        raise ValueError(f"`from` is not a date: {since!r}")
    wanted = {field.name: field.type for field in fields(Thresholds)}
    given = {**document["values"], "version": document["version"], "source": document["source"]}
    if given.keys() != wanted.keys():
        raise ValueError(f"missing or unknown: {sorted(given.keys() ^ wanted.keys())}")
    thresholds = Thresholds(**{name: _value(wanted[name], value) for name, value in given.items()})
    if thresholds.lesson_hour_rounding not in ("down", "nearest"):
        raise ValueError("lesson_hour_rounding is `down` or `nearest`")
    return Edition(since, thresholds)


def _value(kind: Any, value: Any) -> Any:
    if kind is Decimal:
        # The file has text, so that 0.15 is exactly 0.15.
        return Decimal(str(value))
    if kind is int:
        if type(value) is not int or value < 0:
            raise ValueError(f"not a whole number of 0 or more: {value!r}")
        return value
    return str(value)
