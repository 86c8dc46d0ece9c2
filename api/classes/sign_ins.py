"""Sign-ins and leave of a class session: routes to list them, and to enter them by hand with a reason.

Not here: sign-ins from files (imports.py). Design: docs/design/training.md.
"""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, StringConstraints
from sqlalchemy import exists, select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.scopes import load, visible
from shike.api.current import CurrentClock, Db
from shike.api.errors import Conflict, Invalid
from shike.api.moment import Moment, now
from shike.api.wire import PROBLEM, Body, Id, Items, Name
from shike.attendance.judgement.versions import reopen
from shike.attendance.tables.training import (
    ClassSessionRow,
    EnrolmentRow,
    LeaveRow,
    SignEventRow,
    TraineeRow,
)
from shike.attendance.training.sign_ins import Method, SignKind, check_moment
from shike.capture.moment import rfc3339

router = APIRouter(tags=["sign-ins"], responses=PROBLEM)

SignReason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


class SignEventIn(Body):
    """A sign-in or sign-out by hand, with the reason. `corrects_id`: the event that it replaces."""

    trainee_id: Id
    kind: SignKind
    at: Moment
    reason: SignReason
    corrects_id: Id | None = None


class SignEventOut(BaseModel):
    """A sign event. With `corrected_by_id` it was corrected and is no longer in force."""

    id: str
    class_session_id: str
    trainee_id: str
    name: str
    id_number_masked: str
    kind: SignKind
    at: Moment
    received_at: Moment
    method: Method
    device: str | None
    place: str | None
    operator: str | None
    reason: str | None
    corrects_id: str | None
    corrected_by_id: str | None


class LeaveIn(Body):
    """An approved absence. Without `approved_by`, the caller has approved it."""

    trainee_id: Id
    reason: SignReason
    approved_by: Name | None = None


class LeaveOut(BaseModel):
    id: str
    class_session_id: str
    trainee_id: str
    name: str
    reason: str
    approved_by: str
    created_at: Moment


def sign_event_outs(db: DbSession, class_session_id: str) -> list[SignEventOut]:
    """The sign events of a class session, by time."""
    query = (
        select(SignEventRow, TraineeRow)
        .join(TraineeRow, TraineeRow.id == SignEventRow.trainee_id)
        .where(SignEventRow.class_session_id == class_session_id)
        .order_by(SignEventRow.at, SignEventRow.id)
    )
    events = [(row[0], row[1]) for row in db.execute(query)]
    corrections = {event.corrects_id: event.id for event, _ in events if event.corrects_id is not None}
    return [
        SignEventOut.model_validate(
            {column.key: getattr(event, column.key) for column in SignEventRow.__table__.columns}
            | {
                "name": trainee.name,
                "id_number_masked": trainee.id_number_masked,
                "corrected_by_id": corrections.get(event.id),
            }
        )
        for event, trainee in events
    ]


@router.get("/api/class-sessions/{class_session_id}/sign-events")
def list_sign_events(class_session_id: str, db: Db, viewer: CurrentViewer) -> Items[SignEventOut]:
    """Sign-ins and sign-outs of a class session by time, including corrected ones."""
    load(db, viewer, ClassSessionRow, class_session_id)
    return Items(items=sign_event_outs(db, class_session_id))


@router.post("/api/class-sessions/{class_session_id}/sign-events", status_code=201)
def create_sign_event(
    class_session_id: str, body: SignEventIn, db: Db, caller: CurrentCaller, clock: CurrentClock
) -> SignEventOut:
    """Enter a sign-in or sign-out by hand. 409 `already_noted`, `already_corrected`."""
    session = load(db, caller.viewer, ClassSessionRow, class_session_id)
    check_enrolled(db, session, body.trainee_id)
    check_moment(session, body.at, now(clock), "at")
    if body.corrects_id is not None:
        check_correction(db, session, body, body.corrects_id)
    same = visible(caller.viewer, SignEventRow).where(
        SignEventRow.class_session_id == session.id,
        SignEventRow.trainee_id == body.trainee_id,
        SignEventRow.kind == body.kind,
        SignEventRow.at == body.at,
        SignEventRow.method == "hand",
    )
    if db.scalar(select(same.exists())):
        raise Conflict("this was noted by hand before", code="already_noted")
    event = SignEventRow(
        **body.model_dump(),
        class_session_id=session.id,
        received_at=now(clock),
        method="hand",
        operator=caller.viewer.name,
    )
    db.add(event)
    db.flush()
    detail = {"verb": "created", "kind": "sign_event", "trainee_id": body.trainee_id, "sign": body.kind}
    detail |= {"at": rfc3339(body.at), "reason": body.reason, "corrects_id": body.corrects_id or ""}
    audit.write(db, clock, caller, "registry_changed", audit.place_of(db, session), **detail)
    return next(out for out in sign_event_outs(db, session.id) if out.id == event.id)


def check_enrolled(db: DbSession, session: ClassSessionRow, trainee_id: str) -> None:
    """Raises Invalid if the trainee is not on the roster of the session's class."""
    enrolled = exists().where(EnrolmentRow.class_id == session.class_id, EnrolmentRow.trainee_id == trainee_id)
    if not db.scalar(select(enrolled)):
        raise Invalid("trainee_id", "not_enrolled", "this person is not on the roster of the class")


def check_correction(db: DbSession, session: ClassSessionRow, body: SignEventIn, corrects_id: str) -> None:
    """Raises Invalid if the event is of another session or trainee, Conflict if it was corrected before."""
    corrected = db.get(SignEventRow, corrects_id)
    if corrected is None or (corrected.class_session_id, corrected.trainee_id) != (session.id, body.trainee_id):
        raise Invalid("corrects_id", "not_found", "this person has no such event in this class session")
    if db.scalar(select(exists().where(SignEventRow.corrects_id == corrects_id))):
        raise Conflict("this event was corrected before", code="already_corrected", hint="correct the correction")


def leave_out(db: DbSession, row: LeaveRow) -> LeaveOut:
    """One leave as the API serves it."""
    fields = {column.key: getattr(row, column.key) for column in LeaveRow.__table__.columns}
    return LeaveOut.model_validate(fields | {"name": db.get_one(TraineeRow, row.trainee_id).name})


@router.get("/api/class-sessions/{class_session_id}/leaves")
def list_leaves(class_session_id: str, db: Db, viewer: CurrentViewer) -> Items[LeaveOut]:
    """Approved absences from a class session."""
    load(db, viewer, ClassSessionRow, class_session_id)
    query = visible(viewer, LeaveRow).where(LeaveRow.class_session_id == class_session_id).order_by(LeaveRow.id)
    return Items(items=[leave_out(db, row) for row in db.scalars(query)])


@router.post("/api/class-sessions/{class_session_id}/leaves", status_code=201)
def create_leave(class_session_id: str, body: LeaveIn, db: Db, caller: CurrentCaller, clock: CurrentClock) -> LeaveOut:
    """Enter an approved absence. 409 `already_on_leave`."""
    session = load(db, caller.viewer, ClassSessionRow, class_session_id)
    check_enrolled(db, session, body.trainee_id)
    same = visible(caller.viewer, LeaveRow).where(
        LeaveRow.class_session_id == session.id, LeaveRow.trainee_id == body.trainee_id
    )
    if db.scalar(select(same.exists())):
        raise Conflict("this person is on leave already", code="already_on_leave")
    row = LeaveRow(
        class_session_id=session.id,
        trainee_id=body.trainee_id,
        reason=body.reason,
        approved_by=body.approved_by or caller.viewer.name,
        created_at=now(clock),
    )
    db.add(row)
    db.flush()
    detail = {"verb": "created", "kind": "leave", "trainee_id": row.trainee_id, "reason": row.reason}
    audit.write(db, clock, caller, "registry_changed", audit.place_of(db, session), **detail)
    return leave_out(db, row)


@router.delete("/api/leaves/{leave_id}", status_code=204)
def delete_leave(leave_id: str, db: Db, caller: CurrentCaller, clock: CurrentClock) -> None:
    """Delete an absence. The audit trail keeps its content."""
    row = load(db, caller.viewer, LeaveRow, leave_id)
    session = load(db, caller.viewer, ClassSessionRow, row.class_session_id)
    detail = {"verb": "deleted", "kind": "leave", "trainee_id": row.trainee_id, "reason": row.reason}
    detail |= {"approved_by": row.approved_by}
    audit.write(db, clock, caller, "registry_changed", audit.place_of(db, session), **detail)
    db.delete(row)
    reopen(db, ClassSessionRow.id == session.id)
