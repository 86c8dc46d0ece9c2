"""The timetable of a class: its sessions (课次), by hand or from a file, checked against rooms and other sessions.

The plan of a session that has begun is evidence: only callers with `late` may change it. A session that is missing
from a file is not removed; sessions are cancelled instead. Not here: reading cells (cells.py).
Design: docs/design/training.md.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance import beijing
from shike.attendance.tables.registry import RoomRow
from shike.attendance.tables.training import ClassSessionRow, TrainingClassRow
from shike.attendance.training.cells import Cells, RowError, Tally, Verb
from shike.attendance.training.csv_files import Column, CsvFile, CsvRow
from shike.attendance.training.errors import Refused
from shike.capture.ids import new_id
from shike.capture.moment import rfc3339

SessionKind = Literal["theory", "practice", "makeup"]
LONGEST: Final = timedelta(hours=14)
MOST_SESSIONS: Final = 2000
KINDS: Final[dict[str, str]] = {
    "理论": "theory",
    "理论课": "theory",
    "theory": "theory",
    "实操": "practice",
    "实训": "practice",
    "实操课": "practice",
    "practice": "practice",
    "补课": "makeup",
    "makeup": "makeup",
}
COLUMNS: Final = (
    Column(
        "sequence", "课次", "Number", "1", "1", ("序号", "课次序号", "no", "no.", "lesson", "session"), required=True
    ),
    Column("date", "日期", "Date", "2026-11-23", "2026-11-23", ("上课日期", "授课日期", "day"), required=True),
    Column("start", "开始时间", "Start", "09:00", "09:00", ("上课时间", "起始时间", "from"), required=True),
    Column("end", "结束时间", "End", "11:30", "11:30", ("下课时间", "终止时间", "to"), required=True),
    Column("room", "教室", "Room", "", "", ("上课地点", "地点", "实训场地", "classroom")),
    Column("teacher", "教师", "Teacher", "李老师", "Li Na", ("授课教师", "任课教师", "老师")),
    Column("kind", "类型", "Kind", "理论", "theory", ("课程类型", "授课类型", "type")),
    Column("breaks", "休息", "Breaks", "10:00-10:10", "10:00-10:10", ("休息时间", "课间", "课间休息")),
)


@dataclass(frozen=True)
class SessionPlan:
    """The plan of a class session. Moments are in UTC; breaks lie within the session, in order."""

    sequence: int
    starts_at: datetime
    ends_at: datetime
    room_id: str | None
    teacher: str
    kind: SessionKind
    breaks: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True)
class Line:
    """A row of a file: a plan whose room is still a name. `filled`: the optional fields that are not empty."""

    plan: SessionPlan
    room: str | None
    filled: frozenset[str]


def read(file: CsvFile) -> tuple[list[tuple[CsvRow, Line]], list[RowError]]:
    """The valid rows, and the errors of the others. A second row with the same number is an error."""
    good: list[tuple[CsvRow, Line]] = []
    errors: list[RowError] = []
    first_row: dict[int, int] = {}
    for row in file.rows:
        cells = Cells(row)
        line = read_row(cells)
        if line is not None and line.plan.sequence in first_row:
            cells.refuse("sequence", "duplicate", f"row {first_row[line.plan.sequence]} has the same number")
        if line is None or cells.errors:
            errors += cells.errors
            continue
        first_row[line.plan.sequence] = row.number
        good.append((row, line))
    return good, errors


def read_row(cells: Cells) -> Line | None:
    """The line of a row; None if a cell is wrong."""
    sequence = cells.whole("sequence", MOST_SESSIONS, required=True)
    day = cells.day("date", required=True)
    start = cells.time_of_day("start", required=True)
    end = cells.time_of_day("end", required=True)
    kind = cells.choice("kind", KINDS) or "theory"
    teacher, room = cells.text("teacher", 100) or "", cells.text("room", 200)
    breaks = read_breaks(cells, day)
    if sequence is None or day is None or start is None or end is None or cells.errors:
        return None
    plan = SessionPlan(sequence, beijing.at(day, start), beijing.at(day, end), None, teacher, as_kind(kind), breaks)
    try:
        check_times(plan)
    except Refused as refused:
        cells.refuse({"ends_at": "end"}.get(refused.field, refused.field), refused.code, str(refused))
    return Line(plan, room, frozenset(field for field in ("teacher", "kind", "breaks") if cells.row.cells.get(field)))


def as_kind(word: str) -> SessionKind:
    """The kind of a session; any other word than practice and makeup gives theory."""
    return "practice" if word == "practice" else "makeup" if word == "makeup" else "theory"


def read_breaks(cells: Cells, day: date | None) -> tuple[tuple[datetime, datetime], ...]:
    """The breaks in a text like "10:00-10:10; 11:00-11:10", on a day."""
    text = beijing.plain(cells.text("breaks", 500) or "")
    if not text or day is None:
        return ()
    try:
        return tuple(
            (beijing.at(day, start), beijing.at(day, end))
            for part in re.split(r"[;,、\n]", text)
            if part.strip()
            for start, end in [read_span(part)]
        )
    except ValueError:
        cells.refuse("breaks", "not_breaks", "write breaks like 10:00-10:10;11:00-11:10")
        return ()


def read_span(text: str) -> tuple[time, time]:
    """The times in a text like "10:00-10:10". ValueError otherwise."""
    start, end = re.split(r"[-~–—至]+", text.strip(), maxsplit=1)
    return beijing.read_time(start), beijing.read_time(end)


def check_times(plan: SessionPlan) -> None:
    """Raises Refused unless the plan ends after it starts, is not too long, and has its breaks inside and in order."""
    if plan.ends_at <= plan.starts_at:
        raise Refused("ends_at", "not_after_start", "a class session must end after it starts")
    if plan.ends_at - plan.starts_at > LONGEST:
        raise Refused("ends_at", "too_long", f"a class session has at most {LONGEST.total_seconds() / 3600:.0f} hours")
    reached = plan.starts_at
    for start, end in plan.breaks:
        if start < reached or end <= start or end > plan.ends_at:
            raise Refused("breaks", "outside_session", "breaks must lie within the class session, in order")
        reached = end


class Timetable:
    """The sessions of one class and the rooms of its institution; loaded once for a whole file."""

    def __init__(self, db: DbSession, training_class: TrainingClassRow, moment: datetime, *, late: bool) -> None:
        """`late`: whether sessions that have begun may be changed."""
        self._db, self._class, self._moment, self._late = db, training_class, moment, late
        own = select(ClassSessionRow).where(ClassSessionRow.class_id == training_class.id)
        self.sessions = {row.sequence: row for row in db.scalars(own)}
        rooms = select(RoomRow).where(RoomRow.institution_id == training_class.institution_id)
        self._rooms = list(db.scalars(rooms))

    def room_named(self, name: str | None) -> str | None:
        """The id of a room of the institution by name. Refused if no room or several have the name."""
        if name is None:
            return None
        ids = [room.id for room in self._rooms if room.name.strip() == name]
        if len(ids) != 1:
            code, message = ("ambiguous", "two rooms have this name") if ids else ("not_found", "there is no such room")
            raise Refused("room", code, message)
        return ids[0]

    def put(self, plan: SessionPlan) -> tuple[ClassSessionRow, Verb]:
        """Add a session, or update it to the plan. After Refused nothing is changed."""
        known = self.sessions.get(plan.sequence)
        if known is not None and plan_of(known) == plan:
            return known, "unchanged"
        if known is not None:
            self.check_change(known)
        self.check(plan, known)
        if known is None:
            known = ClassSessionRow(id=new_id(), class_id=self._class.id, state="planned", created_at=self._moment)
            self._db.add(known)
            self.sessions[plan.sequence] = known
            copy(plan, known)
            self._db.flush()
            return known, "created"
        copy(plan, known)
        self._db.flush()
        return known, "updated"

    def check_change(self, known: ClassSessionRow) -> None:
        """Raises Refused if this caller may not change the plan of the session."""
        if known.state == "cancelled":
            raise Refused("sequence", "cancelled", "this class session is cancelled")
        if not self._late and (known.starts_at <= self._moment or known.state != "planned"):
            raise Refused("sequence", "already_started", "a class session that has begun keeps its plan")

    def check(self, plan: SessionPlan, known: ClassSessionRow | None) -> None:
        """Raises Refused for a plan that is not possible: its times, its day, or a class or room that is occupied."""
        check_times(plan)
        days = (beijing.day_of(plan.starts_at).isoformat(), beijing.day_of(plan.ends_at).isoformat())
        if plan.kind != "makeup" and not self._class.starts_on <= days[0] <= days[1] <= self._class.ends_on:
            whole = f"{self._class.starts_on} – {self._class.ends_on}"
            raise Refused("date", "outside_class", f"the class runs {whole}; only a make-up lies outside")
        overlapping = (
            select(ClassSessionRow)
            .where(ClassSessionRow.starts_at < plan.ends_at, ClassSessionRow.ends_at > plan.starts_at)
            .where(ClassSessionRow.state != "cancelled")
        )
        if known is not None:
            overlapping = overlapping.where(ClassSessionRow.id != known.id)
        own = self._db.scalars(overlapping.where(ClassSessionRow.class_id == self._class.id)).first()
        if own is not None:
            raise Refused("start", "overlaps", f"the class has session {own.sequence} at that time")
        if plan.room_id is not None:
            other = self._db.scalars(overlapping.where(ClassSessionRow.room_id == plan.room_id)).first()
            if other is not None:
                raise Refused("room", "room_taken", "another class is in this room at that time")


def take_in(table: Timetable, rows: Sequence[tuple[CsvRow, Line]]) -> Tally:
    """Put every valid row into the timetable; the tally has the errors of the others."""
    tally = Tally()
    for row, line in rows:
        try:
            tally.count(table.put(completed(table, line))[1])
        except Refused as refused:
            tally.refuse(row, refused)
    return tally


def completed(table: Timetable, line: Line) -> SessionPlan:
    """The plan of a line. Empty fields keep the values of the stored session."""
    plan = replace(line.plan, room_id=table.room_named(line.room))
    known = table.sessions.get(plan.sequence)
    if known is None:
        return plan
    before = plan_of(known)
    return replace(
        plan,
        room_id=plan.room_id if line.room is not None else before.room_id,
        teacher=plan.teacher if "teacher" in line.filled else before.teacher,
        kind=plan.kind if "kind" in line.filled else before.kind,
        breaks=plan.breaks if "breaks" in line.filled else before.breaks,
    )


def plan_of(known: ClassSessionRow) -> SessionPlan:
    """The plan in a stored row."""
    breaks = tuple((datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in known.breaks)
    return SessionPlan(
        known.sequence,
        known.starts_at,
        known.ends_at,
        known.room_id,
        known.teacher,
        as_kind(known.kind),
        breaks,
    )


def copy(plan: SessionPlan, row: ClassSessionRow) -> None:
    """Write a plan into a row."""
    row.sequence, row.starts_at, row.ends_at = plan.sequence, plan.starts_at, plan.ends_at
    row.room_id, row.teacher, row.kind = plan.room_id, plan.teacher, plan.kind
    row.breaks = [[rfc3339(start), rfc3339(end)] for start, end in plan.breaks]
