"""Enrolments (学员名册): routes to list, add and change the people on the roster of a class.

An ID number is accepted, but never returned in full. Not here: rosters from files (imports.py), the rules of a roster
(attendance/training/rosters.py). Design: docs/design/training.md.
"""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr, StringConstraints
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.scopes import load, visible
from shike.api.classes.trainees import Phone, shown_phone
from shike.api.classes.training_classes import stored
from shike.api.current import CurrentClock, CurrentIdentities, Db
from shike.api.errors import Conflict, Invalid
from shike.api.moment import Moment, now
from shike.api.wire import PROBLEM, Body, Items, Name
from shike.attendance.judgement.versions import reopen
from shike.attendance.tables.training import (
    ClassSessionRow,
    EnrolmentRow,
    TraineeRow,
    TrainingClassRow,
)
from shike.attendance.training import rosters
from shike.attendance.training.id_numbers import BadIdNumber, normalised
from shike.attendance.training.skill_levels import SkillLevel

router = APIRouter(tags=["enrolments"], responses=PROBLEM)

ExamResult = Literal["passed", "failed"]
Company = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
IdNumber = Annotated[SecretStr, Field(max_length=60)]


class EnrolmentIn(Body):
    """A person to enrol. `employer`: the enterprise that uses the worker; `agency`: the one that dispatches them."""

    name: Name
    id_number: IdNumber
    phone: Phone | None = None
    category: Name | None = None
    employer: Company | None = None
    agency: Company | None = None
    hire_date: date | None = None
    joined_on: date | None = None
    left_on: date | None = None
    result: ExamResult | None = None
    certificate_level: SkillLevel | None = None


class EnrolmentPatch(Body):
    """Only the fields that are sent are changed. Null removes a value, except `joined_on`."""

    employer: Company | None = None
    agency: Company | None = None
    hire_date: date | None = None
    joined_on: date | None = None
    left_on: date | None = None
    result: ExamResult | None = None
    certificate_level: SkillLevel | None = None


class EnrolmentOut(BaseModel):
    """A person in a class. `phone` is masked for viewers who may not write classes."""

    id: str
    class_id: str
    trainee_id: str
    name: str
    id_number_masked: str
    phone: str | None
    category: str | None
    employer: str | None
    agency: str | None
    hire_date: date | None
    joined_on: date
    left_on: date | None
    state: Literal["enrolled", "left"]
    result: ExamResult | None
    certificate_level: SkillLevel | None
    created_at: Moment


def enrolment_outs(db: DbSession, viewer: CurrentViewer, class_id: str) -> list[EnrolmentOut]:
    """The roster of a class, by name."""
    query = (
        visible(viewer, EnrolmentRow)
        .join(TraineeRow, TraineeRow.id == EnrolmentRow.trainee_id)
        .add_columns(TraineeRow)
        .where(EnrolmentRow.class_id == class_id)
        .order_by(TraineeRow.name, EnrolmentRow.id)
    )
    return [enrolment_out(viewer, enrolment, trainee) for enrolment, trainee in db.execute(query)]


def enrolment_out(viewer: CurrentViewer, enrolment: EnrolmentRow, trainee: TraineeRow) -> EnrolmentOut:
    """One enrolment as the API serves it."""
    return EnrolmentOut.model_validate(
        {column.key: getattr(enrolment, column.key) for column in EnrolmentRow.__table__.columns}
        | {
            "name": trainee.name,
            "id_number_masked": trainee.id_number_masked,
            "phone": shown_phone(viewer, trainee.phone),
            "category": trainee.category,
        }
    )


@router.get("/api/classes/{class_id}/enrolments")
def list_enrolments(class_id: str, db: Db, viewer: CurrentViewer) -> Items[EnrolmentOut]:
    """The roster of a class by name, including those who left."""
    load(db, viewer, TrainingClassRow, class_id)
    return Items(items=enrolment_outs(db, viewer, class_id))


@router.post("/api/classes/{class_id}/enrolments", status_code=201)
def create_enrolment(
    class_id: str, body: EnrolmentIn, db: Db, caller: CurrentCaller, clock: CurrentClock, identities: CurrentIdentities
) -> EnrolmentOut:
    """Add a person to the roster. 409 `already_enrolled`; 422 on `id_number` if it is not valid."""
    training_class = load(db, caller.viewer, TrainingClassRow, class_id)
    try:
        number = normalised(body.id_number.get_secret_value())
    except BadIdNumber as error:
        raise Invalid("id_number", error.code, str(error)) from error
    roster = rosters.Roster(db, training_class, identities, now(clock))
    if roster.has(number):
        raise Conflict("this person is on the roster", code="already_enrolled")
    values = stored(body.model_dump(exclude={"name", "id_number"}))
    entry = rosters.RosterEntry(body.name, number, {key: value for key, value in values.items() if value})
    enrolment, _ = roster.enrol(entry)
    roster.write()
    trainee = load(db, caller.viewer, TraineeRow, enrolment.trainee_id)
    place = audit.place_of(db, training_class)
    audit.write(db, clock, caller, "registry_changed", place, verb="created", kind="enrolment", trainee_id=trainee.id)
    return enrolment_out(caller.viewer, enrolment, trainee)


@router.patch("/api/enrolments/{enrolment_id}")
def update_enrolment(
    enrolment_id: str, body: EnrolmentPatch, db: Db, caller: CurrentCaller, clock: CurrentClock
) -> EnrolmentOut:
    """Change an enrolment. A day of leaving sets its state to `left`. Nobody is removed from a roster."""
    enrolment = load(db, caller.viewer, EnrolmentRow, enrolment_id)
    training_class = load(db, caller.viewer, TrainingClassRow, enrolment.class_id)
    values = stored(body.model_dump(exclude_unset=True))
    before = {
        key: getattr(enrolment, key)
        for key, value in values.items()
        if getattr(enrolment, key) != value and (value is not None or key != "joined_on")
    }
    for key in before:
        setattr(enrolment, key, values[key])
    rosters.check_days({}, enrolment, training_class)
    rosters.settle_state(enrolment)
    db.flush()
    reopen(db, ClassSessionRow.class_id == enrolment.class_id)
    place, changed = audit.place_of(db, training_class), {key: [old, values[key]] for key, old in before.items()}
    detail = {"verb": "updated", "kind": "enrolment", "trainee_id": enrolment.trainee_id, "changed": changed}
    audit.write(db, clock, caller, "registry_changed", place, **detail)
    return enrolment_out(caller.viewer, enrolment, load(db, caller.viewer, TraineeRow, enrolment.trainee_id))
