"""A subsidy decision as a value: a verdict, an amount in whole fen and the reasons; and its JSON form.

The verdict is the worst of the reasons, so a reader of the reasons can check it. The amount is a number only if the
notice sets one: no rate and "other policy" give None, never 0. Not here: the rules (rules.py), storing decisions
(decision_store.py). Design: docs/design/subsidy.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from shike.subsidy.clauses import QUOTES
from shike.subsidy.parameters import Reading

Fact = str | int | bool | None
Supplier = Literal["institution", "employer", "county", "supervisor"]


class Verdict(StrEnum):
    """The result of a decision."""

    ELIGIBLE = "eligible"
    NOT_ELIGIBLE = "not_eligible"
    REVIEW = "review"  # a person decides: something is contradicted or not known
    REFERRED = "referred"  # the notice points to another policy


@dataclass(frozen=True, slots=True)
class Evidence:
    """A reference to stored evidence."""

    kind: Literal["class_session", "flag", "enrolment"]
    id: str


@dataclass(frozen=True, slots=True)
class MissingFact:
    """A fact that the decision waits for, and who can supply it."""

    fact: str
    who: Supplier


@dataclass(frozen=True, slots=True)
class Reason:
    """One condition: met, not met, or open (None), with the facts that it was judged from."""

    code: str
    met: bool | None
    clause: str | None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    parameter: Reading | None = None
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[MissingFact, ...] = ()

    @property
    def quote(self) -> str | None:
        """The quote of the parameter, else of the clause; None for a setting without a clause."""
        if self.parameter is not None and self.parameter.quote is not None:
            return self.parameter.quote
        return QUOTES[self.clause] if self.clause is not None else None


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A subsidy that the trainee may claim elsewhere. Shown only; it does not change this decision."""

    code: str
    clause: str


@dataclass(frozen=True, slots=True)
class AttendanceSum:
    """Lesson hours over the class. `low` and `high`: the share without and with all contested and pending hours."""

    planned: Decimal
    sure: Decimal
    contested: Decimal
    pending: Decimal

    @property
    def low(self) -> Decimal:
        return _share(self.sure, self.planned)

    @property
    def high(self) -> Decimal:
        return _share(self.sure + self.contested + self.pending, self.planned)


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with its reasons. Under review, `amount_fen` is the amount if the review ends well."""

    rule: str
    verdict: Verdict
    amount_fen: int | None
    payee: str | None
    parameters_on: date
    attendance: AttendanceSum
    reasons: tuple[Reason, ...]
    entitlements: tuple[Entitlement, ...] = ()

    @property
    def missing(self) -> tuple[MissingFact, ...]:
        """Every missing fact once, in the order of the reasons."""
        return tuple(dict.fromkeys(each for reason in self.reasons for each in reason.missing))

    @property
    def attendance_is_enough(self) -> bool | None:
        """The result of the attendance condition; None if it is open or there is none."""
        return next((reason.met for reason in self.reasons if reason.code == "attendance"), None)


def verdict_of(reasons: Sequence[Reason]) -> Verdict:
    """The worst of the reasons: one that is not met gives NOT_ELIGIBLE, else one that is open gives REVIEW."""
    if any(reason.met is False for reason in reasons):
        return Verdict.NOT_ELIGIBLE
    if any(reason.met is None for reason in reasons):
        return Verdict.REVIEW
    return Verdict.ELIGIBLE


def body_of(decision: Decision) -> dict[str, Any]:
    """The JSON of a decision, as it is stored and served: Decimals as text, dates as YYYY-MM-DD."""
    attendance = decision.attendance
    hours = {name: str(value) for name, value in asdict(attendance).items()}
    return {
        "rule": decision.rule,
        "payee": decision.payee,
        "parameters_on": decision.parameters_on.isoformat(),
        "attendance": hours | {"low": str(attendance.low), "high": str(attendance.high)},
        "reasons": [_reason(reason) for reason in decision.reasons],
        "missing": [asdict(each) for each in decision.missing],
        "sentence": sentence_of(decision),
        "entitlements": [asdict(each) | {"quote": QUOTES[each.clause]} for each in decision.entitlements],
    }


def sentence_of(decision: Decision) -> dict[str, Any]:
    """The summary sentence of a decision, as a code and its parameters. The browser has the words."""
    not_met = [reason.code for reason in decision.reasons if reason.met is False]
    open_reasons = [reason for reason in decision.reasons if reason.met is None]
    facts = {reason.code: reason.facts for reason in decision.reasons}
    code = "no_rate" if not_met == ["no_rate"] else decision.verdict.value
    return {
        "code": code,
        "params": {
            "not_met": not_met,
            "open": [reason.code for reason in open_reasons],
            "flags": facts.get("session_flags", {}).get("standing", 0),
            "missing": len(decision.missing),
            "attendance_is_enough": decision.attendance_is_enough,
            "contested_hours": str(decision.attendance.contested),
            "low_share": str(decision.attendance.low),
            "high_share": str(decision.attendance.high),
            "clause": decision.reasons[0].clause if decision.verdict is Verdict.REFERRED else None,
        },
    }


def _reason(reason: Reason) -> dict[str, Any]:
    parameter = reason.parameter
    return {
        "code": reason.code,
        "met": reason.met,
        "clause": reason.clause,
        "quote": reason.quote,
        "facts": dict(reason.facts),
        "parameter": None
        if parameter is None
        else {
            "name": parameter.name,
            "value": None if parameter.value is None else str(parameter.value),
            "unit": parameter.unit,
            "from": parameter.since.isoformat(),
            "source": parameter.source,
            "locality": parameter.locality,
        },
        "evidence": [asdict(each) for each in reason.evidence],
    }


def _share(hours: Decimal, planned: Decimal) -> Decimal:
    """Hours as a share of planned hours, 0..1. Truncated to four digits, so that it never rounds up to a limit."""
    if planned <= 0:
        return Decimal(0)
    return min(Decimal(1), hours / planned).quantize(Decimal("0.0001"), rounding="ROUND_DOWN")
