"""Rates, caps and windows as dated values, each with its clause and a quote of the notice.

One YAML file per parameter in parameters/. Source "setting": not the notice but this locality sets the value.
Not here: what a value is compared with (checks.py, rules.py). Design: docs/design/subsidy.md.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, cast, get_args

import yaml

from shike.subsidy.errors import BadParameter, NoValueYet, UnknownParameter

Unit = Literal["fen", "share", "days", "times", "choice"]
Scalar = int | Decimal | str | None  # None: unlimited
FOLDER: Final = Path(__file__).with_name("parameters")
SETTING: Final = "setting"
UNLIMITED: Final = "unlimited"
KNOWN: Final = frozenset({"id", "unit", "clause", "source", "locality", "quote", "choices", "values"})


@dataclass(frozen=True, slots=True)
class DatedValue:
    """The value in force from a date on: one value, or one per key (a level)."""

    since: date
    amount: Scalar | Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Reading:
    """One value as a reason cites it. `name`: with its key, "upgrade_rate[中级工]"; `value`: None is unlimited."""

    name: str
    value: Scalar
    unit: Unit
    since: date
    clause: str | None
    quote: str | None
    source: str
    locality: str | None

    @property
    def whole(self) -> int:
        """The value in fen, days or times. TypeError for another unit, and for unlimited."""
        if not isinstance(self.value, int):
            raise TypeError(f"{self.name} is not a whole number")
        return self.value

    @property
    def share(self) -> Decimal:
        """The value of a share, 0..1. TypeError for another unit."""
        if not isinstance(self.value, Decimal):
            raise TypeError(f"{self.name} is not a share")
        return self.value


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter with its values in order of date."""

    id: str
    unit: Unit
    clause: str | None
    quote: str | None
    source: str
    locality: str | None
    values: tuple[DatedValue, ...]

    def on(self, day: date, key: str | None = None) -> Reading:
        """The value in force on a day. NoValueYet before the first one, UnknownParameter for a key without a value."""
        holding = [value for value in self.values if value.since <= day]
        if not holding:
            first = self.values[0].since
            raise NoValueYet(
                f"{self.id} has no value on {day}: its first one is of {first}",
                hint=f"add the value that held on {day} to {self.id}.yaml",
            )
        value = holding[-1]
        amount, name = value.amount, self.id
        if isinstance(amount, Mapping):
            if key is None or key not in amount:
                raise UnknownParameter(f"{self.id} has no value for {key or 'no key'} on {day}")
            amount, name = amount[key], f"{self.id}[{key}]"
        elif key is not None:
            raise UnknownParameter(f"{self.id} has one value, not one per key")
        return Reading(name, amount, self.unit, value.since, self.clause, self.quote, self.source, self.locality)


@dataclass(frozen=True, slots=True)
class PolicyParameters:
    """Every parameter by id, and a digest of all their content."""

    by_id: Mapping[str, Parameter]
    digest: str

    def on(self, parameter_id: str, day: date, key: str | None = None) -> Reading:
        """The value of a parameter on a day. Raises UnknownParameter, NoValueYet."""
        if parameter_id not in self.by_id:
            raise UnknownParameter(f"there is no parameter {parameter_id}")
        return self.by_id[parameter_id].on(day, key)


def load(folder: Path) -> PolicyParameters:
    """Read and check every *.yaml of a folder. Raises BadParameter."""
    parameters = {
        path.stem: parse(path.read_text(encoding="utf-8"), path.stem) for path in sorted(folder.glob("*.yaml"))
    }
    if not parameters:
        raise BadParameter(f"no parameters in {folder}")
    content = json.dumps([repr(parameter) for parameter in parameters.values()], ensure_ascii=False)
    return PolicyParameters(MappingProxyType(parameters), hashlib.sha256(content.encode()).hexdigest())


@cache
def shipped() -> PolicyParameters:
    """The parameters that ship with this version; read once."""
    return load(FOLDER)


def parse(text: str, stem: str) -> Parameter:
    """The parameter in the text of a file. `stem`: the file's name without ".yaml". Raises BadParameter."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadParameter(f"{stem}.yaml is not YAML: {error}") from error
    _require(isinstance(raw, dict) and raw.keys() <= KNOWN, stem, "is not a mapping of known fields")
    _require(raw.get("id") == stem, stem, "has another id than its file name")
    _require(raw.get("unit") in get_args(Unit), stem, f"has a unit other than {', '.join(get_args(Unit))}")
    for name in ("clause", "quote", "source", "locality"):
        _require(isinstance(raw.get(name), str | None), stem, f"has a {name} that is not text")
    source = raw.get("source")
    _require(bool(source), stem, "names no source")
    if source == SETTING:
        _require(bool(raw.get("locality")), stem, "is a setting without a locality")
    else:
        _require(bool(raw.get("clause")) and bool(raw.get("quote")), stem, "cites a source without clause and quote")
    return Parameter(
        stem,
        cast(Unit, raw["unit"]),
        raw.get("clause"),
        raw.get("quote"),
        str(source),
        raw.get("locality"),
        _values(raw, stem),
    )


def _values(raw: Mapping[str, Any], stem: str) -> tuple[DatedValue, ...]:
    entries = raw.get("values")
    _require(isinstance(entries, list) and bool(entries), stem, "has no values")
    assert isinstance(entries, list)
    values: list[DatedValue] = []
    for entry in entries:
        _require(isinstance(entry, dict) and entry.keys() == {"from", "value"}, stem, "has a value without from")
        _require(type(entry["from"]) is date, stem, "has a from that is not a date")
        amount = entry["value"]
        if isinstance(amount, dict):
            _require(bool(amount), stem, "has an empty table")
            keyed = {str(key): _scalar(each, raw, stem) for key, each in amount.items()}
            values.append(DatedValue(entry["from"], MappingProxyType(keyed)))
        else:
            values.append(DatedValue(entry["from"], _scalar(amount, raw, stem)))
    dates = [value.since for value in values]
    _require(dates == sorted(set(dates)), stem, "has values out of order or two of one date")
    return tuple(values)


def _scalar(amount: Any, raw: Mapping[str, Any], stem: str) -> Scalar:
    """A checked value. Money is whole fen, and a share is text: a float would not be exactly what was written."""
    unit = raw["unit"]
    if unit == "days" and amount == UNLIMITED:
        return None
    if unit in ("fen", "days", "times"):
        _require(type(amount) is int and amount >= 0, stem, f"has a value that is not a whole number of {unit}")
        return cast(int, amount)
    _require(isinstance(amount, str), stem, f"has a {unit} that is not text")
    if unit == "choice":
        _require(amount in (raw.get("choices") or ()), stem, f"has the value {amount}, which is no choice")
        return cast(str, amount)
    try:
        share = Decimal(amount)
    except InvalidOperation as error:
        raise BadParameter(f"{stem}.yaml has a share that is no number") from error
    _require(Decimal(0) <= share <= Decimal(1), stem, "has a share outside 0..1")
    return share


def _require(holds: bool, stem: str, complaint: str) -> None:
    if not holds:
        raise BadParameter(f"{stem}.yaml {complaint}")
