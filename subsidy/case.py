"""What a rule is told about one trainee in one class: facts, frozen, and nothing about where they came from.

None stands for "not known" wherever the notice needs a fact; a rule then asks for it instead of guessing.
Lesson hours are Decimal. Facts are gathered in facts.py and judged in checks.py and rules.py.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

SubsidyRule = Literal["new_hire", "upgrade"]
# Defined here again on purpose: the rules import nothing outside of this folder. facts.py translates.
ExamResult = Literal["passed", "failed"]
FlagState = Literal["open", "confirmed", "rejected", "undecidable", "withdrawn"]
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class FlagFact:
    """A flag on a class session, with what people have said about it so far."""

    flag_id: str
    code: str
    state: FlagState


@dataclass(frozen=True, slots=True)
class SessionFact:
    """What a class session came to for this trainee.

    `sure_hours` are credited and nothing speaks against them; `contested_hours` are credited by sign-in in a window
    in which the room says otherwise; both are 0 until there is a record. `held` is false while the record is not
    final: its hours may still come. `expected` is false on leave and outside of the enrolment.
    """

    session_id: str
    sequence: int
    on: date
    planned_hours: Decimal
    status: str
    sure_hours: Decimal = NOTHING
    contested_hours: Decimal = NOTHING
    held: bool = True
    expected: bool = True
    record_version: int | None = None
    flags: tuple[FlagFact, ...] = ()


@dataclass(frozen=True, slots=True)
class Benefit:
    """A training subsidy that this person has had before: what S33 counts. `on` is the class's first day."""

    reference: str
    on: date
    occupation: str
    level: str | None


@dataclass(frozen=True, slots=True)
class WorkTraining:
    """A month of work-training subsidy (以工代训) paid for this person: what S15 excludes. `month` is YYYY-MM."""

    employer: str
    month: str


@dataclass(frozen=True, slots=True)
class Override:
    """A named person's reason to go beyond the yearly cap: the notice says 原则上 (S33)."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Case:
    """One trainee in one class. `claimed_by` is who asks for the money, where that is known."""

    class_id: str
    trainee_id: str
    rule: SubsidyRule
    starts_on: date
    planned_hours: Decimal
    finished: bool
    occupation: str
    level: str | None = None
    county_review_ref: str | None = None
    category: str | None = None
    self_paid: bool = False
    employer: str | None = None
    agency: str | None = None
    claimed_by: Literal["employer", "agency"] | None = None
    hire_date: date | None = None
    result: ExamResult | None = None
    certificate_level: str | None = None
    sessions: tuple[SessionFact, ...] = ()
    benefits: tuple[Benefit, ...] = ()
    work_training: tuple[WorkTraining, ...] = ()
    cap_override: Override | None = None
