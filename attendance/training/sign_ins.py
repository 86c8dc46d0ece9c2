"""Sign-ins and sign-outs (签到, 签退) from files, and the checks of those by hand. Events are never changed or removed.

A correction is a new event that references the old one. An event that is imported twice is stored once.
Not here: sign-ins by hand (api/classes/sign_ins.py), stays (judgement/presence.py). Design: docs/design/training.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance import beijing
from shike.attendance.tables.training import (
    ClassSessionRow,
    EnrolmentRow,
    SignEventRow,
    TraineeRow,
    TrainingClassRow,
)
from shike.attendance.training.cells import Cells, RowError, Tally, Verb, row_error
from shike.attendance.training.csv_files import Column, CsvFile, CsvRow
from shike.attendance.training.errors import BadFile, Refused
from shike.attendance.training.identities import Identities
from shike.attendance.training.timetable import MOST_SESSIONS
from shike.capture.ids import new_id

SignKind = Literal["in", "out"]
Method = Literal["file", "hand", "qr", "card", "device"]
AROUND: Final = timedelta(hours=4)  # a sign-in this far outside of the plan still belongs to the class session
AHEAD: Final = timedelta(minutes=5)  # clocks of other systems may be ahead by this much
KINDS: Final = {"签到": "in", "in": "in", "签退": "out", "out": "out"}
COLUMNS: Final = (
    Column("sequence", "课次", "Number", "1", "1", ("课次序号", "no", "no.", "lesson", "session")),
    Column("name", "姓名", "Name", "张三", "Zhang San", ("学员姓名", "full name", "trainee")),
    Column(
        "id_number",
        "身份证号",
        "ID number",
        "341124199003072947",
        "341124199003072947",
        ("身份证号码", "公民身份号码", "身份证", "证件号码", "证件号", "id card", "identity number"),
    ),
    Column("signed_in_at", "签到时间", "Signed in at", "2026-11-23 08:55", "2026-11-23 08:55", ("签到", "sign in")),
    Column("signed_out_at", "签退时间", "Signed out at", "2026-11-23 11:31", "2026-11-23 11:31", ("签退", "sign out")),
    Column("kind", "签到类型", "In or out", "", "", ("类型", "type")),
    Column("at", "时间", "Time", "", "", ("打卡时间", "刷卡时间")),
    Column("device", "设备", "Device", "", "", ("设备编号", "终端")),
    Column("place", "地点", "Place", "", "", ("签到地点",)),
    Column("operator", "经办人", "Operator", "", "", ("操作员",)),
)


@dataclass(frozen=True)
class SignEntry:
    """One event in a file: the person, the session (if given) and the source. `field`: the cell with its time."""

    row: CsvRow
    field: str
    kind: SignKind
    sequence: int | None
    id_number: str | None
    name: str | None
    device: str | None
    place: str | None
    operator: str | None


def read(file: CsvFile) -> tuple[list[SignEntry], list[RowError]]:
    """The entries of valid rows, one or two per row, and the errors of the others. BadFile without a column of time."""
    if not file.fields & {"signed_in_at", "signed_out_at"} and not {"kind", "at"} <= file.fields:
        raise BadFile("no_headings", "a column 签到时间 or 签退时间 is needed, or 签到类型 with 时间")
    if not file.fields & {"id_number", "name"}:
        raise BadFile("no_headings", "a column 身份证号 or 姓名 is needed")
    good: list[SignEntry] = []
    errors: list[RowError] = []
    for row in file.rows:
        cells = Cells(row)
        entries = read_row(cells)
        errors += cells.errors
        good += [] if cells.errors else entries
    return good, errors


def read_row(cells: Cells) -> list[SignEntry]:
    """The entries of a row. A row without any is an error."""
    row = cells.row
    sequence = cells.whole("sequence", MOST_SESSIONS)
    name = cells.text("name", 100)
    number = cells.id_number("id_number", required=name is None)
    more = (cells.text("device", 100), cells.text("place", 200), cells.text("operator", 100))
    events: list[tuple[str, SignKind]] = []
    if row.cells.get("signed_in_at"):
        events.append(("signed_in_at", "in"))
    if row.cells.get("signed_out_at"):
        events.append(("signed_out_at", "out"))
    if row.cells.get("at"):
        kind = cells.choice("kind", KINDS)
        if kind is None and not row.cells.get("kind"):
            cells.refuse("kind", "required", "say 签到 or 签退")
        events.append(("at", "in" if kind == "in" else "out"))
    if not events:
        cells.refuse("signed_in_at", "required", "neither a sign-in nor a sign-out")
    return [SignEntry(row, field, kind, sequence, number, name, *more) for field, kind in events]


class SignSheet:
    """The sign-ins of one class, with its sessions and its roster; loaded once for a whole file."""

    def __init__(
        self, db: DbSession, training_class: TrainingClassRow, identities: Identities, moment: datetime
    ) -> None:
        self._db, self._identities, self._moment = db, identities, moment
        sessions = (
            select(ClassSessionRow)
            .where(ClassSessionRow.class_id == training_class.id)
            .order_by(ClassSessionRow.sequence)
        )
        self._sessions = {row.sequence: row for row in db.scalars(sessions)}
        enrolled = (
            select(TraineeRow)
            .join(EnrolmentRow, EnrolmentRow.trainee_id == TraineeRow.id)
            .where(EnrolmentRow.class_id == training_class.id)
        )
        trainees = list(db.scalars(enrolled))
        self._by_number = {row.id_number_hash: row for row in trainees}
        self._by_name: dict[str, list[TraineeRow]] = {}
        for trainee in trainees:
            self._by_name.setdefault(trainee.name, []).append(trainee)
        ids = [row.id for row in self._sessions.values()]
        known = db.scalars(select(SignEventRow).where(SignEventRow.class_session_id.in_(ids)))
        self._known = {(e.class_session_id, e.trainee_id, e.kind, e.at) for e in known if e.method == "file"}

    def take_in(self, entries: Sequence[SignEntry]) -> Tally:
        """Store the events of every valid row. If one event of a row is refused, none of that row is stored."""
        tally = Tally()
        by_row: dict[int, list[SignEntry]] = {}
        for entry in entries:
            by_row.setdefault(entry.row.number, []).append(entry)
        for row_entries in by_row.values():
            self._take_row(row_entries, tally)
        self._db.flush()
        return tally

    def _take_row(self, entries: Sequence[SignEntry], tally: Tally) -> None:
        row = entries[0].row
        try:
            trainee = self.trainee_of(entries[0])
            events = [(entry, *self.session_and_moment(entry)) for entry in entries]
            if len(events) == 2 and events[1][2] <= events[0][2]:
                raise Refused("signed_out_at", "out_before_in", "the sign-out is not after the sign-in")
        except Refused as refused:
            tally.errors.append(row_error(row, refused.field, refused.code, str(refused)))
            return
        verbs: list[Verb] = [self._note(entry, trainee, session, at) for entry, session, at in events]
        tally.count("created" if "created" in verbs else "unchanged")

    def _note(self, entry: SignEntry, trainee: TraineeRow, session: ClassSessionRow, at: datetime) -> Verb:
        key = (session.id, trainee.id, entry.kind, at)
        if key in self._known:
            return "unchanged"
        self._known.add(key)
        self._db.add(
            SignEventRow(
                id=new_id(),
                class_session_id=session.id,
                trainee_id=trainee.id,
                kind=entry.kind,
                at=at,
                received_at=self._moment,
                method="file",
                device=entry.device,
                place=entry.place,
                operator=entry.operator,
            )
        )
        return "created"

    def trainee_of(self, entry: SignEntry) -> TraineeRow:
        """The trainee: by ID number, else by a name that only one person on the roster has. Refused otherwise."""
        if entry.id_number is not None:
            trainee = self._by_number.get(self._identities.fingerprint(entry.id_number))
            if trainee is None:
                raise Refused("id_number", "not_enrolled", "nobody with this ID number is on the roster of the class")
            if entry.name is not None and entry.name != trainee.name:
                raise Refused("name", "name_differs", "the roster has another name for this ID number")
            return trainee
        namesakes = self._by_name.get(entry.name or "", [])
        if len(namesakes) != 1:
            code = "ambiguous_name" if namesakes else "not_enrolled"
            message = "several on the roster have this name" if namesakes else "nobody on the roster has this name"
            raise Refused("name", code, message + "; give the ID number")
        return namesakes[0]

    def session_and_moment(self, entry: SignEntry) -> tuple[ClassSessionRow, datetime]:
        """The class session and the moment: by number, else the only session near the moment. Refused otherwise."""
        session = None if entry.sequence is None else self._sessions.get(entry.sequence)
        if entry.sequence is not None and session is None:
            raise Refused("sequence", "not_found", "the class has no session of this number")
        day = None if session is None else beijing.day_of(session.starts_at)
        cells = Cells(entry.row)
        at = cells.moment(entry.field, day)
        if at is None:
            error = cells.errors[0]
            raise Refused(error.field, error.code, error.message)
        if session is None:
            near = [row for row in self._sessions.values() if row.state != "cancelled" and is_near(row, at)]
            if len(near) != 1:
                code, message = (
                    ("ambiguous", "several class sessions are") if near else ("not_found", "no class session is")
                )
                raise Refused("sequence", code, message + " near this time; give its number")
            session = near[0]
        check_moment(session, at, self._moment, entry.field)
        return session, at


def is_near(session: ClassSessionRow, at: datetime) -> bool:
    """Whether a sign-in at that moment can belong to the session."""
    return session.starts_at - AROUND <= at <= session.ends_at + AROUND


def check_moment(session: ClassSessionRow, at: datetime, moment: datetime, field: str) -> None:
    """Raises Refused if the session is cancelled, or the sign-in is in the future or hours away from the session."""
    if session.state == "cancelled":
        raise Refused("sequence", "cancelled", "this class session is cancelled")
    if at > moment + AHEAD:
        raise Refused(field, "in_future", "this time has not come yet")
    if not is_near(session, at):
        raise Refused(
            field, "outside_session", f"more than {AROUND.total_seconds() / 3600:.0f} hours outside of the plan"
        )
