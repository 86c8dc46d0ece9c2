"""Accounts and their login sessions as tables. Queries are in accounts.py and login.py beside it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from shike.attendance.tables.base import Base, id_column


class AccountRow(Base):
    """Someone who may log in. Exactly one of `region_id` (a subtree) and `institution_id` is their scope."""

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
    """One browser that is logged in. Only the SHA-256 of its token is kept."""

    __tablename__ = "login_session"

    id: Mapped[str] = id_column()
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[str] = mapped_column(String(36), ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    last_seen_at: Mapped[datetime]
