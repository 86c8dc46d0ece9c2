"""The scoped query: the rows that a viewer may see. Rows outside of their scope do not exist for them.

Every query of a request or a WebSocket starts with `visible(viewer, Entity)`, `find` or `load`. The exceptions are
listed, with reasons, in tests/structure/unscoped.py; a test finds all others. Decision: docs/decisions/0002.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, select, true
from sqlalchemy.orm import Session as DbSession

from shike.api.auth.audit import AuditEventRow
from shike.api.auth.tables import AccountRow
from shike.api.auth.viewer import Viewer
from shike.api.errors import Invalid, NotFound
from shike.attendance.tables.base import Base
from shike.attendance.tables.counting import CountSkipRow, SampleRow
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.judgement import (
    AcceptanceSampleRow,
    AttendanceRecordRow,
    FlagRow,
    FlagVerdictRow,
)
from shike.attendance.tables.recording import RecordingPolicyRow
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RegionRow, RoomRow
from shike.attendance.tables.retention import BrakeRow, DeletionRow, HoldRow, RetentionRuleRow
from shike.attendance.tables.training import (
    ClassSessionRow,
    EnrolmentRow,
    LeaveRow,
    SignEventRow,
    TraineeRow,
    TrainingClassRow,
)
from shike.subsidy.tables import DecisionRow

Entity = TypeVar("Entity", bound=Base)


def _regions(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.region_path is not None:
        return RegionRow.path.startswith(viewer.region_path, autoescape=True)
    own = select(InstitutionRow.region_id).where(InstitutionRow.id == viewer.institution_id)
    return RegionRow.id.in_(own)


def _institutions(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.institution_id is not None:
        return InstitutionRow.id == viewer.institution_id
    return InstitutionRow.region_id.in_(select(RegionRow.id).where(_regions(viewer)))


def _in_institutions(column: Any) -> Callable[[Viewer], ColumnElement[bool]]:
    return lambda viewer: column.in_(select(InstitutionRow.id).where(_institutions(viewer)))


_rooms = _in_institutions(RoomRow.institution_id)


def _cameras(viewer: Viewer) -> ColumnElement[bool]:
    return CameraRow.room_id.in_(select(RoomRow.id).where(_rooms(viewer)))


def _of_cameras(column: Any) -> Callable[[Viewer], ColumnElement[bool]]:
    return lambda viewer: column.in_(select(CameraRow.id).where(_cameras(viewer)))


_classes = _in_institutions(TrainingClassRow.institution_id)


def _of_classes(column: Any) -> Callable[[Viewer], ColumnElement[bool]]:
    return lambda viewer: column.in_(select(TrainingClassRow.id).where(_classes(viewer)))


_class_sessions = _of_classes(ClassSessionRow.class_id)


def _of_class_sessions(column: Any) -> Callable[[Viewer], ColumnElement[bool]]:
    return lambda viewer: column.in_(select(ClassSessionRow.id).where(_class_sessions(viewer)))


def _acceptance_samples(viewer: Viewer) -> ColumnElement[bool]:
    return AcceptanceSampleRow.room_id.in_(select(RoomRow.id).where(_rooms(viewer)))


def _recording_policies(viewer: Viewer) -> ColumnElement[bool]:
    return RecordingPolicyRow.room_id.in_(select(RoomRow.id).where(_rooms(viewer)))


_flags = _in_institutions(FlagRow.institution_id)


def _flag_verdicts(viewer: Viewer) -> ColumnElement[bool]:
    return FlagVerdictRow.flag_id.in_(select(FlagRow.id).where(_flags(viewer)))


def _accounts(viewer: Viewer) -> ColumnElement[bool]:
    of_institutions = _in_institutions(AccountRow.institution_id)(viewer)
    if viewer.region_path is None:
        return of_institutions
    return or_(of_institutions, AccountRow.region_id.in_(select(RegionRow.id).where(_regions(viewer))))


def _audit_events(viewer: Viewer) -> ColumnElement[bool]:
    """Events of visible institutions, and those of no institution by visible accounts. The root sees all events."""
    if viewer.sees_everything:
        return true()
    by_visible = AuditEventRow.account_id.in_(select(AccountRow.id).where(_accounts(viewer)))
    return or_(
        _in_institutions(AuditEventRow.institution_id)(viewer), and_(AuditEventRow.institution_id.is_(None), by_visible)
    )


def _rules(viewer: Viewer) -> ColumnElement[bool]:
    """Rules of visible cameras, and the default rules, which everybody sees."""
    return or_(RetentionRuleRow.camera_id.is_(None), _of_cameras(RetentionRuleRow.camera_id)(viewer))


def _brakes(viewer: Viewer) -> ColumnElement[bool]:
    """Brakes of visible cameras; a brake of all cameras only for viewers who see everything."""
    return true() if viewer.sees_everything else _of_cameras(BrakeRow.camera_id)(viewer)


SCOPES: Mapping[type[Base], Callable[[Viewer], ColumnElement[bool]]] = {
    RegionRow: _regions,
    InstitutionRow: _institutions,
    RoomRow: _rooms,
    RecordingPolicyRow: _recording_policies,
    CameraRow: _cameras,
    RunRow: _of_cameras(RunRow.camera_id),
    SegmentRow: _of_cameras(SegmentRow.camera_id),
    SampleRow: _of_cameras(SampleRow.camera_id),
    CountSkipRow: _of_cameras(CountSkipRow.camera_id),
    TrainingClassRow: _classes,
    ClassSessionRow: _class_sessions,
    TraineeRow: _in_institutions(TraineeRow.institution_id),
    EnrolmentRow: _of_classes(EnrolmentRow.class_id),
    SignEventRow: _of_class_sessions(SignEventRow.class_session_id),
    LeaveRow: _of_class_sessions(LeaveRow.class_session_id),
    AcceptanceSampleRow: _acceptance_samples,
    AttendanceRecordRow: _of_class_sessions(AttendanceRecordRow.class_session_id),
    FlagRow: _flags,
    FlagVerdictRow: _flag_verdicts,
    RetentionRuleRow: _rules,
    HoldRow: _in_institutions(HoldRow.institution_id),
    DeletionRow: _of_cameras(DeletionRow.camera_id),
    BrakeRow: _brakes,
    DecisionRow: _of_classes(DecisionRow.class_id),
    AccountRow: _accounts,
    AuditEventRow: _audit_events,
}


def visible(viewer: Viewer, entity: type[Entity]) -> Select[Entity]:
    """A SELECT of the rows of `entity` in the viewer's scope, to be narrowed further. KeyError if it has no scope."""
    return select(entity).where(SCOPES[entity](viewer))


def find(db: DbSession, viewer: Viewer, entity: type[Entity], row_id: str) -> Entity | None:
    """The row, or None, both for rows that do not exist and for rows outside of the viewer's scope."""
    key: Any = entity.__table__.c["id"]
    return db.scalars(visible(viewer, entity).where(key == row_id)).one_or_none()


def load(db: DbSession, viewer: Viewer, entity: type[Entity], row_id: str) -> Entity:
    """The row, or NotFound, both for rows that do not exist and for rows outside of the viewer's scope."""
    row = find(db, viewer, entity, row_id)
    if row is None:
        raise NotFound(code=f"{entity.__tablename__}_not_found")
    return row


def named(db: DbSession, viewer: Viewer, entity: type[Entity], row_id: str, field: str) -> Entity:
    """The row that a field of a request names; Invalid, with that field, if there is none in scope."""
    try:
        return load(db, viewer, entity, row_id)
    except NotFound as error:
        raise Invalid(field, "not_found", f"there is no such {entity.__tablename__}") from error
