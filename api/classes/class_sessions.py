"""Class sessions (课次): routes to list, create and change the plan of a session: its time, room, teacher and breaks.

Not here: the result of a session (session_detail.py), the rules of a timetable (attendance/training/timetable.py).
Design: docs/design/training.md.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from annotated_types import MaxLen
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.roles import Permission
from shike.api.auth.scopes import load, named, visible
from shike.api.auth.viewer import Caller, Viewer
from shike.api.current import CurrentClock, Db
from shike.api.errors import Invalid
from shike.api.moment import Moment, now
from shike.api.wire import PROBLEM, Body, Id, Items, Name
from shike.attendance.beijing import bounds
from shike.attendance.tables.registry import InstitutionRow, RoomRow
from shike.attendance.tables.training import ClassSessionRow, TrainingClassRow
from shike.attendance.training.errors import Refused
from shike.attendance.training.timetable import (
    MOST_SESSIONS,
    SessionKind,
    SessionPlan,
    Timetable,
    copy,
    plan_of,
)
from shike.capture.clock import Clock
from shike.capture.moment import rfc3339

router = APIRouter(tags=["class-sessions"], responses=PROBLEM)

ClassSessionState = Literal["planned", "running", "ended", "final", "cancelled"]
# Fields of a file whose name in a request body is another one: a file has date and time in several columns.
FIELDS: Mapping[str, str] = {"date": "starts_at", "start": "starts_at", "end": "ends_at", "room": "room_id"}


class Break(BaseModel):
    """A break. It is not credited to anybody."""

    model_config = ConfigDict(populate_by_name=True, extra="forbid")

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")


Breaks = Annotated[list[Break], MaxLen(20)]


class ClassSessionIn(Body):
    """A new class session. Without `sequence` it gets the next number. Without a room nobody is counted."""

    class_id: Id
    sequence: int | None = Field(default=None, ge=1, le=MOST_SESSIONS)
    room_id: Id | None = None
    teacher: Name | None = None
    kind: SessionKind = "theory"
    starts_at: Moment
    ends_at: Moment
    breaks: Breaks = Field(default_factory=list)


class ClassSessionPatch(Body):
    """Only the fields that are sent are changed. `state` cancels the session, or takes the cancellation back."""

    room_id: Id | None = None
    teacher: Name | None = None
    kind: SessionKind | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    breaks: Breaks | None = None
    state: Literal["planned", "cancelled"] | None = None


class ClassSessionOut(BaseModel):
    """A class session with the names of its class, institution and room."""

    id: str
    class_id: str
    class_number: str
    class_name: str
    institution_id: str
    institution_name: str
    room_id: str | None
    room_name: str | None
    sequence: int
    teacher: str
    kind: SessionKind
    starts_at: Moment
    ends_at: Moment
    breaks: list[Break]
    state: ClassSessionState
    created_at: Moment


def class_session_outs(db: DbSession, rows: list[ClassSessionRow]) -> list[ClassSessionOut]:
    """Class sessions as the API serves them."""
    of_classes = select(TrainingClassRow, InstitutionRow.name).join(
        InstitutionRow, InstitutionRow.id == TrainingClassRow.institution_id
    )
    named_classes = db.execute(of_classes.where(TrainingClassRow.id.in_({row.class_id for row in rows})))
    classes = {row[0].id: (row[0], row[1]) for row in named_classes}
    in_rooms = db.execute(select(RoomRow.id, RoomRow.name).where(RoomRow.id.in_({row.room_id for row in rows})))
    rooms: Mapping[str | None, str] = {row[0]: row[1] for row in in_rooms}
    return [class_session_out(row, *classes[row.class_id], rooms.get(row.room_id)) for row in rows]


def class_session_out(
    row: ClassSessionRow, of_class: TrainingClassRow, institution_name: str, room_name: str | None
) -> ClassSessionOut:
    """One class session as the API serves it."""
    return ClassSessionOut.model_validate(
        {column.key: getattr(row, column.key) for column in ClassSessionRow.__table__.columns}
        | {
            "breaks": [{"from": start, "to": end} for start, end in row.breaks],
            "class_number": of_class.number,
            "class_name": of_class.name,
            "institution_id": of_class.institution_id,
            "institution_name": institution_name,
            "room_name": room_name,
        }
    )


class ClassSessionQuery(BaseModel):
    """Which class sessions to list: those that meet every condition that is given. `date`: a day in Beijing."""

    day: date | None = Field(default=None, alias="date")
    class_id: str | None = None
    room_id: str | None = None
    institution_id: str | None = None
    state: ClassSessionState | None = None
    limit: int = Field(default=500, ge=1, le=2000)


@router.get("/api/class-sessions")
def list_class_sessions(
    db: Db, viewer: CurrentViewer, wanted: Annotated[ClassSessionQuery, Query()]
) -> Items[ClassSessionOut]:
    """Class sessions in scope, the latest first. `date`: a day in Beijing; sessions that overlap it are listed."""
    query = visible(viewer, ClassSessionRow).order_by(ClassSessionRow.starts_at.desc(), ClassSessionRow.id)
    if wanted.day is not None:
        start, end = bounds(wanted.day)
        query = query.where(ClassSessionRow.starts_at < end, ClassSessionRow.ends_at > start)
    if wanted.class_id is not None:
        query = query.where(ClassSessionRow.class_id == wanted.class_id)
    if wanted.room_id is not None:
        query = query.where(ClassSessionRow.room_id == wanted.room_id)
    if wanted.institution_id is not None:
        classes = visible(viewer, TrainingClassRow).where(TrainingClassRow.institution_id == wanted.institution_id)
        query = query.where(ClassSessionRow.class_id.in_(classes.with_only_columns(TrainingClassRow.id)))
    if wanted.state is not None:
        query = query.where(ClassSessionRow.state == wanted.state)
    query = query.limit(wanted.limit)
    return Items(items=class_session_outs(db, list(db.scalars(query))))


@router.get("/api/classes/{class_id}/sessions")
def list_sessions_of_class(class_id: str, db: Db, viewer: CurrentViewer) -> Items[ClassSessionOut]:
    """The timetable of a class, by number."""
    load(db, viewer, TrainingClassRow, class_id)
    query = visible(viewer, ClassSessionRow).where(ClassSessionRow.class_id == class_id)
    return Items(items=class_session_outs(db, list(db.scalars(query.order_by(ClassSessionRow.sequence)))))


def may_change_late(viewer: Viewer) -> bool:
    """Whether the viewer may change the plan of a class session that has begun: only with REGISTRY_WRITE."""
    return viewer.may(Permission.REGISTRY_WRITE)


@router.post("/api/class-sessions", status_code=201)
def create_class_session(body: ClassSessionIn, db: Db, caller: CurrentCaller, clock: CurrentClock) -> ClassSessionOut:
    """Add a session to a class. 422 if its room or its class is occupied at that time."""
    training_class = named(db, caller.viewer, TrainingClassRow, body.class_id, "class_id")
    table = Timetable(db, training_class, now(clock), late=may_change_late(caller.viewer))
    if body.sequence in table.sessions:
        raise Invalid("sequence", "taken", "the class has another session of this number")
    plan = SessionPlan(
        sequence=body.sequence or max(table.sessions, default=0) + 1,
        starts_at=body.starts_at.astimezone(UTC),
        ends_at=body.ends_at.astimezone(UTC),
        room_id=room_of(db, caller.viewer, training_class, body.room_id),
        teacher=body.teacher or "",
        kind=body.kind,
        breaks=spans(body.breaks),
    )
    try:
        row, _ = table.put(plan)
    except Refused as refused:
        raise refusal_of(refused) from refused
    audit.write(db, clock, caller, "registry_changed", audit.place_of(db, row), verb="created", kind="class_session")
    return class_session_outs(db, [row])[0]


@router.get("/api/class-sessions/{class_session_id}")
def get_class_session(class_session_id: str, db: Db, viewer: CurrentViewer) -> ClassSessionOut:
    """One class session."""
    return class_session_outs(db, [load(db, viewer, ClassSessionRow, class_session_id)])[0]


@router.patch("/api/class-sessions/{class_session_id}")
def update_class_session(
    class_session_id: str, body: ClassSessionPatch, db: Db, caller: CurrentCaller, clock: CurrentClock
) -> ClassSessionOut:
    """Change a class session. 422 `already_started` once it has begun, unless the caller may write the registry."""
    row = load(db, caller.viewer, ClassSessionRow, class_session_id)
    training_class = load(db, caller.viewer, TrainingClassRow, row.class_id)
    plan = patched(db, caller.viewer, training_class, plan_of(row), body)
    table = Timetable(db, training_class, now(clock), late=may_change_late(caller.viewer))
    before = plan_of(row)
    if plan == before and body.state in (None, row.state):
        return class_session_outs(db, [row])[0]
    try:
        change(table, row, plan, body.state)
    except Refused as refused:
        raise refusal_of(refused) from refused
    db.flush()
    note_change(db, clock, caller, row, before, body)
    return class_session_outs(db, [row])[0]


def patched(
    db: DbSession, viewer: Viewer, training_class: TrainingClassRow, plan: SessionPlan, body: ClassSessionPatch
) -> SessionPlan:
    """The plan with the sent fields. Null removes room and teacher; other fields keep their value."""
    sent = body.model_fields_set
    if "room_id" in sent:
        plan = replace(plan, room_id=room_of(db, viewer, training_class, body.room_id))
    if "teacher" in sent:
        plan = replace(plan, teacher=body.teacher or "")
    if body.kind is not None:
        plan = replace(plan, kind=body.kind)
    if body.starts_at is not None:
        plan = replace(plan, starts_at=body.starts_at.astimezone(UTC))
    if body.ends_at is not None:
        plan = replace(plan, ends_at=body.ends_at.astimezone(UTC))
    if body.breaks is not None:
        plan = replace(plan, breaks=spans(body.breaks))
    return plan


def change(table: Timetable, row: ClassSessionRow, plan: SessionPlan, state: str | None) -> None:
    """Give a session another plan, or cancel it. After Refused nothing is changed."""
    revived = row.state == "cancelled" and state == "planned"
    if not revived:
        table.check_change(row)
    if state != "cancelled":
        table.check(plan, row)
    copy(plan, row)
    if revived or state == "cancelled":
        row.state = state or row.state
    elif row.state == "final":
        # The evaluator judges it again with the new plan.
        row.state = "ended"


def note_change(
    db: DbSession, clock: Clock, caller: Caller, row: ClassSessionRow, before: SessionPlan, body: ClassSessionPatch
) -> None:
    """Write the change to the audit trail, with the times before and after."""
    detail = {
        "verb": "updated",
        "kind": "class_session",
        "changed": sorted(body.model_fields_set),
        "starts_at": [rfc3339(before.starts_at), rfc3339(row.starts_at)],
        "ends_at": [rfc3339(before.ends_at), rfc3339(row.ends_at)],
    }
    audit.write(db, clock, caller, "registry_changed", audit.place_of(db, row), **detail)


def room_of(db: DbSession, viewer: Viewer, training_class: TrainingClassRow, room_id: str | None) -> str | None:
    """The id of a room of the class's institution. Invalid for a room of another one."""
    if room_id is None:
        return None
    room = named(db, viewer, RoomRow, room_id, "room_id")
    if room.institution_id != training_class.institution_id:
        raise Invalid("room_id", "other_institution", "the room belongs to another institution")
    return room.id


def spans(breaks: list[Break]) -> tuple[tuple[datetime, datetime], ...]:
    """Breaks in the form of a plan."""
    return tuple((each.start.astimezone(UTC), each.end.astimezone(UTC)) for each in breaks)


def refusal_of(refused: Refused) -> Invalid:
    """An error of the timetable as an error of the request body's field."""
    return Invalid(FIELDS.get(refused.field, refused.field), refused.code, str(refused))
