"""Tables of training: classes, class sessions, trainees, enrolments, sign-ins and leave.

Here: columns, constraints and indexes. Not here: rooms and cameras (registry.py), judgements (judgement.py).
Days are ISO 8601 strings of the Beijing calendar; moments are microseconds UTC. Design: docs/design/training.md.
"""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import shike.attendance.tables.registry  # noqa: F401  foreign keys name its tables
from shike.attendance.tables.base import Base, id_column


class TrainingClassRow(Base):
    """A class (培训班) of an institution: one project, one occupation, one level at most.

    `planned_lesson_hours` counts lessons of 45 minutes; `county_review_ref` names the county's review (S25).
    """

    __tablename__ = "training_class"
    __table_args__ = (
        CheckConstraint("project_type IN ('new_hire', 'upgrade')", name="project_type"),
        UniqueConstraint("institution_id", "number"),
    )

    id: Mapped[str] = id_column()
    institution_id: Mapped[str] = mapped_column(String(36), ForeignKey("institution.id"))
    number: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(200))
    project_type: Mapped[str] = mapped_column(String(20))
    occupation: Mapped[str] = mapped_column(String(100))
    level: Mapped[str | None] = mapped_column(String(20))
    starts_on: Mapped[str] = mapped_column(String(10))
    ends_on: Mapped[str] = mapped_column(String(10))
    planned_lesson_hours: Mapped[int]
    funding_year: Mapped[int]
    county_review_ref: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(20), default="training")
    created_at: Mapped[datetime]


class ClassSessionRow(Base):
    """One sitting of a class (课次). `breaks` is [[from, to], ...] as RFC 3339 in UTC, in order, within the plan.

    Without a room it takes place where there is no camera, and nothing can be counted.
    """

    __tablename__ = "class_session"
    __table_args__ = (
        CheckConstraint("kind IN ('theory', 'practice', 'makeup')", name="kind"),
        CheckConstraint("state IN ('planned', 'running', 'ended', 'final', 'cancelled')", name="state"),
        CheckConstraint("starts_at < ends_at", name="order"),
        UniqueConstraint("class_id", "sequence"),
        Index(None, "room_id", "starts_at"),
        Index(None, "starts_at"),
    )

    id: Mapped[str] = id_column()
    class_id: Mapped[str] = mapped_column(String(36), ForeignKey("training_class.id"))
    room_id: Mapped[str | None] = mapped_column(String(36), ForeignKey("room.id"))
    sequence: Mapped[int]
    teacher: Mapped[str] = mapped_column(String(100), default="")
    kind: Mapped[str] = mapped_column(String(20), default="theory")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    breaks: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    state: Mapped[str] = mapped_column(String(20), default="planned")
    created_at: Mapped[datetime]


class TraineeRow(Base):
    """A person whom an institution trains. The ID number is encrypted; it is matched by a keyed hash and shown masked.

    `id_number_hash`: HMAC-SHA256 under the installation's own key, hex. Without the key nobody can try all numbers.
    """

    __tablename__ = "trainee"
    __table_args__ = (UniqueConstraint("institution_id", "id_number_hash"),)

    id: Mapped[str] = id_column()
    institution_id: Mapped[str] = mapped_column(String(36), ForeignKey("institution.id"))
    name: Mapped[str] = mapped_column(String(100))
    id_number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    id_number_hash: Mapped[str] = mapped_column(String(64), index=True)
    id_number_masked: Mapped[str] = mapped_column(String(18))
    phone: Mapped[str | None] = mapped_column(String(20))
    category: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime]


class EnrolmentRow(Base):
    """A trainee in a class. `employer`: where the trainee really works; `agency`: who dispatches them there (S10)."""

    __tablename__ = "enrolment"
    __table_args__ = (
        CheckConstraint("result IN ('passed', 'failed')", name="result"),
        CheckConstraint("state IN ('enrolled', 'left')", name="state"),
        UniqueConstraint("class_id", "trainee_id"),
    )

    id: Mapped[str] = id_column()
    class_id: Mapped[str] = mapped_column(String(36), ForeignKey("training_class.id"))
    trainee_id: Mapped[str] = mapped_column(String(36), ForeignKey("trainee.id"), index=True)
    employer: Mapped[str | None] = mapped_column(String(200))
    agency: Mapped[str | None] = mapped_column(String(200))
    hire_date: Mapped[str | None] = mapped_column(String(10))
    joined_on: Mapped[str] = mapped_column(String(10))
    left_on: Mapped[str | None] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(20), default="enrolled")
    result: Mapped[str | None] = mapped_column(String(10))
    certificate_level: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime]


class SignEventRow(Base):
    """A trainee signed in or out. It is never changed: a correction is another event, and `corrects_id` names this one.

    `at`: when it happened, by its source. `received_at`: when the service received it.
    """

    __tablename__ = "sign_event"
    __table_args__ = (
        CheckConstraint("kind IN ('in', 'out')", name="kind"),
        CheckConstraint("method IN ('file', 'hand', 'qr', 'card', 'device')", name="method"),
        UniqueConstraint("class_session_id", "trainee_id", "kind", "at", "method"),
        Index(None, "received_at"),
    )

    id: Mapped[str] = id_column()
    class_session_id: Mapped[str] = mapped_column(String(36), ForeignKey("class_session.id"))
    trainee_id: Mapped[str] = mapped_column(String(36), ForeignKey("trainee.id"), index=True)
    kind: Mapped[str] = mapped_column(String(3))
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    method: Mapped[str] = mapped_column(String(10))
    device: Mapped[str | None] = mapped_column(String(100))
    place: Mapped[str | None] = mapped_column(String(200))
    operator: Mapped[str | None] = mapped_column(String(100))
    reason: Mapped[str | None] = mapped_column(String(500))
    corrects_id: Mapped[str | None] = mapped_column(String(36), ForeignKey("sign_event.id"))


class LeaveRow(Base):
    """An approved absence (请假) of one trainee from one class session."""

    __tablename__ = "leave"
    __table_args__ = (UniqueConstraint("class_session_id", "trainee_id"),)

    id: Mapped[str] = id_column()
    class_session_id: Mapped[str] = mapped_column(String(36), ForeignKey("class_session.id"))
    trainee_id: Mapped[str] = mapped_column(String(36), ForeignKey("trainee.id"), index=True)
    reason: Mapped[str] = mapped_column(String(500))
    approved_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]
