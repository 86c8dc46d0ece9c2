"""Makes a class that has ended, in the first institution: five sessions of four lessons, four trainees, one flag.

The product's own function makes the records from sign-ins, so decisions of a test rest on real records.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shike.api.moment import now
from shike.attendance.judgement.findings import findings_of
from shike.attendance.judgement.flag_facts import BeginLimits, LateStartFacts, LateStartValues, stored_facts
from shike.attendance.judgement.inputs import Person, SessionInputs, Sign
from shike.attendance.judgement.records import make_record
from shike.attendance.judgement.thresholds import edition_in_force
from shike.attendance.tables.judgement import AttendanceRecordRow, FlagRow
from shike.attendance.tables.training import (
    ClassSessionRow,
    EnrolmentRow,
    LeaveRow,
    TraineeRow,
    TrainingClassRow,
)
from shike.capture.ids import new_id
from shike.capture.moment import rfc3339, to_us

from .service import Service, World

FIRST = datetime(2026, 10, 12, 1, 0, tzinfo=UTC)  # 09:00 in Beijing
LENGTH = timedelta(hours=3)  # four lessons of 45 minutes
EMPLOYER = "全椒县襄河大酒店有限公司"


@dataclass(frozen=True)
class Taught:
    """Ids of the rows. Trainees by name: 李秀兰 came always, 王强 all but once, 赵敏 once; 陈静 pays for herself."""

    service: Service
    class_id: str
    sessions: tuple[str, ...]
    trainees: dict[str, str]
    flag: str

    @classmethod
    def of(cls, service: Service, world: World, *, number: str = "2026-07", level: str = "中级工") -> "Taught":
        class_id = add_class(service, world, number=number, level=level)
        sessions = tuple(add_session(service, world, class_id, each) for each in range(1, 6))
        school = world.institutions[0]
        trainees = {name: add_trainee(service, school, class_id, name) for name in ("李秀兰", "王强", "赵敏")}
        trainees["陈静"] = add_trainee(service, school, class_id, "陈静", self_paid=True)
        # 王强 was on leave from the session that is flagged.
        moment = now(service.clock)
        service.add(
            LeaveRow(
                class_session_id=sessions[-1],
                trainee_id=trainees["王强"],
                reason="病假",
                approved_by="周老师",
                created_at=moment,
            )
        )
        always = {trainees["李秀兰"], trainees["陈静"]}
        add_record(service, sessions[0], trainees, always | {trainees["王强"], trainees["赵敏"]})
        for session_id in sessions[1:-1]:
            add_record(service, session_id, trainees, always | {trainees["王强"]})
        add_record(service, sessions[-1], trainees, always, on_leave=trainees["王强"])
        return cls(service, class_id, sessions, trainees, add_flag(service, world, sessions[-1]))

    def path(self, name: str | None = None) -> str:
        return f"/api/classes/{self.class_id}/decisions" + (f"/{self.trainees[name]}" if name else "")


def add_class(service: Service, world: World, *, number: str, level: str, starts_on: str = "2026-10-12") -> str:
    class_id = new_id()
    service.add(
        TrainingClassRow(
            id=class_id,
            institution_id=world.institutions[0],
            number=number,
            name="中式烹调师",
            project_type="upgrade",
            occupation="中式烹调师",
            level=level,
            starts_on=starts_on,
            ends_on="2026-10-16",
            planned_lesson_hours=20,
            funding_year=2026,
            created_at=now(service.clock),
        )
    )
    return class_id


def add_session(service: Service, world: World, class_id: str, sequence: int) -> str:
    session_id, start = new_id(), FIRST + timedelta(days=sequence - 1)
    service.add(
        ClassSessionRow(
            id=session_id,
            class_id=class_id,
            room_id=world.rooms[0],
            sequence=sequence,
            starts_at=start,
            ends_at=start + LENGTH,
            state="final",
            created_at=now(service.clock),
        )
    )
    return session_id


def add_trainee(
    service: Service,
    institution_id: str,
    class_id: str,
    name: str,
    *,
    id_number_hash: str | None = None,
    self_paid: bool = False,
) -> str:
    trainee_id, moment = new_id(), now(service.clock)
    service.add(
        TraineeRow(
            id=trainee_id,
            institution_id=institution_id,
            name=name,
            id_number_sealed=b"sealed",
            id_number_hash=id_number_hash or f"hash of {name}",
            id_number_masked="341124********2047",
            category="个人自费" if self_paid else None,
            created_at=moment,
        )
    )
    employer = None if self_paid else EMPLOYER
    enrolment = EnrolmentRow(class_id=class_id, trainee_id=trainee_id, employer=employer, joined_on="2026-10-12")
    enrolment.result, enrolment.created_at = "passed", moment
    service.add(enrolment)
    return trainee_id


def add_record(
    service: Service,
    session_id: str,
    trainees: dict[str, str],
    came: set[str],
    on_leave: str | None = None,
    version: int = 1,
    **body: Any,
) -> None:
    with service.database.reading() as db:
        session = db.get_one(ClassSessionRow, session_id)
    start, end = to_us(session.starts_at), to_us(session.ends_at)
    signs = [Sign(at, each, kind) for each in came for at, kind in ((start, "in"), (end, "out"))]  # type: ignore[arg-type]
    inputs = SessionInputs(
        session_id=session_id,
        start_us=start,
        end_us=end,
        expected=tuple(Person(each, each == on_leave) for each in trainees.values()),
        signs=tuple(signs),
    )
    record = make_record(findings_of(inputs, edition_in_force(FIRST.date())))
    service.add(
        AttendanceRecordRow(
            class_session_id=session_id,
            version=version,
            inputs_digest=record.inputs_digest,
            settings_version=record.settings_version,
            final=True,
            body=record.body() | body,
            created_at=now(service.clock),
        )
    )


def add_flag(service: Service, world: World, session_id: str) -> str:
    flag_id, start, moment = new_id(), FIRST + timedelta(days=4), now(service.clock)
    values = LateStartValues(planned_at=rfc3339(start), begun_at=None, late_min=16, count=None, signed_in=None)
    facts = LateStartFacts("LATE_START", values, BeginLimits(share=0.5, stretch_min=5, margin_min=15))
    service.add(
        FlagRow(
            id=flag_id,
            class_session_id=session_id,
            room_id=world.rooms[0],
            institution_id=world.institutions[0],
            code=facts.code,
            severity="yellow",
            window_from=start,
            window_to=start + timedelta(minutes=16),
            moment_at=start,
            values=stored_facts(facts),
            rule_version="1",
            opened_at=moment,
            updated_at=moment,
        )
    )
    return flag_id
