"""Routes of holds (封存): ranges of footage that no rule deletes until somebody releases the hold.

A hold is never removed; a release changes its row. Not here: footage that flags hold (attendance/retention/holds.py).
Design: docs/design/retention.md, "Holds".
"""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import func
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.scopes import find, load, named, visible
from shike.api.auth.viewer import Viewer
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
    """The range to hold, of one camera or of all cameras of a room."""

    camera_id: Id | None = None
    room_id: Id | None = None
    start: AwareDatetime = Field(alias="from")
    end: AwareDatetime = Field(alias="to")
    reason: ReasonText


class ReleaseIn(Body):
    reason: ReasonText


class HoldOut(BaseModel):
    """A hold, with the segments and bytes stored in its range and the segments that a rule had deleted."""

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
    """Holds in scope, the newest first. `cursor` is the id of the last one seen."""
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
    items = [hold_out(db, viewer, row) for row in rows[:limit]]
    return Page(items=items, next_cursor=items[-1].id if len(rows) > limit else None)


@router.post("/api/holds", status_code=201)
def place_hold(body: HoldIn, db: Db, caller: CurrentCaller, clock: CurrentClock) -> HoldOut:
    """Hold a range. Segments that a rule has already deleted stay deleted; the response says how many."""
    viewer = caller.viewer
    if (body.camera_id is None) == (body.room_id is None):
        raise Invalid("camera_id", "one_of", "name a camera or a room")
    if body.end <= body.start:
        raise Invalid("to", "not_after_from", "the range must end after it begins")
    if body.end - body.start > LONGEST:
        raise Invalid("to", "too_long", f"at most {LONGEST.days} days at once")
    camera = None if body.camera_id is None else named(db, viewer, CameraRow, body.camera_id, "camera_id")
    if camera is not None:
        room, camera_ids = load(db, viewer, RoomRow, camera.room_id), [camera.id]
    else:
        room = named(db, viewer, RoomRow, body.room_id or "", "room_id")
        of_room = visible(viewer, CameraRow).where(CameraRow.room_id == room.id)
        camera_ids = list(db.scalars(of_room.with_only_columns(CameraRow.id)))
    hold = HoldRow(
        institution_id=room.institution_id,
        room_id=room.id,
        camera_id=camera.id if camera else None,
        camera_ids=camera_ids,
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
    return hold_out(db, viewer, hold)


@router.post("/api/holds/{hold_id}/release")
def release_hold(hold_id: str, body: ReleaseIn, db: Db, caller: CurrentCaller, clock: CurrentClock) -> HoldOut:
    """Release a hold; from the next clean-up on, rules apply to its footage again. 409 if it was already released."""
    viewer = caller.viewer
    hold = load(db, viewer, HoldRow, hold_id)
    if hold.released_at is not None:
        raise Conflict("this hold was released before", code="already_released", hint="load the page again")
    hold.released_at, hold.release_reason = now(clock), body.reason
    hold.released_by, hold.released_by_name = viewer.account_id, viewer.name
    db.flush()
    _note(db, clock, caller, "hold_released", hold, body.reason)
    return hold_out(db, viewer, hold)


def _note(
    db: DbSession,
    clock: CurrentClock,
    caller: CurrentCaller,
    action: Literal["hold_placed", "hold_released"],
    hold: HoldRow,
    reason: str,
) -> None:
    values = {"hold_id": hold.id, "from": rfc3339(hold.from_at), "to": rfc3339(hold.to_at), "reason": reason}
    audit.write(db, clock, caller, action, _place_of(db, caller.viewer, hold), **values)


def _place_of(db: DbSession, viewer: Viewer, hold: HoldRow) -> audit.AuditSubject:
    """The camera or room of a hold; always within the institution in which the hold was placed.

    A camera without footage may move to another institution, whose people may not read this hold's reason.
    """
    camera = find(db, viewer, CameraRow, hold.camera_id) if hold.camera_id else None
    if camera is not None:
        place = audit.place_of(db, camera)
        if place.institution_id == hold.institution_id:
            return place
    room = find(db, viewer, RoomRow, hold.room_id)
    if room is not None:
        return audit.place_of(db, room)
    return audit.AuditSubject(institution_id=hold.institution_id, room_id=hold.room_id)


def hold_out(db: DbSession, viewer: Viewer, hold: HoldRow) -> HoldOut:
    """One hold as a response shows it. Footage of a camera that moved out of the viewer's scope is not counted."""
    room = find(db, viewer, RoomRow, hold.room_id)
    camera = find(db, viewer, CameraRow, hold.camera_id) if hold.camera_id else None
    stored = visible(viewer, SegmentRow).where(
        SegmentRow.camera_id.in_(hold.camera_ids),
        SegmentRow.stream.in_(STREAMS),
        SegmentRow.wall_start > hold.from_at - _LONGEST_SEGMENT,
        SegmentRow.state == "closed",
        SegmentRow.wall_start < hold.to_at,
        SegmentRow.wall_end > hold.from_at,
    )
    sums = stored.with_only_columns(func.count(), func.coalesce(func.sum(SegmentRow.size), 0))
    segments, size = db.execute(sums).one()
    deleted = visible(viewer, DeletionRow).where(
        DeletionRow.camera_id.in_(hold.camera_ids),
        DeletionRow.stream.in_(STREAMS),
        DeletionRow.wall_start < hold.to_at,
        DeletionRow.wall_start > hold.from_at - timedelta(days=1, minutes=30),
        DeletionRow.wall_end > hold.from_at,
    )
    fields = ("reason", "placed_by_name", "placed_at", "released_by_name", "released_at", "release_reason")
    return HoldOut(
        id=hold.id,
        institution_name=load(db, viewer, InstitutionRow, hold.institution_id).name,
        room_id=hold.room_id,
        room_name=room.name if room else "",
        camera_id=hold.camera_id,
        camera_name=camera.name if camera else None,
        cameras=len(hold.camera_ids),
        start=hold.from_at,
        end=hold.to_at,
        segments=segments,
        bytes=size,
        deleted_segments=db.scalar(deleted.with_only_columns(func.sum(DeletionRow.segments))) or 0,
        **{field: getattr(hold, field) for field in fields},
    )
