"""Tables of accounts and login sessions. Not here: queries (login.py, accounts/administration.py)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

import shike.attendance.tables.registry  # noqa: F401  foreign keys name its tables
from shike.attendance.tables.base import Base, id_column


class AccountRow(Base):
    """An account that may log in. Its scope is either `region_id` (with all regions below it) or `institution_id`."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("(region_id IS NULL) <> (institution_id IS NULL)", name="one_scope"),)

    id: Mapped[str] = id_column()
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    region_id: Mapped[str | None] = mapped_column(String(36), ForeignKey("region.id"))
    institution_id: Mapped[str | None] = mapped_column(String(36), ForeignKey("institution.id"))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]


class LoginSessionRow(Base):
    """One browser that is logged in. Only the SHA-256 of its token is stored."""

    __tablename__ = "login_session"

    id: Mapped[str] = id_column()
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[str] = mapped_column(String(36), ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    last_seen_at: Mapped[datetime]
