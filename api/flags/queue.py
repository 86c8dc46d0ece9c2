"""Flags: the queue of what looks wrong, the evidence of one, and what a person says about it.

A verdict needs a note and goes into the audit trail; the class session is then judged again with it. Not here: when a
flag is raised (attendance/flags.py). Design: docs/design/judgement.md.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, StringConstraints
from sqlalchemy import case, select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.scopes import load, visible
from shike.api.current import CurrentAcceptances, CurrentClock, CurrentFootage, Db, SampleEvery
from shike.api.errors import Conflict
from shike.api.flags.shapes import FlagOut, RoomCountOut, SignedOut, count_outs, flag_outs
from shike.api.moment import Moment, now
from shike.api.wire import PROBLEM, Body, Items
from shike.attendance.footage.index import Footage
from shike.attendance.judgement.flags import FlagCode, Severity
from shike.attendance.judgement.gathering import Acceptances, room_counts, samples_of, signs_of
from shike.attendance.judgement.presence import SignedIn, stays
from shike.attendance.tables.counting import SampleRow
from shike.attendance.tables.judgement import AttendanceRecordRow, FlagRow, FlagState, FlagVerdictRow
from shike.attendance.tables.registry import CameraRow, RoomRow
from shike.attendance.tables.training import ClassSessionRow
from shike.capture.moment import from_us, to_us

router = APIRouter(tags=["flags"], responses=PROBLEM)

MOST_LISTED = 500
AROUND = timedelta(minutes=10)
LEAD = timedelta(seconds=30)
PICTURE_WITHIN_US = 30_000_000

FlagVerdict = Literal["confirmed", "rejected", "undecidable"]
VerdictReason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=2000)]


class VerdictIn(Body):
    """What a person says about a flag, and why."""

    verdict: FlagVerdict
    note: VerdictReason


class PictureOut(BaseModel):
    """A picture to look at; its address is /api/cameras/{camera_id}/picture.jpg?at={at}."""

    label: Literal["before", "moment", "middle", "end"]
    at: Moment
    camera_id: str


class WhyOut(BaseModel):
    """Why a flag was raised: what was found, and what it was held against."""

    code: FlagCode
    values: dict[str, Any]
    limits: dict[str, Any]


class MadeOut(BaseModel):
    """How a flag was made."""

    models: list[str]
    rule_version: str
    record_version: int | None


class HistoryOut(BaseModel):
    """What happened to a flag: it was opened, withdrawn, or judged by somebody with a note."""

    what: Literal["opened", "withdrawn", "confirmed", "rejected", "undecidable"]
    at: Moment
    account_name: str | None
    note: str | None


class FlagDetail(FlagOut):
    """A flag with everything that speaks for and against it.

    `against`: live, not_final_count, gaps, invalid_pictures, larger_of_views, imported, simulated.
    """

    pictures: list[PictureOut]
    counts: list[RoomCountOut]
    signed: list[SignedOut]
    expected: int | None
    why: WhyOut
    against: list[str]
    made: MadeOut
    history: list[HistoryOut]


@router.get("/api/flags")
def list_flags(
    db: Db,
    viewer: CurrentViewer,
    state: Annotated[list[FlagState] | None, Query()] = None,
    severity: Annotated[list[Severity] | None, Query()] = None,
    code: Annotated[list[FlagCode] | None, Query()] = None,
    class_session_id: str | None = None,
    institution_id: str | None = None,
    room_id: str | None = None,
) -> Items[FlagOut]:
    """Flags in scope, the gravest first and of those the newest; at most 500."""
    query = visible(viewer, FlagRow)
    for column, wanted in ((FlagRow.state, state), (FlagRow.severity, severity), (FlagRow.code, code)):
        if wanted:
            query = query.where(column.in_(wanted))
    if class_session_id is not None:
        query = query.where(FlagRow.class_session_id == class_session_id)
    if institution_id is not None:
        query = query.where(FlagRow.institution_id == institution_id)
    if room_id is not None:
        query = query.where(FlagRow.room_id == room_id)
    gravest = case({"red": 0, "yellow": 1}, value=FlagRow.severity, else_=2)
    query = query.order_by(gravest, FlagRow.window_from.desc(), FlagRow.id).limit(MOST_LISTED)
    return Items(items=flag_outs(db, list(db.scalars(query))))


@router.get("/api/flags/{flag_id}")
def get_flag(
    flag_id: str,
    db: Db,
    viewer: CurrentViewer,
    footage: CurrentFootage,
    acceptances: CurrentAcceptances,
    every_us: SampleEvery,
) -> FlagDetail:
    """One flag with its evidence."""
    return _detail(db, load(db, viewer, FlagRow, flag_id), footage, acceptances, every_us)


@router.post("/api/flags/{flag_id}/verdict")
def judge_flag(
    flag_id: str,
    body: VerdictIn,
    db: Db,
    caller: CurrentCaller,
    clock: CurrentClock,
    footage: CurrentFootage,
    acceptances: CurrentAcceptances,
    every_us: SampleEvery,
) -> FlagDetail:
    """Say about a flag what it is. Again is allowed: the last word counts, every word is kept."""
    flag = load(db, caller.viewer, FlagRow, flag_id)
    if flag.state == "withdrawn":
        raise Conflict("the flag was withdrawn: what it said does not hold any more", code="withdrawn")
    flag.state, flag.updated_at = body.verdict, now(clock)
    db.add(
        FlagVerdictRow(
            flag_id=flag.id,
            verdict=body.verdict,
            note=body.note,
            account_id=caller.viewer.account_id,
            account_name=caller.viewer.name,
            at=now(clock),
        )
    )
    place = audit.place_of(db, load(db, caller.viewer, RoomRow, flag.room_id))
    audit.write(db, clock, caller, "verdict", place, flag_id=flag.id, code=flag.code, verdict=body.verdict)
    db.flush()
    return _detail(db, flag, footage, acceptances, every_us)


def _detail(db: DbSession, flag: FlagRow, footage: Footage, acceptances: Acceptances, every_us: int) -> FlagDetail:
    cameras = list(
        db.scalars(select(CameraRow.id).where(CameraRow.room_id == flag.room_id).order_by(CameraRow.name, CameraRow.id))
    )
    start, end = flag.window_from - AROUND, flag.window_to + AROUND
    samples = samples_of(db, cameras, start, end)
    inside = [each for each in samples if flag.window_from <= each.picture_at < flag.window_to]
    signed = SignedIn(stays(signs_of(db, flag.class_session_id))) if flag.class_session_id else SignedIn({})
    record = db.get(AttendanceRecordRow, flag.record_id) if flag.record_id else None
    out = flag_outs(db, [flag])[0]
    return FlagDetail(
        **dict(out),
        pictures=_pictures(flag, [flag.camera_id] if flag.camera_id else cameras, footage),
        counts=count_outs(acceptances.of(db, flag.room_id).narrow(room_counts(samples, every_us))),
        signed=[SignedOut(at=from_us(at), n=n) for at, n in signed.steps(to_us(start), to_us(end))],
        expected=record.body["room"]["expected"] if record else None,
        why=WhyOut(code=out.code, values=out.values, limits=out.limits),
        against=_against(db, flag, inside),
        made=MadeOut(
            models=sorted({each.model for each in inside}),
            rule_version=flag.rule_version,
            record_version=record.version if record else None,
        ),
        history=_history(db, flag),
    )


def _pictures(flag: FlagRow, cameras: Sequence[str], footage: Footage) -> list[PictureOut]:
    """A picture before the window, at its moment, in its middle and at its end, of cameras that have one."""
    moments: list[tuple[Literal["before", "moment", "middle", "end"], datetime]] = [
        ("before", flag.window_from - LEAD),
        ("moment", flag.moment_at),
        ("middle", flag.window_from + (flag.window_to - flag.window_from) / 2),
        ("end", flag.window_to - timedelta(seconds=1)),
    ]
    found = []
    for camera_id in cameras:
        first, last = to_us(moments[0][1]) - PICTURE_WITHIN_US, to_us(flag.window_to)
        pieces = footage.pieces(camera_id, "main", first, max(last, to_us(flag.moment_at) + 1))
        for label, moment in moments:
            at_us = to_us(moment)
            if any(piece.start_us <= at_us < piece.end_us for piece in pieces):
                found.append(PictureOut(label=label, at=moment, camera_id=camera_id))
    return found


def _against(db: DbSession, flag: FlagRow, samples: Sequence[SampleRow]) -> list[str]:
    """What a person should hold against the flag before they believe it."""
    gaps = select(FlagRow.id).where(
        FlagRow.class_session_id == flag.class_session_id,
        FlagRow.id != flag.id,
        FlagRow.code.in_(("CAMERA_DOWN", "VIDEO_GAP")),
        FlagRow.state != "withdrawn",
        FlagRow.window_from < flag.window_to,
        FlagRow.window_to > flag.window_from,
    )
    session = db.get(ClassSessionRow, flag.class_session_id) if flag.class_session_id else None
    said = {
        "live": flag.live,
        "not_final_count": session is not None and session.state != "final" and not flag.live,
        "gaps": db.scalars(gaps).first() is not None,
        "invalid_pictures": any(not each.valid for each in samples),
        "larger_of_views": len({each.camera_id for each in samples}) > 1,
        "imported": any(each.origin == "imported" for each in samples),
        "simulated": any(each.simulated for each in samples),
    }
    return [name for name, holds in said.items() if holds]


def _history(db: DbSession, flag: FlagRow) -> list[HistoryOut]:
    verdicts = db.scalars(select(FlagVerdictRow).where(FlagVerdictRow.flag_id == flag.id).order_by(FlagVerdictRow.at))
    happened = [HistoryOut(what="opened", at=flag.opened_at, account_name=None, note=None)]
    for each in verdicts:
        verdict: Any = each.verdict
        happened.append(HistoryOut(what=verdict, at=each.at, account_name=each.account_name, note=each.note))
    if flag.state == "withdrawn":
        happened.append(HistoryOut(what="withdrawn", at=flag.updated_at, account_name=None, note=None))
    return happened
