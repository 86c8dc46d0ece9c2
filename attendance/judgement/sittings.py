"""The class session that is going on in each room at a moment, for the live wall: class, teacher, expected people.

Not here: judging it (gathering.py, records.py). Design: docs/design/training.md.
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
    """A class session that is going on. `expected`: people enrolled on that day and not on leave."""

    session_id: str
    class_name: str
    teacher: str
    expected: int


def sittings_at(db: DbSession, sessions: Select[ClassSessionRow], moment: datetime) -> Mapping[str, Sitting]:
    """Of the sessions that the query selects, those that go on at the moment, by room id. Not cancelled ones.

    `sessions` is already limited to what the viewer may see.
    """
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
