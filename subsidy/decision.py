"""The outcome: a verdict, an amount in whole fen, and the reasons that lead to it.

The verdict is nothing but the worst of its reasons, so whoever reads the reasons can check it. An amount is a number
only where the notice gives one: no rate and "other policy" are None, never 0.
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
    """What a decision comes to."""

    ELIGIBLE = "eligible"
    NOT_ELIGIBLE = "not_eligible"
    REVIEW = "review"  # a person decides: something is contradicted or not known yet
    REFERRED = "referred"  # the notice points to another policy


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a reader can look: `kind` is class_session, flag or enrolment."""

    kind: Literal["class_session", "flag", "enrolment"]
    id: str


@dataclass(frozen=True, slots=True)
class MissingFact:
    """A fact that the decision waits for, and who can supply it."""

    fact: str
    who: Supplier


@dataclass(frozen=True, slots=True)
class Reason:
    """One conclusion: met, not met, or (None) not to be said yet; with the facts it was drawn from."""

    code: str
    met: bool | None
    clause: str | None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    parameter: Reading | None = None
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[MissingFact, ...] = ()

    @property
    def quote(self) -> str | None:
        """The parameter's words, else the clause's; None where a setting has no clause."""
        if self.parameter is not None and self.parameter.quote is not None:
            return self.parameter.quote
        return QUOTES[self.clause] if self.clause is not None else None


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What the trainee may claim elsewhere, for the page only: it takes nothing from this decision."""

    code: str
    clause: str


@dataclass(frozen=True, slots=True)
class AttendanceSum:
    """Lesson hours over the class. `low` and `high` are the shares if everything open goes one way or the other."""

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
    """A verdict with everything it rests on. `amount_fen` under review is what would be paid."""

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
        """What the attendance reason says; None also where there is none."""
        return next((reason.met for reason in self.reasons if reason.code == "attendance"), None)


def verdict_of(reasons: Sequence[Reason]) -> Verdict:
    """The worst of the reasons: one that is not met denies, one that cannot be said yet waits for a person."""
    if any(reason.met is False for reason in reasons):
        return Verdict.NOT_ELIGIBLE
    if any(reason.met is None for reason in reasons):
        return Verdict.REVIEW
    return Verdict.ELIGIBLE


def body_of(decision: Decision) -> dict[str, Any]:
    """A decision as JSON, the way it is stored and shown: Decimals as text, dates as YYYY-MM-DD."""
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
    """The one sentence above the reasons, as a code and what is said in it; the words are the reader's language."""
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
    """Hours of planned ones, 0..1, cut off (never rounded up over a limit) at four digits."""
    if planned <= 0:
        return Decimal(0)
    return min(Decimal(1), hours / planned).quantize(Decimal("0.0001"), rounding="ROUND_DOWN")
