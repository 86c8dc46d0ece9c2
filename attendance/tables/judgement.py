"""Tables of judgement: true numbers for acceptance, attendance records, flags, and verdicts on flags.

Here: columns, constraints and indexes. Not here: how the values are computed (judgement/records.py, flags.py,
acceptance.py). Account ids are no foreign keys: a verdict outlives the account. Design: docs/design/judgement.md.
"""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import shike.attendance.tables.registry
import shike.attendance.tables.training  # noqa: F401  foreign keys name its tables
from shike.attendance.tables.base import Base, id_column

FlagState = Literal["open", "confirmed", "rejected", "undecidable", "withdrawn"]


class AcceptanceSampleRow(Base):
    """The true number of people in a picture of a room, entered by a person, and the number that was counted."""

    __tablename__ = "acceptance_sample"
    __table_args__ = (UniqueConstraint("room_id", "picture_at"),)

    id: Mapped[str] = id_column()
    room_id: Mapped[str] = mapped_column(String(36), ForeignKey("room.id"))
    picture_at: Mapped[datetime]
    camera_ids: Mapped[list[str]] = mapped_column(JSON)
    counted: Mapped[int]
    true_count: Mapped[int]
    entered_by: Mapped[str] = mapped_column(String(100))
    entered_at: Mapped[datetime]


class AttendanceRecordRow(Base):
    """One version of the record of a class session; the highest is in force. A final version is never changed."""

    __tablename__ = "attendance_record"
    __table_args__ = (UniqueConstraint("class_session_id", "version"),)

    id: Mapped[str] = id_column()
    class_session_id: Mapped[str] = mapped_column(String(36), ForeignKey("class_session.id"))
    version: Mapped[int]
    inputs_digest: Mapped[str] = mapped_column(String(64))
    settings_version: Mapped[str] = mapped_column(String(100))
    final: Mapped[bool] = mapped_column(default=False)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]


class FlagRow(Base):
    """Something to look at: code, window, values, version of the rules. `moment_at`: the first moment to play."""

    __tablename__ = "flag"
    __table_args__ = (
        CheckConstraint("severity IN ('red', 'yellow', 'info')", name="severity"),
        CheckConstraint("state IN ('open', 'confirmed', 'rejected', 'undecidable', 'withdrawn')", name="state"),
        UniqueConstraint("class_session_id", "code", "window_from"),
        Index(None, "institution_id", "opened_at"),
        Index(None, "room_id", "window_from"),
        Index(None, "state", "opened_at"),
    )

    id: Mapped[str] = id_column()
    class_session_id: Mapped[str | None] = mapped_column(String(36), ForeignKey("class_session.id"))
    room_id: Mapped[str] = mapped_column(String(36), ForeignKey("room.id"))
    institution_id: Mapped[str] = mapped_column(String(36), ForeignKey("institution.id"))
    code: Mapped[str] = mapped_column(String(40))
    severity: Mapped[str] = mapped_column(String(10))
    window_from: Mapped[datetime]
    window_to: Mapped[datetime]
    moment_at: Mapped[datetime]
    camera_id: Mapped[str | None] = mapped_column(String(36), ForeignKey("camera.id"))
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
    rule_version: Mapped[str] = mapped_column(String(100))
    record_id: Mapped[str | None] = mapped_column(String(36), ForeignKey("attendance_record.id"))
    state: Mapped[str] = mapped_column(String(20), default="open")
    live: Mapped[bool] = mapped_column(default=False)
    opened_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class FlagVerdictRow(Base):
    """A person's verdict on a flag, and why. A later verdict does not remove an earlier one."""

    __tablename__ = "flag_verdict"
    __table_args__ = (CheckConstraint("verdict IN ('confirmed', 'rejected', 'undecidable')", name="verdict"),)

    id: Mapped[str] = id_column()
    flag_id: Mapped[str] = mapped_column(String(36), ForeignKey("flag.id"), index=True)
    verdict: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(String(2000))
    account_id: Mapped[str] = mapped_column(String(36))
    account_name: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]
