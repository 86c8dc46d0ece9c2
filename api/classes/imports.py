"""Imports of CSV files: rosters, timetables and sign-ins, with an error per wrong row.

The file is the body of the request, so the service needs no form parser. A dry run uses the same code and is then
rolled back, so its result is what an import would do. Not here: reading and storing rows (attendance/training).
Design: docs/design/training.md.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller
from shike.api.auth.scopes import load
from shike.api.classes.class_sessions import may_change_late
from shike.api.current import CurrentClock, CurrentIdentities, Db
from shike.api.moment import now
from shike.api.wire import PROBLEM, Id
from shike.attendance.tables.training import TrainingClassRow
from shike.attendance.training import rosters, sign_ins, timetable
from shike.attendance.training.cells import Tally
from shike.attendance.training.csv_files import Column, CsvFile, read, template
from shike.attendance.training.identities import Identities

router = APIRouter(tags=["imports"], responses=PROBLEM)


class ImportKind(StrEnum):
    """The kind of data in a file."""

    ROSTER = "roster"
    TIMETABLE = "timetable"
    SIGN_EVENTS = "sign_events"


COLUMNS: Mapping[ImportKind, Sequence[Column]] = {
    ImportKind.ROSTER: rosters.COLUMNS,
    ImportKind.TIMETABLE: timetable.COLUMNS,
    ImportKind.SIGN_EVENTS: sign_ins.COLUMNS,
}


class RowErrorOut(BaseModel):
    """Why a row was refused. `row`: its number in the file, from 1; ID and telephone numbers are masked."""

    row: int
    field: str
    code: str
    message: str
    value_masked: str


class ImportOut(BaseModel):
    """The result of an import. `accepted`: the sum of `created`, `updated`, `unchanged`. `applied`: rows were stored.

    `ignored_columns`: unknown headings. A row can have several errors.
    """

    kind: ImportKind
    dry_run: bool
    applied: bool
    rows: int
    accepted: int
    created: int
    updated: int
    unchanged: int
    refused: int
    ignored_columns: list[str]
    errors: list[RowErrorOut]


@dataclass(frozen=True)
class Receiver:
    """Stores the rows of one file for a class. `late`: sessions that have begun may be changed."""

    db: DbSession
    training_class: TrainingClassRow
    identities: Identities
    moment: datetime
    late: bool

    def take_in(self, kind: ImportKind, file: CsvFile) -> Tally:
        """Store every valid row; the tally has the errors of the others."""
        if kind is ImportKind.ROSTER:
            entries, errors = rosters.read(file)
            roster = rosters.Roster(self.db, self.training_class, self.identities, self.moment)
            tally = rosters.take_in(roster, entries)
        elif kind is ImportKind.TIMETABLE:
            lines, errors = timetable.read(file)
            tally = timetable.take_in(
                timetable.Timetable(self.db, self.training_class, self.moment, late=self.late), lines
            )
        else:
            events, errors = sign_ins.read(file)
            tally = sign_ins.SignSheet(self.db, self.training_class, self.identities, self.moment).take_in(events)
        tally.errors = sorted([*errors, *tally.errors], key=lambda error: error.row)
        return tally


class ImportQuery(BaseModel):
    """The class of a file. `dry_run`: store nothing. `skip_bad`: store the valid rows although others are refused."""

    class_id: Id
    dry_run: bool = False
    skip_bad: bool = False


@router.post("/api/imports/{kind}")
def import_file(
    kind: ImportKind,
    wanted: Annotated[ImportQuery, Query()],
    data: Annotated[bytes, Body(media_type="text/csv")],
    db: Db,
    caller: CurrentCaller,
    clock: CurrentClock,
    identities: CurrentIdentities,
) -> ImportOut:
    """Import a CSV file (UTF-8 or GB18030) for a class. If a row is refused nothing is stored, unless `skip_bad`.

    Importing the same file again changes nothing. 422 on `file` if it cannot be read as a table.
    """
    training_class = load(db, caller.viewer, TrainingClassRow, wanted.class_id)
    file = read(data, COLUMNS[kind])
    savepoint = db.begin_nested()
    receiver = Receiver(db, training_class, identities, now(clock), may_change_late(caller.viewer))
    tally = receiver.take_in(kind, file)
    applied = not wanted.dry_run and (wanted.skip_bad or not tally.errors)
    if applied:
        savepoint.commit()
    else:
        savepoint.rollback()
    refused = len({error.row for error in tally.errors})
    out = ImportOut(
        kind=kind,
        dry_run=wanted.dry_run,
        applied=applied,
        rows=len(file.rows),
        accepted=tally.accepted,
        created=tally.created,
        updated=tally.updated,
        unchanged=tally.unchanged,
        refused=refused,
        ignored_columns=list(file.ignored),
        errors=[RowErrorOut.model_validate(error, from_attributes=True) for error in tally.errors],
    )
    if applied:
        counts = out.model_dump(include={"rows", "created", "updated", "unchanged", "refused"})
        detail = {"kind": kind.value, "sha256": hashlib.sha256(data).hexdigest(), **counts}
        audit.write(db, clock, caller, "import", audit.place_of(db, training_class), **detail)
    return out


@router.get("/api/imports/{kind}/template.csv", response_class=Response)
def import_template(kind: ImportKind, language: Literal["zh", "en"] = "zh") -> Response:
    """A template: the headings and one example row."""
    name = f'attachment; filename="{kind.value}-{language}.csv"'
    content = template(COLUMNS[kind], language)
    return Response(content, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})
