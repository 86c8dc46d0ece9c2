"""A class session in the first room, with roster, sign-ins, footage index and counts in the database.

Only the files of the footage are lacking: judging needs the index alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from shike.api.moment import now
from shike.attendance.footage.index import Footage
from shike.attendance.judgement.evaluation import Evaluator
from shike.attendance.tables.counting import SampleRow
from shike.attendance.tables.judgement import AcceptanceSampleRow, AttendanceRecordRow, FlagRow
from shike.attendance.tables.registry import CameraRow
from shike.attendance.tables.training import (
    ClassSessionRow,
    EnrolmentRow,
    SignEventRow,
    TraineeRow,
    TrainingClassRow,
)
from shike.capture.archive.files import Archive
from shike.capture.archive.spool import Spool
from shike.capture.ids import new_id

from .service import Service, World, new_run, new_segment

EVERY = timedelta(seconds=30)
PIECE = timedelta(minutes=10)


@dataclass(frozen=True)
class Observed:
    """Ids of what was made; `start` is the planned start, `minutes` the planned length."""

    service: Service
    world: World
    session_id: str
    class_id: str
    trainees: tuple[str, ...]
    start: datetime
    minutes: int

    @classmethod
    def of(
        cls, service: Service, world: World, *, ago_min: int = 120, minutes: int = 40, people: int = 20
    ) -> "Observed":
        moment = now(service.clock)
        start = (moment - timedelta(minutes=ago_min)).replace(second=0, microsecond=0)
        day = (start + timedelta(hours=8)).date().isoformat()
        training_class = TrainingClassRow(
            id=new_id(),
            institution_id=world.institutions[0],
            number="2026-09",
            name="焊工",
            project_type="upgrade",
            occupation="焊工",
            level="中级工",
            starts_on=day,
            ends_on=day,
            planned_lesson_hours=4,
            funding_year=2026,
            created_at=moment,
        )
        session = ClassSessionRow(id=new_id(), class_id=training_class.id, room_id=world.rooms[0], sequence=1)
        session.starts_at, session.ends_at = start, start + timedelta(minutes=minutes)
        session.created_at = moment - timedelta(days=1)
        trainees = [
            TraineeRow(
                id=new_id(),
                institution_id=world.institutions[0],
                name=f"学员{number}",
                id_number_sealed=b"sealed",
                id_number_hash=f"hash {number}",
                id_number_masked="341124********2047",
                created_at=moment,
            )
            for number in range(people)
        ]
        service.add(training_class)
        service.add(session, *trainees)
        service.add(
            *(
                EnrolmentRow(class_id=training_class.id, trainee_id=each.id, joined_on=day, created_at=moment)
                for each in trainees
            )
        )
        with service.database.writing() as db:
            db.get_one(CameraRow, world.cameras[0]).created_at = start - timedelta(days=30)
        ids = tuple(each.id for each in trainees)
        return cls(service, world, session.id, training_class.id, ids, start, minutes)

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)

    def at(self, minute: float) -> datetime:
        """The moment so many minutes after the planned start."""
        return self.start + timedelta(minutes=minute)

    def filmed(self, from_min: float = 0, to_min: float | None = None, ends: str = "stopped") -> None:
        """Adds footage without a gap to the index."""
        begin, end = self.at(from_min), self.at(self.minutes if to_min is None else to_min)
        run = new_run(self.world.cameras[0], begin)
        run.id, run.started_at, run.ended_at, run.end_reason = new_id(), begin, end, ends
        self.service.add(run)
        sequence = 0
        while begin < end:
            segment = new_segment(run, begin)
            segment.id, segment.sequence, segment.object_key = new_id(), sequence, f"{run.id}/{sequence}"
            segment.wall_start, segment.wall_end = begin, min(begin + PIECE, end)
            segment.created_at = now(self.service.clock)
            self.service.add(segment)
            begin, sequence = begin + PIECE, sequence + 1

    def counted(self, count: Callable[[float], int | None], to_min: float | None = None) -> None:
        """Adds a sample every thirty seconds; None: a dark picture."""
        rows, moment = [], self.start
        while moment < self.at(self.minutes if to_min is None else to_min):
            counted = count((moment - self.start) / timedelta(minutes=1))
            rows.append(self._sample(moment, counted))
            moment += EVERY
        self.service.add(*rows)

    def _sample(self, moment: datetime, count: int | None) -> SampleRow:
        return SampleRow(
            camera_id=self.world.cameras[0],
            stream="main",
            run_id=new_id(),
            picture_at=moment,
            count=count,
            low=None if count is None else max(0, count - 1),
            high=None if count is None else count + 2,
            valid=count is not None,
            invalid_reason=None if count is not None else "dark",
            boxes=[[0.1, 0.1, 0.2, 0.2, 0.9]] * (count or 0),
            model="centerface",
            model_digest="d" * 64,
            threshold=0.225,
            node="test",
            created_at=now(self.service.clock),
        )

    def signed(self, in_min: float, out_min: float | None, people: int | None = None) -> None:
        """The first so many people of the roster sign in and out at the same times."""
        for trainee_id in self.trainees[:people]:
            for kind, minute in (("in", in_min), ("out", out_min)):
                if minute is not None:
                    self.sign(trainee_id, kind, minute)

    def sign(self, trainee_id: str, kind: str, minute: float, corrects_id: str | None = None) -> str:
        event = SignEventRow(
            id=new_id(),
            class_session_id=self.session_id,
            trainee_id=trainee_id,
            kind=kind,
            at=self.at(minute),
            received_at=now(self.service.clock),
            method="hand" if corrects_id else "file",
            corrects_id=corrects_id,
        )
        self.service.add(event)
        return event.id

    def accepted(self, full: int = 20) -> None:
        """A person counted ten pictures of this room, and the product had counted right."""
        self.service.add(
            *(
                AcceptanceSampleRow(
                    room_id=self.world.rooms[0],
                    picture_at=self.at(-1000 + number),
                    camera_ids=[self.world.cameras[0]],
                    counted=true,
                    true_count=true,
                    entered_by="Supervisor",
                    entered_at=now(self.service.clock),
                )
                for number, true in enumerate([0, full] * 3 + [0, full, full // 2, full // 2])
            )
        )

    def evaluator(self) -> Evaluator:
        service = self.service
        footage = Footage(
            Archive(service.settings.footage_dir), Spool(service.settings.spool_dir), service.database.reading
        )
        return Evaluator(service.database, footage, service.clock, 10_000_000, lambda _camera: None)

    def records(self) -> list[AttendanceRecordRow]:
        query = select(AttendanceRecordRow).order_by(AttendanceRecordRow.version)
        with self.service.database.reading() as db:
            return list(db.scalars(query.where(AttendanceRecordRow.class_session_id == self.session_id)))

    def flags(self, state: str = "open") -> dict[str, FlagRow]:
        with self.service.database.reading() as db:
            rows = db.scalars(
                select(FlagRow).where(FlagRow.class_session_id == self.session_id, FlagRow.state == state)
            )
            return {row.code: row for row in rows}

    def session(self) -> ClassSessionRow:
        with self.service.database.reading() as db:
            return db.get_one(ClassSessionRow, self.session_id)

    def people(self) -> list[dict[str, Any]]:
        people: list[dict[str, Any]] = self.records()[-1].body["people"]
        return people


def late(minute: float) -> int:
    """Counts of a class that begins late: nobody for sixteen minutes, then everybody."""
    return 0 if minute < 16 else 20
