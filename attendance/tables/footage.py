"""Tables of the segment index: runs and segments. Design: docs/design/footage.md."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import shike.attendance.tables.registry  # noqa: F401  foreign keys name its tables
from shike.attendance.tables.base import Base, id_column


class RunRow(Base):
    """One uninterrupted recording: one init section, one media clock, one writer; and why it ended."""

    __tablename__ = "run"
    __table_args__ = (
        CheckConstraint("stream IN ('main', 'sub')", name="stream"),
        CheckConstraint("origin IN ('live', 'imported')", name="origin"),
        Index(None, "camera_id", "stream", "started_at"),
    )

    id: Mapped[str] = id_column()
    camera_id: Mapped[str] = mapped_column(String(36), ForeignKey("camera.id"))
    stream: Mapped[str] = mapped_column(String(4))
    node: Mapped[str] = mapped_column(String(100))
    epoch: Mapped[int] = mapped_column(default=0)
    origin: Mapped[str] = mapped_column(String(10), default="live")
    simulated: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(40))
    codec: Mapped[str] = mapped_column(String(40))
    width: Mapped[int]
    height: Mapped[int]
    timescale: Mapped[int]
    init: Mapped[bytes] = mapped_column(LargeBinary)
    init_digest: Mapped[str] = mapped_column(String(64), index=True)


class SegmentRow(Base):
    """One closed file of about a minute: its key, the time that it covers, and its fragment table (compact bytes).

    `digest`: of the whole file. `link`: of its row in the camera's chain. Both name their algorithm.
    `state`: closed, or deleting once a rule has decided to delete it; readers ignore such rows.
    """

    __tablename__ = "segment"
    __table_args__ = (
        CheckConstraint("stream IN ('main', 'sub')", name="stream"),
        # Covers times, sizes and states: retention adds up millions of rows from the index alone.
        Index(None, "camera_id", "stream", "wall_start", "wall_end", "size", "state"),
        Index(None, "created_at"),
        UniqueConstraint("run_id", "sequence"),
    )

    id: Mapped[str] = id_column()
    run_id: Mapped[str] = mapped_column(String(36), ForeignKey("run.id"))
    camera_id: Mapped[str] = mapped_column(String(36), ForeignKey("camera.id"))
    stream: Mapped[str] = mapped_column(String(4))
    sequence: Mapped[int]
    object_key: Mapped[str] = mapped_column(String(400), unique=True)
    wall_start: Mapped[datetime]
    wall_end: Mapped[datetime]
    size: Mapped[int] = mapped_column(BigInteger)
    head_size: Mapped[int]
    fragments: Mapped[bytes] = mapped_column(LargeBinary)
    clock_offset_ms: Mapped[int | None] = mapped_column(BigInteger)
    dropped: Mapped[int] = mapped_column(default=0)
    digest: Mapped[str | None] = mapped_column(String(140))
    link_number: Mapped[int | None]
    link: Mapped[str | None] = mapped_column(String(140))
    state: Mapped[str] = mapped_column(String(20), default="closed")
    created_at: Mapped[datetime]
