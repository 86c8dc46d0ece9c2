"""Tables of the registry: regions, institutions, rooms, cameras, and which recorder may write a camera.

Here: columns, constraints and indexes. Not here: accounts and the audit trail (shike.api).
"""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from shike.attendance.tables.base import Base, id_column


class RegionRow(Base):
    """A node of the tree province → city → county. `path` is "/id/id/": a subtree is all rows with that prefix."""

    __tablename__ = "region"

    id: Mapped[str] = id_column()
    parent_id: Mapped[str | None] = mapped_column(String(36), ForeignKey("region.id"))
    name: Mapped[str] = mapped_column(String(200))
    level: Mapped[str] = mapped_column(String(20))
    path: Mapped[str] = mapped_column(String(400), unique=True)


class InstitutionRow(Base):
    """A training institution. `uscc` is its unified social credit code (GB 32100), checked on entry."""

    __tablename__ = "institution"

    id: Mapped[str] = id_column()
    region_id: Mapped[str] = mapped_column(String(36), ForeignKey("region.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    uscc: Mapped[str | None] = mapped_column(String(18), unique=True)
    kind: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]


class RoomRow(Base):
    """A classroom or training ground of an institution. `no_camera_reason`: why it has no camera."""

    __tablename__ = "room"

    id: Mapped[str] = id_column()
    institution_id: Mapped[str] = mapped_column(String(36), ForeignKey("institution.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    seats: Mapped[int | None]
    privacy_notice_posted: Mapped[bool] = mapped_column(default=False)
    no_camera_reason: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime]


class CameraRow(Base):
    """How to reach a camera, and what it shows. `version` rises with every change; recorders compare it.

    `importance`: 1 to 3. When space is short, recording of the least important cameras (1) stops first.
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


class LeaseRow(Base):
    """Which recorder may write a camera until when. `epoch` rises when another recorder takes over."""

    __tablename__ = "lease"

    camera_id: Mapped[str] = mapped_column(String(36), ForeignKey("camera.id", ondelete="CASCADE"), primary_key=True)
    node: Mapped[str] = mapped_column(String(100))
    epoch: Mapped[int]
    until: Mapped[datetime]
