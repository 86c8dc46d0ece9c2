"""The evidence of one flag: pictures, head counts, people signed in, what speaks against it, and its history.

Here: the JSON shapes of the evidence, and the queries that fill them. Not here: the routes and verdicts (queue.py), a
flag without its evidence (shapes.py). Design: docs/design/judgement.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Depends
from pydantic import BaseModel, Field, RootModel
from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.api.current import CurrentAcceptances, CurrentFootage, SampleEvery
from shike.api.flags.shapes import (
    CameraDownFlag,
    EarlyEndFlag,
    EmptyRoomFlag,
    LateStartFlag,
    LowConfidenceFlag,
    LowTurnoutFlag,
    RoomCountOut,
    SignedOut,
    UnseenFlag,
    VideoGapFlag,
    count_outs,
    flag_outs,
)
from shike.api.moment import Moment
from shike.attendance.footage.index import Footage
from shike.attendance.judgement.flag_facts import FlagFacts
from shike.attendance.judgement.gathering import room_counts, samples_of, signs_of
from shike.attendance.judgement.presence import SignedIn, stays
from shike.attendance.tables.counting import SampleRow
from shike.attendance.tables.judgement import AttendanceRecordRow, FlagRow, FlagVerdictRow
from shike.attendance.tables.registry import CameraRow
from shike.attendance.tables.training import ClassSessionRow
from shike.capture.moment import from_us, to_us

AROUND = timedelta(minutes=10)
"""Head counts are shown this long before and after the window of the flag."""
LEAD = timedelta(seconds=30)
"""The picture "before" is this long before the window."""
PICTURE_WITHIN_US = 30_000_000


@dataclass(frozen=True, slots=True)
class EvidenceSources:
    """What evidence is read from, besides the database. `every_us`: the sample interval."""

    footage: CurrentFootage
    acceptances: CurrentAcceptances
    every_us: SampleEvery


CurrentEvidence = Annotated[EvidenceSources, Depends()]


class PictureOut(BaseModel):
    """A picture to look at, served at /api/cameras/{camera_id}/picture.jpg?at={at}."""

    label: Literal["before", "moment", "middle", "end"]
    at: Moment
    camera_id: str


class MadeOut(BaseModel):
    """How a flag was made: the detectors (name of the model), and the versions of the rules and of the record."""

    models: list[str]
    rule_version: str
    record_version: int | None


class HistoryOut(BaseModel):
    """One event in the history of a flag: opened, withdrawn, or a person's verdict with a note."""

    what: Literal["opened", "withdrawn", "confirmed", "rejected", "undecidable"]
    at: Moment
    account_name: str | None
    note: str | None


class FlagEvidence(BaseModel):
    """Everything that speaks for and against a flag, beside the flag itself.

    `why`: the flag's code, values and limits once more. `expected`: people enrolled and not on leave.
    `against`: live, not_final_count, gaps, invalid_pictures, larger_of_views, imported, simulated.
    """

    pictures: list[PictureOut]
    counts: list[RoomCountOut]
    signed: list[SignedOut]
    expected: int | None
    why: Annotated[FlagFacts, Field(discriminator="code")]
    against: list[str]
    made: MadeOut
    history: list[HistoryOut]


class EmptyRoomDetail(EmptyRoomFlag, FlagEvidence):
    """An empty room with its evidence."""


class LateStartDetail(LateStartFlag, FlagEvidence):
    """A late start with its evidence."""


class EarlyEndDetail(EarlyEndFlag, FlagEvidence):
    """An early end with its evidence."""


class LowTurnoutDetail(LowTurnoutFlag, FlagEvidence):
    """A low turnout with its evidence."""


class UnseenDetail(UnseenFlag, FlagEvidence):
    """More people signed in than in the room, with its evidence."""


class CameraDownDetail(CameraDownFlag, FlagEvidence):
    """A camera that was down with its evidence."""


class VideoGapDetail(VideoGapFlag, FlagEvidence):
    """A time without footage with its evidence."""


class LowConfidenceDetail(LowConfidenceFlag, FlagEvidence):
    """Too few minutes counted with its evidence."""


AnyDetail = (
    EmptyRoomDetail
    | LateStartDetail
    | EarlyEndDetail
    | LowTurnoutDetail
    | UnseenDetail
    | CameraDownDetail
    | VideoGapDetail
    | LowConfidenceDetail
)


class FlagDetail(RootModel[Annotated[AnyDetail, Field(discriminator="code")]]):
    """A flag with its evidence. `code` says which values and limits it has, as in FlagOut."""


def flag_detail(db: DbSession, flag: FlagRow, sources: EvidenceSources) -> FlagDetail:
    """A stored flag with its evidence, as the API serves it. Checks no permission."""
    cameras = list(
        db.scalars(select(CameraRow.id).where(CameraRow.room_id == flag.room_id).order_by(CameraRow.name, CameraRow.id))
    )
    start, end = flag.window_from - AROUND, flag.window_to + AROUND
    samples = samples_of(db, cameras, start, end)
    inside = [each for each in samples if flag.window_from <= each.picture_at < flag.window_to]
    signed = SignedIn(stays(signs_of(db, flag.class_session_id))) if flag.class_session_id else SignedIn({})
    record = db.get(AttendanceRecordRow, flag.record_id) if flag.record_id else None
    counts = sources.acceptances.of(db, flag.room_id).narrow(room_counts(samples, sources.every_us))
    out = flag_outs(db, [flag])[0].root
    return FlagDetail.model_validate(
        {
            **dict(out),
            "pictures": _pictures(flag, [flag.camera_id] if flag.camera_id else cameras, sources.footage),
            "counts": count_outs(counts),
            "signed": [SignedOut(at=from_us(at), n=n) for at, n in signed.steps(to_us(start), to_us(end))],
            "expected": record.body["room"]["expected"] if record else None,
            "why": {"code": out.code, "values": out.values, "limits": out.limits},
            "against": _against(db, flag, inside),
            "made": MadeOut(
                models=sorted({each.model for each in inside}),
                rule_version=flag.rule_version,
                record_version=record.version if record else None,
            ),
            "history": _history(db, flag),
        }
    )


def _pictures(flag: FlagRow, cameras: Sequence[str], footage: Footage) -> list[PictureOut]:
    """Per camera: pictures before the window, at its moment, in its middle and at its end, where footage exists."""
    moments: list[tuple[Literal["before", "moment", "middle", "end"], datetime]] = [
        ("before", flag.window_from - LEAD),
        ("moment", flag.moment_at),
        ("middle", flag.window_from + (flag.window_to - flag.window_from) / 2),
        ("end", flag.window_to - timedelta(seconds=1)),
    ]
    pictures = []
    for camera_id in cameras:
        first, last = to_us(moments[0][1]) - PICTURE_WITHIN_US, to_us(flag.window_to)
        pieces = footage.pieces(camera_id, "main", first, max(last, to_us(flag.moment_at) + 1))
        for label, moment in moments:
            at_us = to_us(moment)
            if any(piece.start_us <= at_us < piece.end_us for piece in pieces):
                pictures.append(PictureOut(label=label, at=moment, camera_id=camera_id))
    return pictures


def _against(db: DbSession, flag: FlagRow, samples: Sequence[SampleRow]) -> list[str]:
    """Codes of what speaks against the flag."""
    gaps = select(FlagRow.id).where(
        FlagRow.class_session_id == flag.class_session_id,
        FlagRow.id != flag.id,
        FlagRow.code.in_(("CAMERA_DOWN", "VIDEO_GAP")),
        FlagRow.state != "withdrawn",
        FlagRow.window_from < flag.window_to,
        FlagRow.window_to > flag.window_from,
    )
    session = db.get(ClassSessionRow, flag.class_session_id) if flag.class_session_id else None
    doubts = {
        "live": flag.live,
        "not_final_count": session is not None and session.state != "final" and not flag.live,
        "gaps": db.scalars(gaps).first() is not None,
        "invalid_pictures": any(not each.valid for each in samples),
        "larger_of_views": len({each.camera_id for each in samples}) > 1,
        "imported": any(each.origin == "imported" for each in samples),
        "simulated": any(each.simulated for each in samples),
    }
    return [name for name, applies in doubts.items() if applies]


def _history(db: DbSession, flag: FlagRow) -> list[HistoryOut]:
    verdicts = db.scalars(select(FlagVerdictRow).where(FlagVerdictRow.flag_id == flag.id).order_by(FlagVerdictRow.at))
    events = [HistoryOut(what="opened", at=flag.opened_at, account_name=None, note=None)]
    for each in verdicts:
        verdict: Any = each.verdict
        events.append(HistoryOut(what=verdict, at=each.at, account_name=each.account_name, note=each.note))
    if flag.state == "withdrawn":
        events.append(HistoryOut(what="withdrawn", at=flag.updated_at, account_name=None, note=None))
    return events
