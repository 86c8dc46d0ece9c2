"""Rosters (学员名册): trainees and their enrolments in a class. Entries by hand and from files use the same code.

A value that is entered again changes nothing, a new value replaces the stored one, and an empty one leaves it. A
person who is missing from a file is not removed: a trainee who leaves gets a day of leaving.
Not here: reading cells (cells.py), ID numbers (id_numbers.py). Design: docs/design/training.md.
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
    """One person as entered: name, normalised ID number, and the other fields that are not empty."""

    name: str
    id_number: str
    values: Mapping[str, str]


def read(file: CsvFile) -> tuple[list[tuple[CsvRow, RosterEntry]], list[RowError]]:
    """The valid rows, and the errors of the others. A second row of the same person is an error."""
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
    """The entry of a row; None if a cell is wrong."""
    name = cells.text("name", 100, required=True)
    number = cells.id_number("id_number")
    days = {field: cells.day(field) for field in ("hire_date", "joined_on", "left_on")}
    values: dict[str, str | None] = {
        "phone": cells.text("phone", 20),
        "category": cells.text("category", 100),
        "employer": cells.text("employer", 200),
        "agency": cells.text("agency", 200),
        "result": cells.choice("result", RESULTS),
        "certificate_level": cells.choice("certificate_level", LEVEL_WORDS),
        **{field: day.isoformat() if day else None for field, day in days.items()},
    }
    if values["phone"] and not PHONE.fullmatch(values["phone"]):
        cells.refuse("phone", "not_a_phone", "a telephone number has digits")
    if name is None or number is None or cells.errors:
        return None
    return RosterEntry(name, number, {field: value for field, value in values.items() if value})


class Roster:
    """The roster of one class. It is loaded once, so a file of thousands of rows needs two queries."""

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
        """Add a person to the roster, or update their data. After Refused nothing is changed."""
        fingerprint = self._identities.fingerprint(entry.id_number)
        trainee = self._trainees.get(fingerprint)
        if trainee is not None and trainee.name != entry.name:
            raise Refused("name", "name_differs", "this ID number is known with another name; mend one of the two")
        enrolment = None if trainee is None else self._enrolments.get(trainee.id)
        check_days(entry.values, enrolment, self._class)
        if trainee is None:
            trainee = self._trainees[fingerprint] = self._new_trainee(entry, fingerprint)
        changed = change(trainee, entry.values, TRAINEE_FIELDS)
        if enrolment is None:
            enrolment = self._enrolments[trainee.id] = self._new_enrolment(trainee)
            change(enrolment, entry.values, ENROLMENT_FIELDS)
            settle_state(enrolment)
            return enrolment, "created"
        changed |= change(enrolment, entry.values, ENROLMENT_FIELDS)
        settle_state(enrolment)
        return enrolment, "updated" if changed else "unchanged"

    def has(self, id_number: str) -> bool:
        """Whether a person with this ID number is on the roster."""
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
        """Send all changes to the database: trainees first, because enrolments reference them."""
        self._db.flush()
        self._db.add_all(self._fresh)
        self._fresh.clear()
        self._db.flush()


def take_in(roster: Roster, rows: Sequence[tuple[CsvRow, RosterEntry]]) -> Tally:
    """Enrol every valid row; the tally has the errors of the others."""
    tally = Tally()
    for row, entry in rows:
        try:
            tally.count(roster.enrol(entry)[1])
        except Refused as refused:
            tally.refuse(row, refused)
    roster.write()
    return tally


def change(row: TraineeRow | EnrolmentRow, values: Mapping[str, str], fields: Sequence[str]) -> bool:
    """Copy the entered values into the row. True if anything was different."""
    different = [field for field in fields if field in values and getattr(row, field) != values[field]]
    for field in different:
        setattr(row, field, values[field])
    return bool(different)


def settle_state(enrolment: EnrolmentRow) -> None:
    """Set the state: an enrolment with a day of leaving is `left`."""
    enrolment.state = "left" if enrolment.left_on else "enrolled"


def check_days(values: Mapping[str, str], enrolment: EnrolmentRow | None, training_class: TrainingClassRow) -> None:
    """Raises Refused if a person would leave before they join, or join after the class has ended."""
    joined = values.get("joined_on") or (enrolment.joined_on if enrolment else training_class.starts_on)
    left = values.get("left_on") or (enrolment.left_on if enrolment else None)
    if joined > training_class.ends_on:
        raise Refused("joined_on", "after_class", f"the class ends on {training_class.ends_on}")
    if left is not None and left < joined:
        raise Refused("left_on", "before_joined", f"they joined on {joined}")
