"""Makes a class that begins in some years, with one session, one trainee and a leave of the trainee."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session as DbSession

from shike.attendance.tables.training import (
    ClassSessionRow,
    EnrolmentRow,
    LeaveRow,
    TraineeRow,
    TrainingClassRow,
)
from shike.capture.ids import new_id

START = datetime(2030, 1, 7, 1, 0, tzinfo=UTC)  # 09:00 in Beijing


@dataclass(frozen=True)
class Planned:
    """Ids of what `plan` made."""

    class_id: str
    class_session_id: str
    trainee_id: str
    enrolment_id: str
    leave_id: str


def plan(db: DbSession, institution_id: str, room_id: str, moment: datetime) -> Planned:
    """Adds the rows to the database."""
    ids = Planned(new_id(), new_id(), new_id(), new_id(), new_id())
    db.add_all(
        [
            TrainingClassRow(
                id=ids.class_id,
                institution_id=institution_id,
                number="2030-01",
                name="Cooks",
                project_type="upgrade",
                occupation="中式烹调师",
                level="中级工",
                starts_on="2030-01-07",
                ends_on="2030-01-11",
                planned_lesson_hours=40,
                funding_year=2030,
                created_at=moment,
            ),
            TraineeRow(
                id=ids.trainee_id,
                institution_id=institution_id,
                name="Somebody",
                id_number_sealed=b"sealed",
                id_number_hash=f"hash at {institution_id}",
                id_number_masked="341124********2047",
                phone="13800001234",
                created_at=moment,
            ),
        ]
    )
    db.flush()
    db.add_all(
        [
            ClassSessionRow(
                id=ids.class_session_id,
                class_id=ids.class_id,
                room_id=room_id,
                sequence=1,
                starts_at=START,
                ends_at=START + timedelta(hours=3),
                created_at=moment,
            ),
            EnrolmentRow(
                id=ids.enrolment_id,
                class_id=ids.class_id,
                trainee_id=ids.trainee_id,
                joined_on="2030-01-07",
                created_at=moment,
            ),
        ]
    )
    db.flush()
    db.add(
        LeaveRow(
            id=ids.leave_id,
            class_session_id=ids.class_session_id,
            trainee_id=ids.trainee_id,
            reason="ill",
            approved_by="Head",
            created_at=moment,
        )
    )
    return ids
