"""The queue of flags and the verdicts on them: lists flags, returns one with its evidence, takes a person's verdict.

A verdict needs a note and is written to the audit trail; the class session is then judged again with it. Not here:
the evidence (evidence.py), when a flag is raised (attendance/judgement/flags.py). Design: docs/design/judgement.md.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, StringConstraints
from sqlalchemy import case

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.scopes import load, visible
from shike.api.current import CurrentClock, Db
from shike.api.errors import Conflict
from shike.api.flags.evidence import CurrentEvidence, FlagDetail, flag_detail
from shike.api.flags.shapes import FlagOut, flag_outs
from shike.api.moment import now
from shike.api.wire import PROBLEM, Body, Items
from shike.attendance.judgement.flag_facts import FlagCode
from shike.attendance.judgement.flags import Severity
from shike.attendance.tables.judgement import FlagRow, FlagState, FlagVerdictRow
from shike.attendance.tables.registry import RoomRow

router = APIRouter(tags=["flags"], responses=PROBLEM)

MOST_LISTED = 500

FlagVerdict = Literal["confirmed", "rejected", "undecidable"]
VerdictReason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=2000)]


class VerdictIn(Body):
    """A person's verdict on a flag, and the reason for it."""

    verdict: FlagVerdict
    note: VerdictReason


class FlagQuery(BaseModel):
    """Which flags to list: those that meet every condition that is given."""

    state: list[FlagState] | None = None
    severity: list[Severity] | None = None
    code: list[FlagCode] | None = None
    class_session_id: str | None = None
    institution_id: str | None = None
    room_id: str | None = None


@router.get("/api/flags")
def list_flags(db: Db, viewer: CurrentViewer, wanted: Annotated[FlagQuery, Query()]) -> Items[FlagOut]:
    """Flags in scope, the gravest first and of those the newest; at most 500."""
    query = visible(viewer, FlagRow)
    for column, values in (
        (FlagRow.state, wanted.state),
        (FlagRow.severity, wanted.severity),
        (FlagRow.code, wanted.code),
    ):
        if values:
            query = query.where(column.in_(values))
    if wanted.class_session_id is not None:
        query = query.where(FlagRow.class_session_id == wanted.class_session_id)
    if wanted.institution_id is not None:
        query = query.where(FlagRow.institution_id == wanted.institution_id)
    if wanted.room_id is not None:
        query = query.where(FlagRow.room_id == wanted.room_id)
    gravest = case({"red": 0, "yellow": 1}, value=FlagRow.severity, else_=2)
    query = query.order_by(gravest, FlagRow.window_from.desc(), FlagRow.id).limit(MOST_LISTED)
    return Items(items=flag_outs(db, list(db.scalars(query))))


@router.get("/api/flags/{flag_id}")
def get_flag(flag_id: str, db: Db, viewer: CurrentViewer, evidence: CurrentEvidence) -> FlagDetail:
    """One flag with its evidence."""
    return flag_detail(db, load(db, viewer, FlagRow, flag_id), evidence)


@router.post("/api/flags/{flag_id}/verdict")
def judge_flag(
    flag_id: str, body: VerdictIn, db: Db, caller: CurrentCaller, clock: CurrentClock, evidence: CurrentEvidence
) -> FlagDetail:
    """Give a verdict on a flag. It may be given again: the last verdict holds, and all are kept."""
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
    return flag_detail(db, flag, evidence)
