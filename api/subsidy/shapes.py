"""How subsidy decisions look on the wire. The routes are in subsidy.py.

Lesson hours and shares are decimals in text, amounts whole fen; null is "no amount stated", never zero.
"""

from typing import Literal

from pydantic import BaseModel, Field

from shike.api.moment import Moment

VerdictName = Literal["eligible", "not_eligible", "review", "referred"]
FactOut = str | int | bool | None


class SentenceOut(BaseModel):
    """The decision in one sentence: `code` chooses the words, `params` are what is said in them."""

    code: Literal["eligible", "not_eligible", "review", "referred", "no_rate"]
    params: dict[str, FactOut | list[str]]


class DecisionLine(BaseModel):
    """A trainee of the class with the decision in force; all null where none was made yet.

    `current` is false once facts, parameters or rules have changed since.
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
    """The same after deciding anew: how many decisions are new versions, how many hold as they were."""

    new: int
    unchanged: int


class ParameterOut(BaseModel):
    """A value as it held on the class's first day. `value` is text, null for unlimited; fen are whole."""

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
    """One conclusion. `met` is null where a person must look or a fact is missing; `clause` is null for a setting."""

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
    """What the trainee may claim elsewhere, beside this decision."""

    code: str
    clause: str
    quote: str


class AttendanceOut(BaseModel):
    """Lesson hours over the class and the shares if all that is open goes one way or the other; decimals in text."""

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
    """A class session as it stood when the decision was made."""

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
    """The person, as masked as everywhere."""

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
    """A decision with everything it rests on. Under review `amount_fen` is what would be paid."""

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
