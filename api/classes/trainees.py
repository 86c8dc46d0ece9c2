"""Trainees (学员): routes to list, show and change the people of an institution. ID numbers are always masked.

Not here: their enrolments (enrolments.py). Design: docs/design/training.md.
"""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, StringConstraints
from sqlalchemy import or_
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.roles import Permission
from shike.api.auth.scopes import load, visible
from shike.api.auth.viewer import Viewer
from shike.api.current import CurrentClock, Db
from shike.api.errors import Invalid
from shike.api.moment import Moment
from shike.api.wire import PROBLEM, Body, Name, Page
from shike.attendance.tables.registry import InstitutionRow
from shike.attendance.tables.training import EnrolmentRow, TraineeRow, TrainingClassRow

router = APIRouter(tags=["trainees"], responses=PROBLEM)

Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\+?[0-9][0-9 -]{4,18}$")]


class TraineePatch(Body):
    """Only the fields that are sent are changed. The ID number cannot be changed: another number is another person."""

    name: Name | None = None
    phone: Phone | None = None
    category: Name | None = None


class TraineeOut(BaseModel):
    """A person. `phone` is masked for viewers who may not write classes."""

    id: str
    institution_id: str
    institution_name: str
    name: str
    id_number_masked: str
    phone: str | None
    category: str | None
    created_at: Moment


class TraineeClass(BaseModel):
    """A class that a person is or was in."""

    class_id: str
    number: str
    name: str
    enrolment_id: str
    state: str
    result: str | None


class TraineeDetail(TraineeOut):
    """A person with their classes, the latest first."""

    classes: list[TraineeClass]


def shown_phone(viewer: Viewer, phone: str | None) -> str | None:
    """A telephone number; its middle is masked for viewers who may not write classes."""
    if phone is None or viewer.may(Permission.CLASSES_WRITE):
        return phone
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 9 else "****"


def trainee_fields(db: DbSession, viewer: Viewer, row: TraineeRow) -> dict[str, object]:
    """The fields of TraineeOut."""
    return {
        "id": row.id,
        "institution_id": row.institution_id,
        "institution_name": load(db, viewer, InstitutionRow, row.institution_id).name,
        "name": row.name,
        "id_number_masked": row.id_number_masked,
        "phone": shown_phone(viewer, row.phone),
        "category": row.category,
        "created_at": row.created_at,
    }


@router.get("/api/trainees")
def list_trainees(
    db: Db,
    viewer: CurrentViewer,
    q: Annotated[str | None, Query(max_length=50)] = None,
    institution_id: str | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Page[TraineeOut]:
    """People in scope, the latest first. `q`: part of a name, or the last four characters of an ID number.

    A whole ID number is refused: URLs are kept in logs and browser histories.
    """
    query = visible(viewer, TraineeRow).order_by(TraineeRow.id.desc()).limit(limit + 1)
    if q and q.strip():
        wanted = q.strip()
        if sum(char.isdigit() for char in wanted) > 8:
            raise Invalid("q", "too_personal", "look by name, or by the last four characters of the ID number")
        by_end = TraineeRow.id_number_masked.endswith(wanted.upper(), autoescape=True)
        by_name = TraineeRow.name.contains(wanted, autoescape=True)
        query = query.where(or_(by_name, by_end) if len(wanted) == 4 else by_name)
    if institution_id is not None:
        query = query.where(TraineeRow.institution_id == institution_id)
    if cursor is not None:
        query = query.where(TraineeRow.id < cursor)
    rows = list(db.scalars(query))
    items = [TraineeOut.model_validate(trainee_fields(db, viewer, row)) for row in rows[:limit]]
    return Page(items=items, next_cursor=items[-1].id if len(rows) > limit else None)


def trainee_detail(db: DbSession, viewer: Viewer, row: TraineeRow) -> TraineeDetail:
    """A person with their classes."""
    query = (
        visible(viewer, TrainingClassRow)
        .join(EnrolmentRow, EnrolmentRow.class_id == TrainingClassRow.id)
        .add_columns(EnrolmentRow)
        .where(EnrolmentRow.trainee_id == row.id)
        .order_by(TrainingClassRow.starts_on.desc(), TrainingClassRow.id)
    )
    classes = [
        TraineeClass(
            class_id=of_class.id,
            number=of_class.number,
            name=of_class.name,
            enrolment_id=enrolment.id,
            state=enrolment.state,
            result=enrolment.result,
        )
        for of_class, enrolment in db.execute(query)
    ]
    return TraineeDetail.model_validate(trainee_fields(db, viewer, row) | {"classes": classes})


@router.get("/api/trainees/{trainee_id}")
def get_trainee(trainee_id: str, db: Db, viewer: CurrentViewer) -> TraineeDetail:
    """One person with their classes."""
    return trainee_detail(db, viewer, load(db, viewer, TraineeRow, trainee_id))


@router.patch("/api/trainees/{trainee_id}")
def update_trainee(
    trainee_id: str, body: TraineePatch, db: Db, caller: CurrentCaller, clock: CurrentClock
) -> TraineeDetail:
    """Change the data of a person."""
    row = load(db, caller.viewer, TraineeRow, trainee_id)
    sent = body.model_fields_set
    if body.name is not None:
        row.name = body.name
    if "phone" in sent:
        row.phone = body.phone
    if "category" in sent:
        row.category = body.category
    # No names and telephone numbers in the audit trail: more people read it, and it is kept longer.
    place = audit.AuditSubject(row.id_number_masked, row.institution_id)
    detail = {"verb": "updated", "kind": "trainee", "trainee_id": row.id, "changed": sorted(sent)}
    audit.write(db, clock, caller, "registry_changed", place, **detail)
    db.flush()
    return trainee_detail(db, caller.viewer, row)
