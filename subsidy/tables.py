"""The table of subsidy decisions: versions per trainee and class.

Here: columns and constraints. Not here: reading and writing rows (decision_store.py), rules (rules.py).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import shike.attendance.tables.training  # noqa: F401  foreign keys name its tables
from shike.attendance.tables.base import Base, id_column


class DecisionRow(Base):
    """One version of a subsidy decision (补贴判定). `amount_fen`: whole fen, null if there is no amount."""

    __tablename__ = "decision"
    __table_args__ = (
        CheckConstraint("verdict IN ('eligible', 'not_eligible', 'review', 'referred')", name="verdict"),
        UniqueConstraint("class_id", "trainee_id", "version"),
    )

    id: Mapped[str] = id_column()
    class_id: Mapped[str] = mapped_column(String(36), ForeignKey("training_class.id"))
    trainee_id: Mapped[str] = mapped_column(String(36), ForeignKey("trainee.id"), index=True)
    rule: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    verdict: Mapped[str] = mapped_column(String(20))
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    inputs_digest: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
