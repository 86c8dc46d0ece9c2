"""Rosters (学员名册): trainees and their enrolment in a class, by hand or from a file, by the same way in.

What is said again changes nothing; what is said anew is changed; what is not said stays. Nobody is removed by leaving
them out: who goes gets a day of leaving. See docs/design/training.md.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.tables.training import EnrolmentRow, TraineeRow, TrainingClassRow
from shike.attendance.training.cells import Cells, RowError, Tally, Verb
from shike.attendance.training.csv_files import Column, CsvFile, CsvRow
from shike.attendance.training.errors import Refused
from shike.attendance.training.id_numbers import masked
from shike.attendance.training.identities import Identities
from shike.attendance.training.skill_levels import LEVEL_WORDS
from shike.capture.ids import new_id

RESULTS: Final = {"合格": "passed", "passed": "passed", "不合格": "failed", "failed": "failed"}
PHONE: Final = re.compile(r"\+?[0-9][0-9 -]{4,18}")
COLUMNS: Final = (
    Column("name", "姓名", "Name", "张三", "Zhang San", ("学员姓名", "full name", "trainee"), required=True),
    Column(
        "id_number",
        "身份证号",
        "ID number",
        "341124199003072947",
        "341124199003072947",
        ("身份证号码", "公民身份号码", "身份证", "证件号码", "证件号", "id card", "identity number"),
        required=True,
    ),
    Column(
        "phone", "手机号", "Phone", "13800000000", "13800000000", ("手机", "电话", "联系电话", "手机号码", "mobile")
    ),
    Column("category", "人员类别", "Category", "企业职工", "Employee", ("类别", "人员类型")),
    Column("employer", "用人单位", "Employer", "", "", ("用工单位", "实际用工单位", "工作单位", "企业名称", "company")),
    Column("agency", "劳务派遣单位", "Agency", "", "", ("派遣单位", "劳务派遣公司", "dispatch agency")),
    Column("hire_date", "入职日期", "Hire date", "2026-10-08", "2026-10-08", ("录用日期", "入职时间", "hired on")),
    Column("joined_on", "入班日期", "Joined on", "", "", ("报名日期", "开班日期", "joined")),
    Column("left_on", "离班日期", "Left on", "", "", ("退班日期", "left")),
    Column("result", "考核结果", "Result", "", "", ("成绩", "鉴定结果", "考试结果")),
    Column("certificate_level", "证书等级", "Certificate level", "", "", ("等级", "技能等级", "level")),
)
TRAINEE_FIELDS: Final = ("phone", "category")
ENROLMENT_FIELDS: Final = (
    "employer",
    "agency",
    "hire_date",
    "joined_on",
    "left_on",
    "result",
    "certificate_level",
)


@dataclass(frozen=True)
class RosterEntry:
    """One person as somebody wrote them down: a normalised ID number, and what was said of them (nothing is "")."""

    name: str
    id_number: str
    said: Mapping[str, str]


def read(file: CsvFile) -> tuple[list[tuple[CsvRow, RosterEntry]], list[RowError]]:
    """Rows that say something that can be, and the errors of the others. The second row of a person is an error."""
    good: list[tuple[CsvRow, RosterEntry]] = []
    errors: list[RowError] = []
    first_row: dict[str, int] = {}
    for row in file.rows:
        cells = Cells(row)
        entry = read_row(cells)
        if entry is not None and entry.id_number in first_row:
            cells.refuse("id_number", "duplicate", f"row {first_row[entry.id_number]} has the same ID number")
        if entry is None or cells.errors:
            errors += cells.errors
            continue
        first_row[entry.id_number] = row.number
        good.append((row, entry))
    return good, errors


def read_row(cells: Cells) -> RosterEntry | None:
    """The entry of a row, or None where a cell is wrong."""
    name = cells.text("name", 100, required=True)
    number = cells.id_number("id_number")
    days = {field: cells.day(field) for field in ("hire_date", "joined_on", "left_on")}
    said: dict[str, str | None] = {
        "phone": cells.text("phone", 20),
        "category": cells.text("category", 100),
        "employer": cells.text("employer", 200),
        "agency": cells.text("agency", 200),
        "result": cells.choice("result", RESULTS),
        "certificate_level": cells.choice("certificate_level", LEVEL_WORDS),
        **{field: day.isoformat() if day else None for field, day in days.items()},
    }
    if said["phone"] and not PHONE.fullmatch(said["phone"]):
        cells.refuse("phone", "not_a_phone", "a telephone number has digits")
    if name is None or number is None or cells.errors:
        return None
    return RosterEntry(name, number, {field: value for field, value in said.items() if value})


class Roster:
    """The roster of one class, loaded once, so that a file of thousands of rows asks the database twice."""

    def __init__(
        self, db: DbSession, training_class: TrainingClassRow, identities: Identities, moment: datetime
    ) -> None:
        self._db, self._class, self._identities, self._moment = db, training_class, identities, moment
        trainees = select(TraineeRow).where(TraineeRow.institution_id == training_class.institution_id)
        self._trainees = {row.id_number_hash: row for row in db.scalars(trainees)}
        enrolments = select(EnrolmentRow).where(EnrolmentRow.class_id == training_class.id)
        self._enrolments = {row.trainee_id: row for row in db.scalars(enrolments)}
        self._fresh: list[EnrolmentRow] = []

    def enrol(self, entry: RosterEntry) -> tuple[EnrolmentRow, Verb]:
        """Put a person on the roster, or bring what is known of them up to date. Refused leaves all as it was."""
        fingerprint = self._identities.fingerprint(entry.id_number)
        trainee = self._trainees.get(fingerprint)
        if trainee is not None and trainee.name != entry.name:
            raise Refused("name", "name_differs", "this ID number is known with another name; mend one of the two")
        enrolment = None if trainee is None else self._enrolments.get(trainee.id)
        check_days(entry.said, enrolment, self._class)
        if trainee is None:
            trainee = self._trainees[fingerprint] = self._new_trainee(entry, fingerprint)
        changed = change(trainee, entry.said, TRAINEE_FIELDS)
        if enrolment is None:
            enrolment = self._enrolments[trainee.id] = self._new_enrolment(trainee)
            change(enrolment, entry.said, ENROLMENT_FIELDS)
            settle_state(enrolment)
            return enrolment, "created"
        changed |= change(enrolment, entry.said, ENROLMENT_FIELDS)
        settle_state(enrolment)
        return enrolment, "updated" if changed else "unchanged"

    def has(self, id_number: str) -> bool:
        """Whether somebody with this ID number is on the roster."""
        trainee = self._trainees.get(self._identities.fingerprint(id_number))
        return trainee is not None and trainee.id in self._enrolments

    def _new_trainee(self, entry: RosterEntry, fingerprint: str) -> TraineeRow:
        trainee = TraineeRow(
            id=new_id(),
            institution_id=self._class.institution_id,
            name=entry.name,
            id_number_sealed=self._identities.seal(entry.id_number),
            id_number_hash=fingerprint,
            id_number_masked=masked(entry.id_number),
            created_at=self._moment,
        )
        self._db.add(trainee)
        return trainee

    def _new_enrolment(self, trainee: TraineeRow) -> EnrolmentRow:
        enrolment = EnrolmentRow(
            id=new_id(),
            class_id=self._class.id,
            trainee_id=trainee.id,
            joined_on=self._class.starts_on,
            state="enrolled",
            created_at=self._moment,
        )
        self._fresh.append(enrolment)
        return enrolment

    def write(self) -> None:
        """Send everything to the database: people first, for enrolments name them."""
        self._db.flush()
        self._db.add_all(self._fresh)
        self._fresh.clear()
        self._db.flush()


def take_in(roster: Roster, rows: Sequence[tuple[CsvRow, RosterEntry]]) -> Tally:
    """Enrol every row that can be; the errors say which cannot and why."""
    tally = Tally()
    for row, entry in rows:
        try:
            tally.count(roster.enrol(entry)[1])
        except Refused as refused:
            tally.refuse(row, refused)
    roster.write()
    return tally


def change(row: TraineeRow | EnrolmentRow, said: Mapping[str, str], fields: Sequence[str]) -> bool:
    """Copy what was said into the row; whether anything is different now."""
    different = [field for field in fields if field in said and getattr(row, field) != said[field]]
    for field in different:
        setattr(row, field, said[field])
    return bool(different)


def settle_state(enrolment: EnrolmentRow) -> None:
    """Who has a day of leaving has left."""
    enrolment.state = "left" if enrolment.left_on else "enrolled"


def check_days(said: Mapping[str, str], enrolment: EnrolmentRow | None, training_class: TrainingClassRow) -> None:
    """Raises Refused where somebody would leave before they join, or join after the class has ended."""
    joined = said.get("joined_on") or (enrolment.joined_on if enrolment else training_class.starts_on)
    left = said.get("left_on") or (enrolment.left_on if enrolment else None)
    if joined > training_class.ends_on:
        raise Refused("joined_on", "after_class", f"the class ends on {training_class.ends_on}")
    if left is not None and left < joined:
        raise Refused("left_on", "before_joined", f"they joined on {joined}")
