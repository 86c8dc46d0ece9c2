"""The table of recording policies: when a room is recorded, with or without sound, since when, and who decided it.

Here: columns, constraints and indexes. Not here: what follows from a policy (recording/policy.py).
Account ids are no foreign keys: a decision outlives the account. Design: docs/design/keep.md, "When to record".
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

import shike.attendance.tables.registry  # noqa: F401  foreign keys name its tables
from shike.attendance.tables.base import Base, id_column


class RecordingPolicyRow(Base):
    """One decision about a room. It is never changed: the next one is another row, in force from its `valid_from` on.

    Margins in minutes. `g711`: what to do with sound that MP4 cannot hold. A room without a row has the default.
    """

    __tablename__ = "recording_policy"
    __table_args__ = (
        CheckConstraint("mode IN ('always', 'timetable')", name="mode"),
        CheckConstraint("g711 IN ('transcode', 'drop')", name="g711"),
        CheckConstraint("margin_before_min > 0 AND margin_after_min >= 0", name="margins"),
        Index(None, "room_id", "valid_from"),
    )

    id: Mapped[str] = id_column()
    room_id: Mapped[str] = mapped_column(String(36), ForeignKey("room.id", ondelete="CASCADE"))
    mode: Mapped[str] = mapped_column(String(10))
    margin_before_min: Mapped[int]
    margin_after_min: Mapped[int]
    audio: Mapped[bool] = mapped_column(default=False)
    g711: Mapped[str] = mapped_column(String(10), default="transcode")
    reason: Mapped[str] = mapped_column(String(500), default="")
    valid_from: Mapped[datetime]
    set_by: Mapped[str] = mapped_column(String(36))
    set_by_name: Mapped[str] = mapped_column(String(100))
    set_at: Mapped[datetime]
