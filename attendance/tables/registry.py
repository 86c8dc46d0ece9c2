"""The tables of the domain: where cameras stand, what was recorded, what was counted.

Belongs here: columns, constraints and indexes, and the type that keeps time exact.
Does not belong here: queries (queries.py), accounts and the audit trail (shike.api). See docs/design/api.md.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from shike.capture.ids import new_id

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def to_us(moment: datetime) -> int:
    """Microseconds since 1970 UTC of an aware datetime, exact (no float between). ValueError if it is naive."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone is not a moment")
    return (moment - EPOCH) // MICROSECOND


def from_us(microseconds: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970 UTC."""
    return EPOCH + timedelta(microseconds=microseconds)


class UtcMicros(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as a BIGINT of microseconds: exact, ordered, and the same in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_us(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else from_us(value)


class Base(DeclarativeBase):
    """The one metadata of the product; shike.api adds its own tables to it."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[Mapping[Any, Any]] = {datetime: UtcMicros()}


def id_column() -> Mapped[str]:
    """A primary key: UUIDv7 as 36 characters, so rows of several machines merge and still sort by age."""
    return mapped_column(String(36), primary_key=True, default=new_id)


class Region(Base):
    """A node of the tree province → city → county. `path` is "/id/id/": a subtree is everything with that prefix."""

    __tablename__ = "region"

    id: Mapped[str] = id_column()
    parent_id: Mapped[str | None] = mapped_column(String(36), ForeignKey("region.id"))
    name: Mapped[str] = mapped_column(String(200))
    level: Mapped[str] = mapped_column(String(20))
    path: Mapped[str] = mapped_column(String(400), unique=True)


class Institution(Base):
    """A training institution. `uscc` is its unified social credit code (GB 32100), checked where it is entered."""

    __tablename__ = "institution"

    id: Mapped[str] = id_column()
    region_id: Mapped[str] = mapped_column(String(36), ForeignKey("region.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    uscc: Mapped[str | None] = mapped_column(String(18), unique=True)
    kind: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]


class Room(Base):
    """A classroom or training ground of an institution, with its cameras or the reason why it has none."""

    __tablename__ = "room"

    id: Mapped[str] = id_column()
    institution_id: Mapped[str] = mapped_column(String(36), ForeignKey("institution.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    seats: Mapped[int | None]
    privacy_notice_posted: Mapped[bool] = mapped_column(default=False)
    no_camera_reason: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime]


class Camera(Base):
    """How to reach a camera and what it looks at. `version` rises with every change; recorders compare it.

    `importance` 1 to 3: where space is short, recording of the least important cameras (1) stops first.
    """

    __tablename__ = "camera"

    id: Mapped[str] = id_column()
    room_id: Mapped[str] = mapped_column(String(36), ForeignKey("room.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    host: Mapped[str] = mapped_column(String(255))
    port: Mapped[int] = mapped_column(default=554)
    username: Mapped[str] = mapped_column(String(200), default="")
    password_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    main_path: Mapped[str] = mapped_column(String(1000))
    sub_path: Mapped[str | None] = mapped_column(String(1000))
    simulated: Mapped[bool] = mapped_column(default=False)
    enabled: Mapped[bool] = mapped_column(default=True)
    view: Mapped[str | None] = mapped_column(String(40))
    importance: Mapped[int] = mapped_column(default=2)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Lease(Base):
    """Which recorder may write a camera until when. `epoch` rises when another recorder takes over."""

    __tablename__ = "lease"

    camera_id: Mapped[str] = mapped_column(String(36), ForeignKey("camera.id", ondelete="CASCADE"), primary_key=True)
    node: Mapped[str] = mapped_column(String(100))
    epoch: Mapped[int]
    until: Mapped[datetime]


class Run(Base):
    """Recording without interruption: one init section, one media clock, one writer; and why it ended."""

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


class Segment(Base):
    """One closed file of about a minute: where it lies, what time it covers, and its fragment table (compact bytes).

    `digest` is that of the whole file, `link` that of its row in the camera's chain; both name their algorithm.
    `state`: closed, or deleting once a rule has decided that it goes; readers leave that out.
    """

    __tablename__ = "segment"
    __table_args__ = (
        CheckConstraint("stream IN ('main', 'sub')", name="stream"),
        # Times, sizes and states are in the index: retention adds up millions of rows without touching one.
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


class Sample(Base):
    """People seen in one picture: an interval, never a bare number, with boxes kept so that it can be judged again.

    `boxes` is [[x0, y0, x1, y1, score], ...] in 0..1 of the picture, scores from 0.1 up. `took_ms` is detection time.
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


class CountSkip(Base):
    """A stretch of footage that was not counted, and why."""

    __tablename__ = "count_skip"
    __table_args__ = (Index(None, "camera_id", "from_at"),)

    id: Mapped[str] = id_column()
    camera_id: Mapped[str] = mapped_column(String(36), ForeignKey("camera.id"))
    from_at: Mapped[datetime]
    to_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(40))
