"""Tables of retention: how long footage is kept, holds, deletions, and clean-ups that were stopped.

Here: columns, constraints and indexes. Not here: what follows from them (retention/rules.py, retention/holds.py).
Account ids are no foreign keys, nor are the cameras of holds and deletions: these rows outlive accounts and cameras.
Design: docs/design/retention.md.
"""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import shike.attendance.tables.registry  # noqa: F401  foreign keys name its tables
from shike.attendance.tables.base import Base, id_column


class RetentionRuleRow(Base):
    """How long footage of a camera's stream is kept; without a camera, of every camera that has no rule of its own.

    It is never changed: the next rule is another row, in force from its `valid_from` on. `days` and `max_bytes` limit
    one stream of one camera; null: no limit. `follows_default`: the camera's own rule ends here.
    """

    __tablename__ = "retention_rule"
    __table_args__ = (
        CheckConstraint("stream IN ('main', 'sub')", name="stream"),
        CheckConstraint("days IS NULL OR days > 0", name="days"),
        CheckConstraint("max_bytes IS NULL OR max_bytes > 0", name="max_bytes"),
        Index(None, "camera_id", "stream", "valid_from"),
    )

    id: Mapped[str] = id_column()
    camera_id: Mapped[str | None] = mapped_column(String(36), ForeignKey("camera.id", ondelete="CASCADE"))
    stream: Mapped[str] = mapped_column(String(4))
    days: Mapped[int | None]
    max_bytes: Mapped[int | None] = mapped_column(BigInteger)
    follows_default: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(String(500))
    valid_from: Mapped[datetime]
    set_by: Mapped[str] = mapped_column(String(36))
    set_by_name: Mapped[str] = mapped_column(String(100))
    set_at: Mapped[datetime]


class HoldRow(Base):
    """A range of footage that no rule deletes until somebody releases it. The row is never removed.

    `camera_ids`: the cameras of the room when the hold was placed. The footage of a camera that is moved to another
    room stays held.
    """

    __tablename__ = "hold"
    __table_args__ = (
        CheckConstraint("from_at < to_at", name="order"),
        Index(None, "institution_id", "placed_at"),
        Index(None, "released_at"),
    )

    id: Mapped[str] = id_column()
    institution_id: Mapped[str] = mapped_column(String(36), ForeignKey("institution.id"))
    room_id: Mapped[str] = mapped_column(String(36))
    camera_id: Mapped[str | None] = mapped_column(String(36))
    camera_ids: Mapped[list[str]] = mapped_column(JSON)
    from_at: Mapped[datetime]
    to_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(500))
    placed_by: Mapped[str] = mapped_column(String(36))
    placed_by_name: Mapped[str] = mapped_column(String(100))
    placed_at: Mapped[datetime]
    released_by: Mapped[str | None] = mapped_column(String(36))
    released_by_name: Mapped[str | None] = mapped_column(String(100))
    released_at: Mapped[datetime | None]
    release_reason: Mapped[str | None] = mapped_column(String(500))


class DeletionRow(Base):
    """A segment that a rule will delete (planned) or has deleted (done). The row is kept for ever.

    After some weeks neighbours of one run become one row: `segments` is their number; `segment_id` and the other
    columns of a single file are null. The camera's chain still names each file. `missing`: the file was gone before its
    deletion.
    """

    __tablename__ = "deletion"
    __table_args__ = (
        CheckConstraint("stream IN ('main', 'sub')", name="stream"),
        CheckConstraint("rule IN ('age', 'bytes', 'floor')", name="rule"),
        CheckConstraint("state IN ('planned', 'done')", name="state"),
        UniqueConstraint("segment_id"),
        Index(None, "camera_id", "stream", "wall_start"),
        Index(None, "state", "planned_at"),
        Index(None, "file_deleted_at"),
    )

    id: Mapped[str] = id_column()
    segment_id: Mapped[str | None] = mapped_column(String(36))
    segments: Mapped[int] = mapped_column(default=1)
    camera_id: Mapped[str] = mapped_column(String(36))
    stream: Mapped[str] = mapped_column(String(4))
    run_id: Mapped[str] = mapped_column(String(36))
    object_key: Mapped[str | None] = mapped_column(String(400))
    wall_start: Mapped[datetime]
    wall_end: Mapped[datetime]
    size: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str | None] = mapped_column(String(140))
    rule: Mapped[str] = mapped_column(String(10))
    rule_id: Mapped[str | None] = mapped_column(String(36))
    planned_at: Mapped[datetime]
    file_deleted_at: Mapped[datetime | None]
    missing: Mapped[bool] = mapped_column(default=False)
    link_number: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(10), default="planned")


class BrakeRow(Base):
    """A clean-up that would have deleted more than half and waits for confirmation; without a camera, of all cameras.

    `until`: the confirmation covers footage that ended by then.
    """

    __tablename__ = "brake"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'confirmed', 'over')", name="state"),
        CheckConstraint("rule IN ('rules', 'floor')", name="rule"),
        Index(None, "state", "raised_at"),
    )

    id: Mapped[str] = id_column()
    camera_id: Mapped[str | None] = mapped_column(String(36))
    stream: Mapped[str | None] = mapped_column(String(4))
    rule: Mapped[str] = mapped_column(String(10))
    due_segments: Mapped[int]
    due_bytes: Mapped[int] = mapped_column(BigInteger)
    indexed_segments: Mapped[int]
    indexed_bytes: Mapped[int] = mapped_column(BigInteger)
    until: Mapped[datetime]
    raised_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    confirmed_by: Mapped[str | None] = mapped_column(String(36))
    confirmed_by_name: Mapped[str | None] = mapped_column(String(100))
    confirmed_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(500))
    over_at: Mapped[datetime | None]
