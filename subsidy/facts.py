"""Reads the facts of a class from the database: roster, attendance records, flags and earlier decisions.

Here: queries, and the translation of rows into cases. Not here: judging the facts (checks.py, rules.py).
Design: docs/design/subsidy.md.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_UP, Decimal
from typing import Any, Final, cast

from sqlalchemy import and_, func, or_, select, true
from sqlalchemy.orm import Session as DbSession
from sqlalchemy.orm import aliased

from shike.attendance.beijing import day_of
from shike.attendance.judgement.thresholds import edition_in_force
from shike.attendance.tables.judgement import AttendanceRecordRow, FlagRow
from shike.attendance.tables.training import (
    ClassSessionRow,
    EnrolmentRow,
    LeaveRow,
    TraineeRow,
    TrainingClassRow,
)
from shike.capture.moment import from_us, to_us
from shike.subsidy.case import (
    Benefit,
    Case,
    ExamResult,
    FlagFact,
    FlagState,
    SessionFact,
    SubsidyRule,
)
from shike.subsidy.checks import STANDING
from shike.subsidy.tables import DecisionRow

SELF_PAID: Final = "个人自费"  # the category of a trainee who pays for the training (S09)
TENTH: Final = Decimal("0.1")
MINUTE_US: Final = 60_000_000


@dataclass(frozen=True)
class Stored:
    """The stored rows about a class, read once for all of its trainees."""

    of_class: TrainingClassRow
    today: date
    sessions: Sequence[ClassSessionRow]
    records: Mapping[str, AttendanceRecordRow]
    flags: Mapping[str, tuple[FlagFact, ...]]
    on_leave: frozenset[tuple[str, str]]
    benefits: Mapping[str, tuple[Benefit, ...]]


def enrolled(db: DbSession, class_id: str) -> list[tuple[EnrolmentRow, TraineeRow]]:
    """The roster of a class by name."""
    query = (
        select(EnrolmentRow, TraineeRow)
        .join(TraineeRow, TraineeRow.id == EnrolmentRow.trainee_id)
        .where(EnrolmentRow.class_id == class_id)
        .order_by(TraineeRow.name, TraineeRow.id)
    )
    return [(enrolment, trainee) for enrolment, trainee in db.execute(query)]


def cases_of(db: DbSession, of_class: TrainingClassRow, now_us: int) -> list[Case]:
    """One case per enrolment, in the order of the roster. A class counts as ended from the day after its last day."""
    roster = enrolled(db, of_class.id)
    stored = _stored(db, of_class, roster, now_us)
    return [_case(stored, enrolment, trainee) for enrolment, trainee in roster]


def _stored(
    db: DbSession, of_class: TrainingClassRow, roster: Sequence[tuple[EnrolmentRow, TraineeRow]], now_us: int
) -> Stored:
    query = select(ClassSessionRow).where(ClassSessionRow.class_id == of_class.id, ClassSessionRow.state != "cancelled")
    sessions = list(db.scalars(query.order_by(ClassSessionRow.sequence)))
    ids = [each.id for each in sessions]
    flags: dict[str, list[FlagFact]] = defaultdict(list)
    standing = select(FlagRow).where(FlagRow.class_session_id.in_(ids), FlagRow.state != "withdrawn")
    for flag in db.scalars(standing.order_by(FlagRow.window_from, FlagRow.code)):
        flags[str(flag.class_session_id)].append(FlagFact(flag.id, flag.code, cast(FlagState, flag.state)))
    leaves = db.execute(
        select(LeaveRow.class_session_id, LeaveRow.trainee_id).where(LeaveRow.class_session_id.in_(ids))
    )
    return Stored(
        of_class,
        day_of(from_us(now_us)),
        sessions,
        _records(db, ids),
        {session_id: tuple(each) for session_id, each in flags.items()},
        frozenset((session_id, trainee_id) for session_id, trainee_id in leaves),
        _benefits(db, of_class, roster),
    )


def _records(db: DbSession, session_ids: Sequence[str]) -> dict[str, AttendanceRecordRow]:
    """The record in force of each class session: its highest version."""
    newer = aliased(AttendanceRecordRow)
    newest = (
        select(func.max(newer.version))
        .where(newer.class_session_id == AttendanceRecordRow.class_session_id)
        .scalar_subquery()
    )
    query = select(AttendanceRecordRow).where(
        AttendanceRecordRow.class_session_id.in_(session_ids), AttendanceRecordRow.version == newest
    )
    return {record.class_session_id: record for record in db.scalars(query)}


def _benefits(
    db: DbSession, of_class: TrainingClassRow, roster: Sequence[tuple[EnrolmentRow, TraineeRow]]
) -> dict[str, tuple[Benefit, ...]]:
    """Earlier classes for which the same person gets a subsidy by the decision in force, by hash of the ID number.

    Classes of every institution count, because the cap is per person (S33). A class is earlier if its first day is: of
    two classes only the later one counts the other, whichever is decided first.
    """
    newer, hashes = aliased(DecisionRow), {trainee.id_number_hash for _, trainee in roster}
    newest = (
        select(func.max(newer.version))
        .where(newer.class_id == DecisionRow.class_id, newer.trainee_id == DecisionRow.trainee_id)
        .scalar_subquery()
    )
    same_day = and_(TrainingClassRow.starts_on == of_class.starts_on, TrainingClassRow.id < of_class.id)
    query = (
        select(TraineeRow.id_number_hash, TrainingClassRow)
        .join(DecisionRow, DecisionRow.trainee_id == TraineeRow.id)
        .join(TrainingClassRow, TrainingClassRow.id == DecisionRow.class_id)
        .where(
            TraineeRow.id_number_hash.in_(hashes) if hashes else ~true(),
            DecisionRow.verdict == "eligible",
            DecisionRow.version == newest,
            or_(TrainingClassRow.starts_on < of_class.starts_on, same_day),
        )
        .order_by(TrainingClassRow.starts_on, TrainingClassRow.id)
    )
    benefits: dict[str, list[Benefit]] = defaultdict(list)
    for id_number_hash, earlier in db.execute(query):
        first = date.fromisoformat(earlier.starts_on)
        # Without the name of the class: readers of this decision may not see classes of other institutions.
        reference = " ".join(filter(None, (earlier.starts_on[:7], earlier.occupation, earlier.level)))
        benefits[id_number_hash].append(Benefit(reference, first, earlier.occupation, earlier.level))
    return {id_number_hash: tuple(each) for id_number_hash, each in benefits.items()}


def _case(stored: Stored, enrolment: EnrolmentRow, trainee: TraineeRow) -> Case:
    of_class = stored.of_class
    return Case(
        class_id=of_class.id,
        trainee_id=trainee.id,
        rule=cast(SubsidyRule, of_class.project_type),
        starts_on=date.fromisoformat(of_class.starts_on),
        planned_hours=Decimal(of_class.planned_lesson_hours),
        finished=date.fromisoformat(of_class.ends_on) < stored.today,
        occupation=of_class.occupation,
        level=of_class.level,
        county_review_ref=of_class.county_review_ref,
        category=trainee.category,
        self_paid=trainee.category == SELF_PAID,
        employer=enrolment.employer,
        agency=enrolment.agency,
        hire_date=date.fromisoformat(enrolment.hire_date) if enrolment.hire_date else None,
        result=cast(ExamResult | None, enrolment.result),
        certificate_level=enrolment.certificate_level,
        sessions=tuple(_session(stored, each, enrolment) for each in stored.sessions),
        benefits=stored.benefits.get(trainee.id_number_hash, ()),
    )


def _session(stored: Stored, session: ClassSessionRow, enrolment: EnrolmentRow) -> SessionFact:
    on = day_of(session.starts_at)
    record = stored.records.get(session.id)
    body: Mapping[str, Any] = record.body if record else {}
    person = next((each for each in body.get("people", ()) if each["trainee_id"] == enrolment.trainee_id), None)
    held = record is not None and record.final
    planned = Decimal(body["planned_lesson_hours"]) if body else _planned_hours(session, on)
    flags = stored.flags.get(session.id, ())
    sure, contested = _hours(person, body, planned, _settled(flags)) if held and person else (Decimal(0), Decimal(0))
    on_roster = enrolment.joined_on <= on.isoformat() <= (enrolment.left_on or "9999")
    return SessionFact(
        session_id=session.id,
        sequence=session.sequence,
        on=on,
        planned_hours=planned,
        status=str(person["status"]) if person else "awaited" if on_roster else "not_enrolled",
        sure_hours=sure,
        contested_hours=contested,
        held=held,
        expected=on_roster and (session.id, enrolment.trainee_id) not in stored.on_leave,
        record_version=record.version if record else None,
        flags=flags,
    )


def _settled(flags: Sequence[FlagFact]) -> frozenset[str]:
    """Codes whose flags are all rejected or undecidable: the sign-ins hold."""
    standing = {flag.code for flag in flags if flag.state in STANDING}
    return frozenset(flag.code for flag in flags) - standing


def _hours(
    person: Mapping[str, Any], body: Mapping[str, Any], planned: Decimal, settled: frozenset[str]
) -> tuple[Decimal, Decimal]:
    """Sure and contested lesson hours of a person in a final record.

    Contested hours are those credited within windows in which the room contradicts the sign-ins, rounded up to tenths.
    If the sign-out is missing, the planned hours that were not credited are contested too. A person decides on both.
    """
    hours, review = Decimal(person["lesson_hours"]), set(person["review"]) - settled
    uncredited = planned - hours if "no_sign_out" in review else Decimal(0)
    minutes = person["credited_minutes"]
    if not minutes:
        return hours, uncredited
    start, end = person["first_in_us"], person["last_out_us"]
    windows = [
        (max(start, window["start_us"]), min(end or window["end_us"], window["end_us"]))
        for window in body["review"]
        if window["code"] in review
    ]
    part = min(Decimal(1), Decimal(_covered_us(windows)) / MINUTE_US / minutes)
    contested = min(hours, (hours * part).quantize(TENTH, ROUND_UP))
    return hours - contested, contested + uncredited


def _covered_us(windows: Sequence[tuple[int, int]]) -> int:
    """The total length of the windows; overlaps count once."""
    total, at_us = 0, 0
    for start_us, end_us in sorted(windows):
        total += max(0, end_us - max(start_us, at_us))
        at_us = max(at_us, end_us)
    return total


def _planned_hours(session: ClassSessionRow, on: date) -> Decimal:
    """Planned lesson hours of a session without a record. Breaks are included; the record will exclude them."""
    minutes = Decimal(to_us(session.ends_at) - to_us(session.starts_at)) / MINUTE_US
    return (minutes / edition_in_force(on).lesson_hour_min).quantize(TENTH)
