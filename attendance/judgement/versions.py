"""Stores judgements: versions of attendance records, and flags. A flag keeps its verdict when judged again.

Storing the same judgement twice changes nothing. Not here: judging itself (records.py, flags.py), when a session is
judged (evaluation.py). Design: docs/design/judgement.md.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session as DbSession

from shike.attendance.judgement.flag_facts import stored_facts
from shike.attendance.judgement.flags import RULES, Flag
from shike.attendance.judgement.gathering import Gathered
from shike.attendance.judgement.inputs import GROWTH_US
from shike.attendance.judgement.records import AttendanceRecord
from shike.attendance.tables.judgement import AttendanceRecordRow, FlagRow
from shike.attendance.tables.training import ClassSessionRow
from shike.capture.moment import from_us, to_us


def newest_record(db: DbSession, session_id: str) -> AttendanceRecordRow | None:
    """The version in force of a class session's record."""
    return db.scalars(
        select(AttendanceRecordRow)
        .where(AttendanceRecordRow.class_session_id == session_id)
        .order_by(AttendanceRecordRow.version.desc())
        .limit(1)
    ).first()


def reopen(db: DbSession, which: ColumnElement[bool]) -> None:
    """Mark settled class sessions to be judged again soon, after a change that their rows do not show.

    `which`: a condition on ClassSessionRow.
    """
    settled = update(ClassSessionRow).where(which, ClassSessionRow.state == "final").values(state="ended")
    db.execute(settled, execution_options={"synchronize_session": "fetch"})


def store_judgement(
    db: DbSession, gathered: Gathered, record: AttendanceRecord, flags: Sequence[Flag], moment: datetime
) -> bool:
    """Store a judgement. False if the stored one was made from the same inputs."""
    newest = newest_record(db, gathered.session_id)
    if newest is not None and (newest.inputs_digest, newest.final) == (record.inputs_digest, record.final):
        return False
    row = _keep_record(db, newest, record, moment)
    if gathered.room_id is not None and gathered.institution_id is not None:
        _keep_flags(db, gathered, flags, row, moment)
    return True


def _keep_record(
    db: DbSession, newest: AttendanceRecordRow | None, record: AttendanceRecord, moment: datetime
) -> AttendanceRecordRow:
    """Write the record. A final version is never changed; a provisional one is overwritten until it is final."""
    row = newest
    if row is None or row.final:
        row = AttendanceRecordRow(
            class_session_id=record.session_id, version=1 if newest is None else newest.version + 1
        )
        db.add(row)
    row.inputs_digest, row.settings_version = record.inputs_digest, record.settings_version
    row.final, row.body, row.created_at = record.final, record.body(), moment
    db.flush()
    return row


def _keep_flags(
    db: DbSession, gathered: Gathered, flags: Sequence[Flag], record: AttendanceRecordRow, moment: datetime
) -> None:
    kept = list(db.scalars(select(FlagRow).where(FlagRow.class_session_id == gathered.session_id)))
    for flag, row in _matched(flags, kept):
        if row is None:
            assert gathered.room_id is not None and gathered.institution_id is not None
            row = FlagRow(
                class_session_id=gathered.session_id,
                room_id=gathered.room_id,
                institution_id=gathered.institution_id,
                code=flag.code,
                state="open",
                opened_at=moment,
            )
            _write(row, flag, gathered, record, moment)
            db.add(row)
        else:
            kept.remove(row)
            _renew(row, flag, gathered, record, moment)
    for row in kept:
        if row.state == "open" or row.live:
            row.state = "withdrawn" if row.state == "open" else row.state
            row.live, row.updated_at = False, moment
    db.flush()


def _matched(flags: Sequence[Flag], kept: Sequence[FlagRow]) -> list[tuple[Flag, FlagRow | None]]:
    """Each flag with the stored row of the same case: code and beginning are equal, else the windows overlap."""
    left = list(kept)
    matches: list[tuple[Flag, FlagRow | None]] = []
    exact = {(row.code, to_us(row.window_from)): row for row in left}
    rest: list[Flag] = []
    for flag in flags:
        row = exact.get((flag.code, flag.start_us))
        if row is None:
            rest.append(flag)
        else:
            left.remove(row)
            matches.append((flag, row))
    for flag in rest:
        row = next((row for row in left if row.state != "withdrawn" and _same_case(flag, row)), None)
        if row is not None:
            left.remove(row)
        matches.append((flag, row))
    return matches


def _same_case(flag: Flag, row: FlagRow) -> bool:
    return row.code == flag.code and to_us(row.window_from) < flag.end_us and flag.start_us < to_us(row.window_to)


def _renew(row: FlagRow, flag: Flag, gathered: Gathered, record: AttendanceRecordRow, moment: datetime) -> None:
    """Update a stored flag. One with a verdict stays unchanged, unless it has grown by more than GROWTH_US."""
    if row.state in ("open", "withdrawn") or flag.end_us > to_us(row.window_to) + GROWTH_US:
        row.state = "open"
        _write(row, flag, gathered, record, moment)
    elif row.live != flag.live:
        row.live, row.updated_at = flag.live, moment


def _write(row: FlagRow, flag: Flag, gathered: Gathered, record: AttendanceRecordRow, moment: datetime) -> None:
    row.severity, row.live, row.camera_id = flag.severity, flag.live, flag.camera_id
    row.window_from, row.window_to = from_us(flag.start_us), from_us(flag.end_us)
    row.moment_at, row.updated_at = from_us(flag.moment_us), moment
    row.values = stored_facts(flag.facts)
    row.rule_version = f"{RULES} {gathered.thresholds.version}"
    row.record_id = record.id
