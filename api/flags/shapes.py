"""Shapes of judgement on the wire, shared by flags, acceptance and the page of a class session."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.api.moment import Moment
from shike.attendance.judgement.flags import FlagCode, Severity
from shike.attendance.judgement.room_counts import RoomCount
from shike.attendance.tables.judgement import FlagRow, FlagState
from shike.attendance.tables.registry import InstitutionRow, RoomRow
from shike.attendance.tables.training import ClassSessionRow, TrainingClassRow
from shike.capture.moment import from_us


class WindowOut(BaseModel):
    """A stretch of time, its end left out."""

    model_config = ConfigDict(populate_by_name=True)

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")


class RoomCountOut(BaseModel):
    """People in a room at a time; nulls where no picture could be counted. `cameras`: whose pictures went in."""

    at: Moment
    count: int | None
    low: int | None
    high: int | None
    valid: bool
    cameras: list[str]


class SignedOut(BaseModel):
    """From this moment on so many people are signed in."""

    at: Moment
    n: int


class FlagOut(WindowOut):
    """A flag. `values` is what was found, `limits` what it was held against; `moment_at` is the first to play.

    `live`: the class session is not settled, and the flag may go away by itself.
    """

    id: str
    code: FlagCode
    severity: Severity
    state: FlagState
    live: bool
    class_session_id: str | None
    class_id: str | None
    class_name: str | None
    class_number: str | None
    sequence: int | None
    room_id: str
    room_name: str
    institution_id: str
    institution_name: str
    camera_id: str | None
    moment_at: Moment
    values: dict[str, Any]
    limits: dict[str, Any]
    rule_version: str
    opened_at: Moment
    updated_at: Moment


def count_outs(counts: Iterable[RoomCount]) -> list[RoomCountOut]:
    """Counts on the wire."""
    return [
        RoomCountOut(
            at=from_us(each.at_us),
            count=each.count if each.valid else None,
            low=each.low if each.valid else None,
            high=each.high if each.valid else None,
            valid=each.valid,
            cameras=list(each.cameras),
        )
        for each in counts
    ]


def flag_outs(db: DbSession, flags: Sequence[FlagRow]) -> list[FlagOut]:
    """Flags on the wire in the order given, with the names of what they are about. Scoping is the caller's."""
    session_ids = {flag.class_session_id for flag in flags if flag.class_session_id}
    found = db.execute(
        select(ClassSessionRow, TrainingClassRow)
        .join(TrainingClassRow, TrainingClassRow.id == ClassSessionRow.class_id)
        .where(ClassSessionRow.id.in_(session_ids))
    )
    sessions = {session.id: (session, training_class) for session, training_class in found}
    places = {
        room.id: (room.name, name)
        for room, name in db.execute(
            select(RoomRow, InstitutionRow.name)
            .join(InstitutionRow, InstitutionRow.id == RoomRow.institution_id)
            .where(RoomRow.id.in_({flag.room_id for flag in flags}))
        )
    }
    outs = []
    for flag in flags:
        session, training_class = sessions.get(flag.class_session_id or "", (None, None))
        room_name, institution_name = places[flag.room_id]
        outs.append(
            FlagOut(
                id=flag.id,
                code=flag.code,
                severity=flag.severity,
                state=flag.state,
                live=flag.live,
                class_session_id=flag.class_session_id,
                class_id=training_class.id if training_class else None,
                class_name=training_class.name if training_class else None,
                class_number=training_class.number if training_class else None,
                sequence=session.sequence if session else None,
                room_id=flag.room_id,
                room_name=room_name,
                institution_id=flag.institution_id,
                institution_name=institution_name,
                camera_id=flag.camera_id,
                start=flag.window_from,
                end=flag.window_to,
                moment_at=flag.moment_at,
                values={name: value for name, value in flag.values.items() if name != "limits"},
                limits=flag.values.get("limits", {}),
                rule_version=flag.rule_version,
                opened_at=flag.opened_at,
                updated_at=flag.updated_at,
            )
        )
    return outs
