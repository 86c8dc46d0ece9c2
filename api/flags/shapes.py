"""JSON shapes of judgement, shared by flags, acceptance and the page of a class session.

Here: counts, people signed in, and one flag per code, told apart by `code`. What the values and limits of a flag mean
is in attendance/judgement/flag_facts.py. Design: docs/design/judgement.md.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel
from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.api.moment import Moment
from shike.attendance.judgement.flag_facts import (
    BeginLimits,
    CameraDownLimits,
    CameraDownValues,
    EarlyEndValues,
    EmptyRoomLimits,
    EmptyRoomValues,
    LateStartValues,
    LowConfidenceLimits,
    LowConfidenceValues,
    LowTurnoutLimits,
    LowTurnoutValues,
    UnseenLimits,
    UnseenValues,
    VideoGapLimits,
    VideoGapValues,
)
from shike.attendance.judgement.flags import Severity
from shike.attendance.judgement.room_counts import RoomCount
from shike.attendance.tables.judgement import FlagRow, FlagState
from shike.attendance.tables.registry import InstitutionRow, RoomRow
from shike.attendance.tables.training import ClassSessionRow, TrainingClassRow
from shike.capture.moment import from_us


class WindowOut(BaseModel):
    """A window of time [from, to)."""

    model_config = ConfigDict(populate_by_name=True)

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")


class RoomCountOut(BaseModel):
    """People in a room at a time; nulls if no picture could be counted. `cameras`: those whose pictures were used."""

    at: Moment
    count: int | None
    low: int | None
    high: int | None
    valid: bool
    cameras: list[str]


class SignedOut(BaseModel):
    """`n` people are signed in from this moment on."""

    at: Moment
    n: int


class FlagCommon(WindowOut):
    """What flags of every code have. `moment_at`: where to begin playing.

    `live`: the class session is not settled, and the flag may be withdrawn.
    """

    id: str
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
    rule_version: str
    opened_at: Moment
    updated_at: Moment


class EmptyRoomFlag(FlagCommon):
    """An empty room where a class was planned."""

    code: Literal["EMPTY_ROOM"]
    values: EmptyRoomValues
    limits: EmptyRoomLimits


class LateStartFlag(FlagCommon):
    """A class that began later than planned, or never."""

    code: Literal["LATE_START"]
    values: LateStartValues
    limits: BeginLimits


class EarlyEndFlag(FlagCommon):
    """A class that ended earlier than planned."""

    code: Literal["EARLY_END"]
    values: EarlyEndValues
    limits: BeginLimits


class LowTurnoutFlag(FlagCommon):
    """Fewer people in the room than expected."""

    code: Literal["LOW_TURNOUT"]
    values: LowTurnoutValues
    limits: LowTurnoutLimits


class UnseenFlag(FlagCommon):
    """More people signed in than in the room."""

    code: Literal["SIGNIN_GT_COUNT"]
    values: UnseenValues
    limits: UnseenLimits


class CameraDownFlag(FlagCommon):
    """Cameras of the room have no footage, though they were to record."""

    code: Literal["CAMERA_DOWN"]
    values: CameraDownValues
    limits: CameraDownLimits


class VideoGapFlag(FlagCommon):
    """No camera of the room has footage."""

    code: Literal["VIDEO_GAP"]
    values: VideoGapValues
    limits: VideoGapLimits


class LowConfidenceFlag(FlagCommon):
    """Too few minutes could be counted to judge the session by its head counts."""

    code: Literal["LOW_CONFIDENCE"]
    values: LowConfidenceValues
    limits: LowConfidenceLimits


AnyFlag = (
    EmptyRoomFlag
    | LateStartFlag
    | EarlyEndFlag
    | LowTurnoutFlag
    | UnseenFlag
    | CameraDownFlag
    | VideoGapFlag
    | LowConfidenceFlag
)


class FlagOut(RootModel[Annotated[AnyFlag, Field(discriminator="code")]]):
    """A flag. `code` says which values (what was observed) and limits (what they are compared with) it has."""


def count_outs(counts: Iterable[RoomCount]) -> list[RoomCountOut]:
    """Room counts as the API serves them."""
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
    """Stored flags as the API serves them, in the given order, with the names of room, institution and class.

    Checks no permission: the caller's query selects only flags that the viewer may see.
    """
    session_ids = {flag.class_session_id for flag in flags if flag.class_session_id}
    rows = db.execute(
        select(ClassSessionRow, TrainingClassRow)
        .join(TrainingClassRow, TrainingClassRow.id == ClassSessionRow.class_id)
        .where(ClassSessionRow.id.in_(session_ids))
    )
    sessions = {session.id: (session, training_class) for session, training_class in rows}
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
            FlagOut.model_validate(
                {
                    "id": flag.id,
                    "code": flag.code,
                    "severity": flag.severity,
                    "state": flag.state,
                    "live": flag.live,
                    "class_session_id": flag.class_session_id,
                    "class_id": training_class.id if training_class else None,
                    "class_name": training_class.name if training_class else None,
                    "class_number": training_class.number if training_class else None,
                    "sequence": session.sequence if session else None,
                    "room_id": flag.room_id,
                    "room_name": room_name,
                    "institution_id": flag.institution_id,
                    "institution_name": institution_name,
                    "camera_id": flag.camera_id,
                    "from": flag.window_from,
                    "to": flag.window_to,
                    "moment_at": flag.moment_at,
                    "values": flag.values,
                    "limits": flag.values["limits"],
                    "rule_version": flag.rule_version,
                    "opened_at": flag.opened_at,
                    "updated_at": flag.updated_at,
                }
            )
        )
    return outs
