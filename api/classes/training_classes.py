"""Training classes (培训班): routes to list, create and change the classes of an institution.

Not here: their sessions (class_sessions.py) and people (enrolments.py). Design: docs/design/training.md.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.roles import Permission
from shike.api.auth.scopes import load, named, visible
from shike.api.auth.viewer import Viewer
from shike.api.current import CurrentClock, Db
from shike.api.errors import Conflict, Forbidden, Invalid
from shike.api.moment import Moment, now
from shike.api.wire import PROBLEM, Body, Id, Items, Name
from shike.attendance.beijing import bounds
from shike.attendance.tables.registry import InstitutionRow
from shike.attendance.tables.training import ClassSessionRow, EnrolmentRow, TrainingClassRow
from shike.attendance.training.skill_levels import SkillLevel
from shike.capture.clock import Clock

router = APIRouter(tags=["classes"], responses=PROBLEM)

ProjectType = Literal["new_hire", "upgrade"]
ClassState = Literal["training", "awaiting_assessment", "completed", "cancelled"]
LessonHours = Annotated[int, Field(ge=1, le=3000)]
Year = Annotated[int, Field(ge=2019, le=2100)]
# Fields that decide a subsidy. Once the class has begun, only callers who may write the registry may change them.
LOCKED_FIELDS = frozenset({"project_type", "level", "starts_on", "ends_on", "planned_lesson_hours", "funding_year"})


class ClassIn(Body):
    """A new class. `planned_lesson_hours`: in lessons of 45 minutes. Only the county may set `county_review_ref`."""

    institution_id: Id
    number: Name
    name: Name
    project_type: ProjectType
    occupation: Name
    level: SkillLevel | None = None
    starts_on: date
    ends_on: date
    planned_lesson_hours: LessonHours
    funding_year: Year
    county_review_ref: Name | None = None


class ClassPatch(Body):
    """Only the fields that are sent are changed."""

    number: Name | None = None
    name: Name | None = None
    project_type: ProjectType | None = None
    occupation: Name | None = None
    level: SkillLevel | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    planned_lesson_hours: LessonHours | None = None
    funding_year: Year | None = None
    county_review_ref: Name | None = None
    state: ClassState | None = None


class ClassOut(BaseModel):
    """A class. `enrolled`: people who have not left; `class_sessions`: sessions that are not cancelled."""

    id: str
    institution_id: str
    institution_name: str
    number: str
    name: str
    project_type: ProjectType
    occupation: str
    level: SkillLevel | None
    starts_on: date
    ends_on: date
    planned_lesson_hours: int
    funding_year: int
    county_review_ref: str | None
    state: str
    enrolled: int
    class_sessions: int
    created_at: Moment


def class_outs(db: DbSession, classes: list[TrainingClassRow]) -> list[ClassOut]:
    """Classes as the API serves them, with the institution's name and the numbers of people and sessions."""
    ids = [row.id for row in classes]
    of_institutions = {row.institution_id for row in classes}
    rows = db.execute(select(InstitutionRow.id, InstitutionRow.name).where(InstitutionRow.id.in_(of_institutions)))
    names: Mapping[str, str] = {row[0]: row[1] for row in rows}
    people = select(EnrolmentRow.class_id, func.count()).where(
        EnrolmentRow.class_id.in_(ids), EnrolmentRow.state == "enrolled"
    )
    enrolled: Mapping[str, int] = {row[0]: row[1] for row in db.execute(people.group_by(EnrolmentRow.class_id))}
    sittings = select(ClassSessionRow.class_id, func.count()).where(
        ClassSessionRow.class_id.in_(ids), ClassSessionRow.state != "cancelled"
    )
    held: Mapping[str, int] = {row[0]: row[1] for row in db.execute(sittings.group_by(ClassSessionRow.class_id))}
    return [
        ClassOut.model_validate(
            {column.key: getattr(row, column.key) for column in TrainingClassRow.__table__.columns}
            | {
                "institution_name": names[row.institution_id],
                "enrolled": enrolled.get(row.id, 0),
                "class_sessions": held.get(row.id, 0),
            }
        )
        for row in classes
    ]


@router.get("/api/classes")
def list_classes(
    db: Db,
    viewer: CurrentViewer,
    institution_id: str | None = None,
    state: ClassState | None = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
) -> Items[ClassOut]:
    """Classes in scope, by first day, the latest first. `q`: part of a number, a name or an occupation."""
    query = visible(viewer, TrainingClassRow).order_by(TrainingClassRow.starts_on.desc(), TrainingClassRow.number)
    if institution_id is not None:
        query = query.where(TrainingClassRow.institution_id == institution_id)
    if state is not None:
        query = query.where(TrainingClassRow.state == state)
    if q:
        fields = (TrainingClassRow.number, TrainingClassRow.name, TrainingClassRow.occupation)
        query = query.where(or_(*(field.contains(q.strip(), autoescape=True) for field in fields)))
    return Items(items=class_outs(db, list(db.scalars(query))))


@router.post("/api/classes", status_code=201)
def create_class(body: ClassIn, db: Db, caller: CurrentCaller, clock: CurrentClock) -> ClassOut:
    """Add a class to an institution in scope."""
    institution = named(db, caller.viewer, InstitutionRow, body.institution_id, "institution_id")
    values = stored(body.model_dump())
    values |= {"institution_id": institution.id, "state": "training", "created_at": now(clock)}
    check_review(caller.viewer, body.county_review_ref)
    row = TrainingClassRow(**values)
    check_class(db, row)
    db.add(row)
    db.flush()
    audit.write(db, clock, caller, "registry_changed", audit.place_of(db, row), verb="created", kind="class")
    return class_outs(db, [row])[0]


@router.get("/api/classes/{class_id}")
def get_class(class_id: str, db: Db, viewer: CurrentViewer) -> ClassOut:
    """One class."""
    return class_outs(db, [load(db, viewer, TrainingClassRow, class_id)])[0]


@router.patch("/api/classes/{class_id}")
def update_class(class_id: str, body: ClassPatch, db: Db, caller: CurrentCaller, clock: CurrentClock) -> ClassOut:
    """Change a class. 409 `already_started` for a field that decides a subsidy, once the class has begun."""
    row = load(db, caller.viewer, TrainingClassRow, class_id)
    values = stored(body.model_dump(exclude_unset=True))
    may_be_empty = {"level", "county_review_ref"}
    changed = {key: value for key, value in values.items() if value is not None or key in may_be_empty}
    before = {key: getattr(row, key) for key, value in changed.items() if getattr(row, key) != value}
    if "county_review_ref" in before:
        check_review(caller.viewer, changed["county_review_ref"] or "")
    if LOCKED_FIELDS & set(before):
        check_not_begun(db, caller.viewer, row, clock)
    for key in before:
        setattr(row, key, changed[key])
    with db.no_autoflush:
        check_class(db, row)
    if {"starts_on", "ends_on"} & set(before):
        check_sessions_within(db, row)
    db.flush()
    place, detail = audit.place_of(db, row), {key: [old, changed[key]] for key, old in before.items()}
    audit.write(db, clock, caller, "registry_changed", place, verb="updated", kind="class", changed=detail)
    return class_outs(db, [row])[0]


def stored(values: dict[str, Any]) -> dict[str, Any]:
    """The values as tables store them: dates as text."""
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in values.items()}


def check_review(viewer: Viewer, reference: str | None) -> None:
    """Raises Forbidden if the viewer may not enter the county's review (S25). Institutions may not do so."""
    if reference is not None and not viewer.may(Permission.REGISTRY_WRITE):
        raise Forbidden("the review of the county is entered by the county", code="review_is_the_countys")


def check_class(db: DbSession, row: TrainingClassRow) -> None:
    """Raises Invalid for days in the wrong order, a missing level, or a number that is taken."""
    if row.ends_on < row.starts_on:
        raise Invalid("ends_on", "before_start", "a class cannot end before it starts")
    if row.project_type == "upgrade" and row.level is None:
        raise Invalid("level", "required", "an upgrade aims at a level")
    same = select(TrainingClassRow.id).where(
        TrainingClassRow.institution_id == row.institution_id, TrainingClassRow.number == row.number
    )
    if any(other != row.id for other in db.scalars(same)):
        raise Invalid("number", "taken", "the institution has another class of this number")


def check_not_begun(db: DbSession, viewer: Viewer, row: TrainingClassRow, clock: Clock) -> None:
    """Raises Conflict if a session has begun and the viewer may not write the registry."""
    begun = visible(viewer, ClassSessionRow).where(
        ClassSessionRow.class_id == row.id, ClassSessionRow.starts_at <= now(clock)
    )
    if not viewer.may(Permission.REGISTRY_WRITE) and db.scalar(select(begun.exists())):
        raise Conflict("the class has begun", code="already_started", hint="ask an administrator")


def check_sessions_within(db: DbSession, row: TrainingClassRow) -> None:
    """Raises Conflict if a session would lie outside of the class's days."""
    first, last = bounds(date.fromisoformat(row.starts_on))[0], bounds(date.fromisoformat(row.ends_on))[1]
    outside = exists().where(
        ClassSessionRow.class_id == row.id,
        ClassSessionRow.kind != "makeup",
        ClassSessionRow.state != "cancelled",
        or_(ClassSessionRow.starts_at < first, ClassSessionRow.ends_at > last),
    )
    if db.scalar(select(outside)):
        raise Conflict("a class session would lie outside of these days", code="sessions_outside")
