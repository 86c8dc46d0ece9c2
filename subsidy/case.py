"""The input of the rules: the facts about one trainee in one class, as frozen values.

None means "not known"; a rule then asks for the fact instead of guessing it. Lesson hours are Decimal. Not here:
reading facts from the database (facts.py), judging them (checks.py, rules.py). Design: docs/design/subsidy.md.
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
    """A flag on a class session, with its state: the latest verdict of a supervisor."""

    flag_id: str
    code: str
    state: FlagState


@dataclass(frozen=True, slots=True)
class SessionFact:
    """The result of a class session for this trainee.

    `sure_hours`: credited, and nothing speaks against them. `contested_hours`: credited by sign-ins in a window in
    which the room contradicts them, or not credited because the sign-out is missing. Both are 0 until the record is
    final. `held`: the record is final; until then hours may still come. `expected`: false on leave and outside of the
    enrolment.
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
    """An earlier training subsidy of this person, as S33 counts it. `on`: the first day of its class."""

    reference: str
    on: date
    occupation: str
    level: str | None


@dataclass(frozen=True, slots=True)
class WorkTraining:
    """A month of work-training subsidy (以工代训) paid for this person, which S15 excludes. `month`: YYYY-MM."""

    employer: str
    month: str


@dataclass(frozen=True, slots=True)
class Override:
    """A named person's reason to exceed the yearly cap, which the notice allows by 原则上 (S33)."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Case:
    """One trainee in one class. `finished`: the class has ended. `claimed_by`: who claims the money, if known."""

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
