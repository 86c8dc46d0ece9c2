"""The audit trail: its table and how lines are written. Not here: the route that reads it (audit_events.py).

A line is written in the transaction of the change that it records, or in one of its own if nothing else is written.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm import Session as DbSession

from shike.api.auth.tables import AccountRow
from shike.api.auth.viewer import Caller
from shike.api.moment import now
from shike.attendance.tables.base import Base, id_column
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RoomRow
from shike.attendance.tables.training import ClassSessionRow, TrainingClassRow
from shike.capture.clock import Clock

Action = Literal[
    "login",
    "login_failed",
    "logout",
    "live_opened",
    "live_closed",
    "playback",
    "export",
    "registry_changed",
    "account_changed",
    "setup",
    "import",
    "verdict",
    "acceptance",
    "decision",
    "retention_changed",
    "hold_placed",
    "hold_released",
    "cleanup_confirmed",
    "footage_given_up",
]


class AuditEventRow(Base):
    """Who did what, when, from which address. No foreign keys: a line stays when the row that it names is deleted."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index(None, "at"),
        Index(None, "account_id", "at"),
        Index(None, "camera_id", "at"),
        Index(None, "institution_id", "at"),
    )

    id: Mapped[str] = id_column()
    at: Mapped[datetime]
    account_id: Mapped[str | None] = mapped_column(String(36))
    account_name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str | None] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(40))
    institution_id: Mapped[str | None] = mapped_column(String(36))
    room_id: Mapped[str | None] = mapped_column(String(36))
    camera_id: Mapped[str | None] = mapped_column(String(36))
    target: Mapped[str | None] = mapped_column(String(300))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    ip: Mapped[str | None] = mapped_column(String(64))


@dataclass(frozen=True)
class AuditSubject:
    """What a line is about. `institution_id` decides who may read it; `target` is the name at the time of writing."""

    target: str | None = None
    institution_id: str | None = None
    room_id: str | None = None
    camera_id: str | None = None


NOWHERE = AuditSubject()


def place_of(
    db: DbSession, row: InstitutionRow | RoomRow | CameraRow | TrainingClassRow | ClassSessionRow
) -> AuditSubject:
    """The subject of a line about one of these rows: its name, institution, room and camera."""
    if isinstance(row, InstitutionRow):
        return AuditSubject(row.name, row.id)
    if isinstance(row, RoomRow):
        return AuditSubject(row.name, row.institution_id, row.id)
    if isinstance(row, TrainingClassRow):
        return AuditSubject(f"{row.number} {row.name}", row.institution_id)
    if isinstance(row, ClassSessionRow):
        of_class = db.get_one(TrainingClassRow, row.class_id)
        return AuditSubject(f"{of_class.number} {of_class.name} · {row.sequence}", of_class.institution_id, row.room_id)
    room = db.get_one(RoomRow, row.room_id)
    return AuditSubject(f"{room.name} · {row.name}", room.institution_id, room.id, row.id)


def write(
    db: DbSession, clock: Clock, caller: Caller, action: Action, place: AuditSubject = NOWHERE, **detail: Any
) -> None:
    """Adds a line by a caller who is logged in. `detail` must be JSON and must not contain secrets."""
    db.add(
        AuditEventRow(
            at=now(clock),
            account_id=caller.viewer.account_id,
            account_name=caller.viewer.name,
            role=caller.viewer.role,
            action=action,
            institution_id=place.institution_id,
            room_id=place.room_id,
            camera_id=place.camera_id,
            target=place.target,
            detail=detail,
            ip=caller.ip,
        )
    )


def write_console(
    db: DbSession, clock: Clock, account: AccountRow, action: Action, place: AuditSubject = NOWHERE, **detail: Any
) -> None:
    """Adds a line by a command on the server's console that names an account."""
    event = AuditEventRow(at=now(clock), account_id=account.id, account_name=account.name, role=account.role)
    event.action, event.detail, event.target = action, detail, place.target
    event.institution_id, event.room_id, event.camera_id = place.institution_id, place.room_id, place.camera_id
    db.add(event)


def write_anonymous(
    db: DbSession, clock: Clock, action: Action, *, account_id: str | None, name: str, ip: str | None, **detail: Any
) -> None:
    """Adds a line by a caller who is not logged in: a wrong password."""
    event = AuditEventRow(at=now(clock), account_id=account_id, account_name=name, action=action, detail=detail, ip=ip)
    db.add(event)
