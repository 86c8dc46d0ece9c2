"""The one way to rows that belong to an institution: what a viewer may not see does not exist for them.

Every query over regions, institutions, rooms, cameras, footage, samples, classes and what hangs on them, flags,
decisions, accounts and audit events starts with `visible(viewer, Entity)` or `load(db, viewer, Entity, id)`, in
requests, WebSockets and background tasks alike.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, select, true
from sqlalchemy.orm import Session as DbSession

from shike.api.auth.audit import AuditEvent
from shike.api.auth.tables import Account
from shike.api.auth.viewer import Viewer
from shike.api.errors import Invalid, NotFound
from shike.attendance.tables.judgement import AcceptanceSample, AttendanceRecord, Flag, FlagVerdict
from shike.attendance.tables.recording import RecordingPolicy
from shike.attendance.tables.registry import (
    Base,
    Camera,
    CountSkip,
    Institution,
    Region,
    Room,
    Run,
    Sample,
    Segment,
)
from shike.attendance.tables.retention import Brake, Deletion, Hold, RetentionRule
from shike.attendance.tables.training import (
    ClassSession,
    Enrolment,
    Leave,
    SignEvent,
    Trainee,
    TrainingClass,
)
from shike.subsidy.tables import Decision

Entity = TypeVar("Entity", bound=Base)


def _regions(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.region_path is not None:
        return Region.path.startswith(viewer.region_path, autoescape=True)
    own = select(Institution.region_id).where(Institution.id == viewer.institution_id)
    return Region.id.in_(own)


def _institutions(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.institution_id is not None:
        return Institution.id == viewer.institution_id
    return Institution.region_id.in_(select(Region.id).where(_regions(viewer)))


def _in_institutions(column: Any) -> Callable[[Viewer], ColumnElement[bool]]:
    return lambda viewer: column.in_(select(Institution.id).where(_institutions(viewer)))


_rooms = _in_institutions(Room.institution_id)


def _cameras(viewer: Viewer) -> ColumnElement[bool]:
    return Camera.room_id.in_(select(Room.id).where(_rooms(viewer)))


def _of_cameras(column: Any) -> Callable[[Viewer], ColumnElement[bool]]:
    return lambda viewer: column.in_(select(Camera.id).where(_cameras(viewer)))


_classes = _in_institutions(TrainingClass.institution_id)


def _of_classes(column: Any) -> Callable[[Viewer], ColumnElement[bool]]:
    return lambda viewer: column.in_(select(TrainingClass.id).where(_classes(viewer)))


_class_sessions = _of_classes(ClassSession.class_id)


def _of_class_sessions(column: Any) -> Callable[[Viewer], ColumnElement[bool]]:
    return lambda viewer: column.in_(select(ClassSession.id).where(_class_sessions(viewer)))


def _acceptance_samples(viewer: Viewer) -> ColumnElement[bool]:
    return AcceptanceSample.room_id.in_(select(Room.id).where(_rooms(viewer)))


def _recording_policies(viewer: Viewer) -> ColumnElement[bool]:
    return RecordingPolicy.room_id.in_(select(Room.id).where(_rooms(viewer)))


_flags = _in_institutions(Flag.institution_id)


def _flag_verdicts(viewer: Viewer) -> ColumnElement[bool]:
    return FlagVerdict.flag_id.in_(select(Flag.id).where(_flags(viewer)))


def _accounts(viewer: Viewer) -> ColumnElement[bool]:
    of_institutions = _in_institutions(Account.institution_id)(viewer)
    if viewer.region_path is None:
        return of_institutions
    return or_(of_institutions, Account.region_id.in_(select(Region.id).where(_regions(viewer))))


def _audit_events(viewer: Viewer) -> ColumnElement[bool]:
    """Events of visible institutions; events of no institution by visible accounts; all of them from the root."""
    if viewer.sees_everything:
        return true()
    by_visible = AuditEvent.account_id.in_(select(Account.id).where(_accounts(viewer)))
    return or_(
        _in_institutions(AuditEvent.institution_id)(viewer), and_(AuditEvent.institution_id.is_(None), by_visible)
    )


def _rules(viewer: Viewer) -> ColumnElement[bool]:
    """The default concerns everybody."""
    return or_(RetentionRule.camera_id.is_(None), _of_cameras(RetentionRule.camera_id)(viewer))


def _brakes(viewer: Viewer) -> ColumnElement[bool]:
    """A brake of all cameras is for those who see all."""
    return true() if viewer.sees_everything else _of_cameras(Brake.camera_id)(viewer)


SCOPES: Mapping[type[Base], Callable[[Viewer], ColumnElement[bool]]] = {
    Region: _regions,
    Institution: _institutions,
    Room: _rooms,
    RecordingPolicy: _recording_policies,
    Camera: _cameras,
    Run: _of_cameras(Run.camera_id),
    Segment: _of_cameras(Segment.camera_id),
    Sample: _of_cameras(Sample.camera_id),
    CountSkip: _of_cameras(CountSkip.camera_id),
    TrainingClass: _classes,
    ClassSession: _class_sessions,
    Trainee: _in_institutions(Trainee.institution_id),
    Enrolment: _of_classes(Enrolment.class_id),
    SignEvent: _of_class_sessions(SignEvent.class_session_id),
    Leave: _of_class_sessions(Leave.class_session_id),
    AcceptanceSample: _acceptance_samples,
    AttendanceRecord: _of_class_sessions(AttendanceRecord.class_session_id),
    Flag: _flags,
    FlagVerdict: _flag_verdicts,
    RetentionRule: _rules,
    Hold: _in_institutions(Hold.institution_id),
    Deletion: _of_cameras(Deletion.camera_id),
    Brake: _brakes,
    Decision: _of_classes(Decision.class_id),
    Account: _accounts,
    AuditEvent: _audit_events,
}


def visible(viewer: Viewer, entity: type[Entity]) -> Select[Entity]:
    """A SELECT of the rows of `entity` within the viewer's scope, to be narrowed further. KeyError: no such scope."""
    return select(entity).where(SCOPES[entity](viewer))


def load(db: DbSession, viewer: Viewer, entity: type[Entity], row_id: str) -> Entity:
    """The row, or NotFound, alike for rows that do not exist and rows of somebody else."""
    key: Any = entity.__table__.c["id"]
    row = db.scalars(visible(viewer, entity).where(key == row_id)).one_or_none()
    if row is None:
        raise NotFound(code=f"{entity.__tablename__}_not_found")
    return row


def named(db: DbSession, viewer: Viewer, entity: type[Entity], row_id: str, field: str) -> Entity:
    """The row that a field of a request names; Invalid on that field if there is none in scope."""
    try:
        return load(db, viewer, entity, row_id)
    except NotFound as error:
        raise Invalid(field, "not_found", f"there is no such {entity.__tablename__}") from error
