"""Subsidy decisions: routes to read the decisions of a class or of one trainee, and to decide a class again.

Here: permissions, errors and JSON. Not here: deciding and storing (subsidy). Design: docs/design/subsidy.md.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.scopes import load
from shike.api.current import CurrentClock, Db
from shike.api.errors import Conflict, NotFound
from shike.api.subsidy.shapes import (
    ClassDecisions,
    DecidedClass,
    DecidedTrainee,
    DecisionLine,
    DecisionOut,
    MadeDecisions,
    TotalOut,
    VersionOut,
)
from shike.api.wire import PROBLEM
from shike.attendance.judgement.thresholds import NoThresholds
from shike.attendance.tables.training import EnrolmentRow, TraineeRow, TrainingClassRow
from shike.capture.clock import Clock
from shike.subsidy import decision_store
from shike.subsidy.errors import NoValueYet, UnknownRule
from shike.subsidy.facts import enrolled
from shike.subsidy.tables import DecisionRow

router = APIRouter(tags=["subsidy"], responses=PROBLEM)

EVIDENCE_URLS: Mapping[str, str] = {
    "class_session": "/api/class-sessions/{id}/detail",
    "flag": "/api/flags/{id}",
}


@router.get("/api/classes/{class_id}/decisions")
def list_decisions(class_id: str, db: Db, viewer: CurrentViewer, clock: CurrentClock) -> ClassDecisions:
    """The trainees of a class by name, each with the newest decision."""
    return _class_decisions(db, load(db, viewer, TrainingClassRow, class_id), clock)


@router.post("/api/classes/{class_id}/decisions")
def make_decisions(class_id: str, db: Db, caller: CurrentCaller, clock: CurrentClock) -> MadeDecisions:
    """Decide the whole class again from the stored data. A decision with unchanged inputs keeps its version."""
    of_class = load(db, caller.viewer, TrainingClassRow, class_id)
    try:
        made = decision_store.decide_class(db, of_class, clock.now())
    except NoValueYet as error:
        raise Conflict(error.detail, code="no_value_yet", hint=error.hint) from error
    except NoThresholds as error:
        raise Conflict(str(error), code="no_value_yet", hint=error.hint) from error
    except UnknownRule as error:
        raise Conflict(error.detail, code="unknown_rule", hint=error.hint) from error
    outs = _class_decisions(db, of_class, clock)
    verdicts = {total.verdict or "undecided": total.people for total in outs.totals}
    place = audit.place_of(db, of_class)
    audit.write(db, clock, caller, "decision", place, new=made.new, unchanged=made.unchanged, verdicts=verdicts)
    return MadeDecisions(**dict(outs), new=made.new, unchanged=made.unchanged)


@router.get("/api/classes/{class_id}/decisions/{trainee_id}")
def get_decision(class_id: str, trainee_id: str, db: Db, viewer: CurrentViewer, clock: CurrentClock) -> DecisionOut:
    """The newest decision for one trainee, with reasons, clauses, parameters, facts and evidence."""
    of_class = load(db, viewer, TrainingClassRow, class_id)
    trainee = load(db, viewer, TraineeRow, trainee_id)
    versions = decision_store.history(db, of_class.id, trainee.id)
    enrolment = next((row for row, person in enrolled(db, of_class.id) if person.id == trainee.id), None)
    if not versions or enrolment is None:
        raise NotFound("nothing was decided for this trainee yet", code="decision_not_found")
    digests = decision_store.current_digests(db, of_class, clock.now())
    newest = versions[0]
    return DecisionOut(
        training_class=_class_out(of_class),
        trainee=_trainee_out(trainee, enrolment),
        rule=newest.rule,
        verdict=newest.verdict,
        amount_fen=newest.amount_fen,
        version=newest.version,
        made_at=newest.made_at,
        current=digests.get(trainee.id) == newest.inputs_digest,
        history=[VersionOut.model_validate(each, from_attributes=True) for each in versions],
        **_body_out(newest.body),
    )


def _class_decisions(db: DbSession, of_class: TrainingClassRow, clock: Clock) -> ClassDecisions:
    standing = decision_store.decisions_in_force(db, of_class.id)
    digests = decision_store.current_digests(db, of_class, clock.now()) if standing else {}
    lines = [
        _line(enrolment, trainee, standing.get(trainee.id), digests.get(trainee.id))
        for enrolment, trainee in enrolled(db, of_class.id)
    ]
    people = Counter(line.verdict for line in lines)
    totals = [
        TotalOut(
            verdict=verdict,
            people=number,
            amount_fen=sum(line.amount_fen or 0 for line in lines if line.verdict == verdict),
        )
        for verdict, number in people.items()
    ]
    return ClassDecisions(training_class=_class_out(of_class), items=lines, totals=totals)


def _line(
    enrolment: EnrolmentRow, trainee: TraineeRow, decision: DecisionRow | None, digest: str | None
) -> DecisionLine:
    columns = ("verdict", "amount_fen", "version", "made_at")
    stored: dict[str, Any] = {name: getattr(decision, name, None) for name in columns}
    return DecisionLine(
        trainee_id=trainee.id,
        trainee_name=trainee.name,
        id_number_masked=trainee.id_number_masked,
        employer=enrolment.employer,
        current=None if decision is None else decision.inputs_digest == digest,
        sentence=None if decision is None else decision.body["sentence"],
        **stored,
    )


def _class_out(of_class: TrainingClassRow) -> DecidedClass:
    return DecidedClass.model_validate(of_class, from_attributes=True)


def _trainee_out(trainee: TraineeRow, enrolment: EnrolmentRow) -> DecidedTrainee:
    return DecidedTrainee(
        id=trainee.id,
        name=trainee.name,
        id_number_masked=trainee.id_number_masked,
        category=trainee.category,
        employer=enrolment.employer,
        agency=enrolment.agency,
        hire_date=enrolment.hire_date,
        result=enrolment.result,
        certificate_level=enrolment.certificate_level,
    )


def _body_out(body: Mapping[str, Any]) -> dict[str, Any]:
    """The stored body with links to the evidence."""
    reasons = [
        dict(reason) | {"evidence": [_evidence(each) for each in reason["evidence"]]} for reason in body["reasons"]
    ]
    kept = ("payee", "parameters_on", "rules_version", "sentence", "attendance", "sessions", "missing", "entitlements")
    return {name: body[name] for name in kept} | {"reasons": reasons}


def _evidence(stored: Mapping[str, str]) -> dict[str, str | None]:
    template = EVIDENCE_URLS.get(stored["kind"])
    return {**stored, "url": template.format(id=stored["id"]) if template else None}
