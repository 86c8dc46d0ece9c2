"""JSON shapes of subsidy decisions. Not here: the routes (decisions.py).

Lesson hours and shares are decimals as text, amounts whole fen. A null amount means "no amount", never zero.
"""

from typing import Literal

from pydantic import BaseModel, Field

from shike.api.moment import Moment

VerdictName = Literal["eligible", "not_eligible", "review", "referred"]
FactOut = str | int | bool | None


class SentenceOut(BaseModel):
    """The decision in one sentence: `code` selects the wording, `params` fill it."""

    code: Literal["eligible", "not_eligible", "review", "referred", "no_rate"]
    params: dict[str, FactOut | list[str]]


class DecisionLine(BaseModel):
    """A trainee of the class with the newest decision; its fields are null if none was made yet.

    `current`: false if facts, parameters or rules have changed since the decision.
    """

    trainee_id: str
    trainee_name: str
    id_number_masked: str
    employer: str | None
    verdict: VerdictName | None
    amount_fen: int | None
    version: int | None
    made_at: Moment | None
    current: bool | None
    sentence: SentenceOut | None


class TotalOut(BaseModel):
    """People with one verdict (null: not decided yet) and the sum of their amounts in fen."""

    verdict: VerdictName | None
    people: int
    amount_fen: int


class DecidedClass(BaseModel):
    """The class that decisions are about."""

    id: str
    institution_id: str
    number: str
    name: str
    project_type: str
    occupation: str
    level: str | None
    starts_on: str
    ends_on: str
    planned_lesson_hours: int
    county_review_ref: str | None


class ClassDecisions(BaseModel):
    """Every trainee of a class with their decision, and the sums per verdict."""

    training_class: DecidedClass
    items: list[DecisionLine]
    totals: list[TotalOut]


class MadeDecisions(ClassDecisions):
    """The decisions after deciding again, with the numbers of new versions and of unchanged decisions."""

    new: int
    unchanged: int


class ParameterOut(BaseModel):
    """A parameter on the class's first day. `value`: as text, null for unlimited; money in whole fen."""

    name: str
    value: str | None
    unit: Literal["fen", "share", "days", "times", "choice"]
    since: str = Field(alias="from")
    source: str
    locality: str | None


class EvidenceOut(BaseModel):
    kind: Literal["class_session", "flag", "enrolment"]
    id: str
    url: str | None


class DecisionReasonOut(BaseModel):
    """One condition. `met`: null if a person must decide or a fact is missing; `clause`: null for a setting."""

    code: str
    met: bool | None
    clause: str | None
    quote: str | None
    parameter: ParameterOut | None
    facts: dict[str, FactOut]
    evidence: list[EvidenceOut]


class MissingOut(BaseModel):
    fact: str
    who: Literal["institution", "employer", "county", "supervisor"]


class EntitlementOut(BaseModel):
    """A subsidy that the trainee may claim elsewhere, in addition to this decision."""

    code: str
    clause: str
    quote: str


class AttendanceOut(BaseModel):
    """Lesson hours over the class, as decimals in text. `low`, `high`: shares without and with all open hours."""

    planned: str
    sure: str
    contested: str
    pending: str
    low: str
    high: str


class CellFlag(BaseModel):
    flag_id: str
    code: str
    state: str


class CellOut(BaseModel):
    """A class session at the time of the decision."""

    class_session_id: str
    sequence: int
    on: str
    status: str
    planned_hours: str
    sure_hours: str
    contested_hours: str
    final: bool
    expected: bool
    record_version: int | None
    flags: list[CellFlag]


class VersionOut(BaseModel):
    version: int
    verdict: VerdictName
    amount_fen: int | None
    made_at: Moment


class DecidedTrainee(BaseModel):
    """The person; the ID number is masked."""

    id: str
    name: str
    id_number_masked: str
    category: str | None
    employer: str | None
    agency: str | None
    hire_date: str | None
    result: str | None
    certificate_level: str | None


class DecisionOut(BaseModel):
    """A decision with all its reasons. Under review, `amount_fen` is the amount if the review ends well."""

    training_class: DecidedClass
    trainee: DecidedTrainee
    rule: str
    verdict: VerdictName
    amount_fen: int | None
    payee: str | None
    version: int
    made_at: Moment
    current: bool
    parameters_on: str
    rules_version: str
    sentence: SentenceOut
    attendance: AttendanceOut
    sessions: list[CellOut]
    reasons: list[DecisionReasonOut]
    missing: list[MissingOut]
    entitlements: list[EntitlementOut]
    history: list[VersionOut]
