"""Tables of counting: counted pictures, and footage that was not counted. Design: docs/design/counting.md."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import shike.attendance.tables.registry  # noqa: F401  foreign keys name its tables
from shike.attendance.tables.base import Base, id_column


class SampleRow(Base):
    """People seen in one picture: count and interval, with the boxes, so that the count can be repeated.

    `boxes`: [[x0, y0, x1, y1, score], ...] in 0..1 of the picture, scores of 0.1 and more. `took_ms`: detection time.
    """

    __tablename__ = "sample"
    __table_args__ = (
        CheckConstraint("stream IN ('main', 'sub')", name="stream"),
        UniqueConstraint("camera_id", "stream", "picture_at", "model_digest"),
        Index(None, "camera_id", "picture_at"),
        Index(None, "created_at"),
    )

    id: Mapped[str] = id_column()
    camera_id: Mapped[str] = mapped_column(String(36), ForeignKey("camera.id"))
    stream: Mapped[str] = mapped_column(String(4))
    run_id: Mapped[str] = mapped_column(String(36))  # no foreign key: a count may be written before its run is indexed
    picture_at: Mapped[datetime]
    count: Mapped[int | None]
    low: Mapped[int | None]
    high: Mapped[int | None]
    valid: Mapped[bool] = mapped_column(default=True)
    invalid_reason: Mapped[str | None] = mapped_column(String(40))
    boxes: Mapped[list[list[float]]] = mapped_column(JSON)
    model: Mapped[str] = mapped_column(String(100))
    model_digest: Mapped[str] = mapped_column(String(64))
    threshold: Mapped[float]
    node: Mapped[str] = mapped_column(String(100))
    simulated: Mapped[bool] = mapped_column(default=False)
    origin: Mapped[str] = mapped_column(String(10), default="live")
    created_at: Mapped[datetime]
    took_ms: Mapped[int] = mapped_column(Integer, default=0)


class CountSkipRow(Base):
    """A range of footage that was not counted, and why."""

    __tablename__ = "count_skip"
    __table_args__ = (Index(None, "camera_id", "from_at"),)

    id: Mapped[str] = id_column()
    camera_id: Mapped[str] = mapped_column(String(36), ForeignKey("camera.id"))
    from_at: Mapped[datetime]
    to_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(40))
