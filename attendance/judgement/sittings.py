"""Which class session sits in a room at a moment, and how many people are expected there.

What it came to is gathering.py and records.py. Design: docs/design/training.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.judgement.gathering import expected_of
from shike.attendance.tables.training import ClassSessionRow, TrainingClassRow


@dataclass(frozen=True, slots=True)
class Sitting:
    """A class session that is going on. `expected`: enrolled on that day and not on leave."""

    session_id: str
    class_name: str
    teacher: str
    expected: int


def sittings_at(db: DbSession, sessions: Select[ClassSessionRow], moment: datetime) -> Mapping[str, Sitting]:
    """What sits at a moment, by room, of the sessions that a scoped query selects; cancelled ones do not sit."""
    query = (
        sessions.join(TrainingClassRow, TrainingClassRow.id == ClassSessionRow.class_id)
        .add_columns(TrainingClassRow.name)
        .where(ClassSessionRow.starts_at <= moment, ClassSessionRow.ends_at > moment)
        .where(ClassSessionRow.state != "cancelled", ClassSessionRow.room_id.is_not(None))
        .order_by(ClassSessionRow.starts_at, ClassSessionRow.id)
    )
    return {
        str(session.room_id): Sitting(
            session.id, name, session.teacher, sum(not person.on_leave for person in expected_of(db, session))
        )
        for session, name in db.execute(query)
    }
