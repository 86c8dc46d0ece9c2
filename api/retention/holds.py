"""Holds (封存): ranges of footage that nothing deletes, with who placed them and why, until somebody releases them.

A hold is never removed; a release is a change of its row. What flags hold by themselves is attendance/holds.py.
Design: docs/design/retention.md, "Holds".
"""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.scopes import load, named, visible
from shike.api.current import CurrentClock, Db
from shike.api.errors import Conflict, Invalid
from shike.api.moment import Moment, now
from shike.api.wire import PROBLEM, Body, Id, Page, ReasonText
from shike.attendance.tables.footage import SegmentRow
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RoomRow
from shike.attendance.tables.retention import DeletionRow, HoldRow
from shike.capture.archive.segment import STREAMS
from shike.capture.moment import rfc3339

router = APIRouter(tags=["holds"], responses=PROBLEM)

LONGEST = timedelta(days=3660)
_LONGEST_SEGMENT = timedelta(minutes=30)


class HoldIn(Body):
    """A range of one camera, or of all cameras of a room."""

    camera_id: Id | None = None
    room_id: Id | None = None
    start: AwareDatetime = Field(alias="from")
    end: AwareDatetime = Field(alias="to")
    reason: ReasonText


class ReleaseIn(Body):
    reason: ReasonText


class HoldOut(BaseModel):
    """A hold, and what of its range is there now and what a rule had deleted before."""

    id: str
    institution_name: str
    room_id: str
    room_name: str
    camera_id: str | None
    camera_name: str | None
    cameras: int
    start: Moment = Field(serialization_alias="from")
    end: Moment = Field(serialization_alias="to")
    reason: str
    placed_by_name: str
    placed_at: Moment
    released_by_name: str | None
    released_at: Moment | None
    release_reason: str | None
    segments: int
    bytes: int
    deleted_segments: int


@router.get("/api/holds")
def list_holds(
    db: Db,
    viewer: CurrentViewer,
    state: Literal["active", "released", "all"] = "active",
    room_id: Id | None = None,
    camera_id: Id | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[HoldOut]:
    """Holds in scope, those placed last first. `cursor` is the id of the last one seen."""
    query = visible(viewer, HoldRow).order_by(HoldRow.id.desc()).limit(limit + 1)
    if state != "all":
        query = query.where(HoldRow.released_at.is_(None) if state == "active" else HoldRow.released_at.is_not(None))
    if camera_id is not None:
        room_id = load(db, viewer, CameraRow, camera_id).room_id
        query = query.where(HoldRow.camera_id.is_(None) | (HoldRow.camera_id == camera_id))
    if room_id is not None:
        query = query.where(HoldRow.room_id == room_id)
    if cursor is not None:
        query = query.where(HoldRow.id < cursor)
    rows = list(db.scalars(query))
    items = [hold_out(db, row) for row in rows[:limit]]
    return Page(items=items, next_cursor=items[-1].id if len(rows) > limit else None)


@router.post("/api/holds", status_code=201)
def place_hold(body: HoldIn, db: Db, caller: CurrentCaller, clock: CurrentClock) -> HoldOut:
    """Hold a range. What a rule has deleted already does not come back; the answer says how much that is."""
    viewer = caller.viewer
    if (body.camera_id is None) == (body.room_id is None):
        raise Invalid("camera_id", "one_of", "name a camera or a room")
    if body.end <= body.start:
        raise Invalid("to", "not_after_from", "the range must end after it begins")
    if body.end - body.start > LONGEST:
        raise Invalid("to", "too_long", f"at most {LONGEST.days} days at once")
    camera = None if body.camera_id is None else named(db, viewer, CameraRow, body.camera_id, "camera_id")
    room = db.get_one(RoomRow, camera.room_id) if camera else named(db, viewer, RoomRow, body.room_id or "", "room_id")
    cameras = [camera.id] if camera else list(db.scalars(select(CameraRow.id).where(CameraRow.room_id == room.id)))
    hold = HoldRow(
        institution_id=room.institution_id,
        room_id=room.id,
        camera_id=camera.id if camera else None,
        camera_ids=cameras,
        from_at=body.start,
        to_at=body.end,
        reason=body.reason,
        placed_by=viewer.account_id,
        placed_by_name=viewer.name,
        placed_at=now(clock),
    )
    db.add(hold)
    db.flush()
    _note(db, clock, caller, "hold_placed", hold, body.reason)
    return hold_out(db, hold)


@router.post("/api/holds/{hold_id}/release")
def release_hold(hold_id: str, body: ReleaseIn, db: Db, caller: CurrentCaller, clock: CurrentClock) -> HoldOut:
    """End a hold; from the next clean-up on, rules apply to its footage again. 409 if it was released before."""
    viewer = caller.viewer
    hold = load(db, viewer, HoldRow, hold_id)
    if hold.released_at is not None:
        raise Conflict("this hold was released before", code="already_released", hint="load the page again")
    hold.released_at, hold.release_reason = now(clock), body.reason
    hold.released_by, hold.released_by_name = viewer.account_id, viewer.name
    db.flush()
    _note(db, clock, caller, "hold_released", hold, body.reason)
    return hold_out(db, hold)


def _note(
    db: DbSession,
    clock: CurrentClock,
    caller: CurrentCaller,
    action: Literal["hold_placed", "hold_released"],
    hold: HoldRow,
    reason: str,
) -> None:
    camera = None if hold.camera_id is None else db.get(CameraRow, hold.camera_id)
    place = audit.place_of(db, camera or db.get_one(RoomRow, hold.room_id))
    said = {"hold_id": hold.id, "from": rfc3339(hold.from_at), "to": rfc3339(hold.to_at), "reason": reason}
    audit.write(db, clock, caller, action, place, **said)


def hold_out(db: DbSession, hold: HoldRow) -> HoldOut:
    """One hold on the wire."""
    room, camera = db.get(RoomRow, hold.room_id), db.get(CameraRow, hold.camera_id) if hold.camera_id else None
    overlapping = SegmentRow.wall_start < hold.to_at, SegmentRow.wall_end > hold.from_at
    there = db.execute(
        select(func.count(), func.coalesce(func.sum(SegmentRow.size), 0)).where(
            SegmentRow.camera_id.in_(hold.camera_ids),
            SegmentRow.stream.in_(STREAMS),
            SegmentRow.wall_start > hold.from_at - _LONGEST_SEGMENT,
            SegmentRow.state == "closed",
            *overlapping,
        )
    ).one()
    gone = db.scalar(
        select(func.coalesce(func.sum(DeletionRow.segments), 0)).where(
            DeletionRow.camera_id.in_(hold.camera_ids),
            DeletionRow.stream.in_(STREAMS),
            DeletionRow.wall_start < hold.to_at,
            DeletionRow.wall_start > hold.from_at - timedelta(days=1, minutes=30),
            DeletionRow.wall_end > hold.from_at,
        )
    )
    fields = ("reason", "placed_by_name", "placed_at", "released_by_name", "released_at", "release_reason")
    return HoldOut(
        id=hold.id,
        institution_name=db.get_one(InstitutionRow, hold.institution_id).name,
        room_id=hold.room_id,
        room_name=room.name if room else "",
        camera_id=hold.camera_id,
        camera_name=camera.name if camera else None,
        cameras=len(hold.camera_ids),
        start=hold.from_at,
        end=hold.to_at,
        segments=there[0],
        bytes=there[1],
        deleted_segments=gone or 0,
        **{field: getattr(hold, field) for field in fields},
    )
