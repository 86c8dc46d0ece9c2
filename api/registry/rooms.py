"""Routes of rooms, in which classes take place. Not here: when rooms are recorded (recording/policies.py)."""

from collections.abc import Mapping

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.scopes import load, named, visible
from shike.api.current import CurrentClock, Db
from shike.api.errors import Conflict
from shike.api.moment import Moment, now
from shike.api.wire import PROBLEM, Body, Id, Items, Name, Note
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RoomRow
from shike.attendance.tables.training import ClassSessionRow

router = APIRouter(tags=["rooms"], responses=PROBLEM)


class RoomIn(Body):
    institution_id: Id
    name: Name
    seats: int | None = Field(default=None, ge=1, le=2000)
    privacy_notice_posted: bool = False
    no_camera_reason: Note | None = None


class RoomPatch(Body):
    """Changes only the fields that are sent."""

    name: Name | None = None
    seats: int | None = Field(default=None, ge=1, le=2000)
    privacy_notice_posted: bool | None = None
    no_camera_reason: Note | None = None


class RoomOut(BaseModel):
    id: str
    institution_id: str
    institution_name: str
    name: str
    seats: int | None
    privacy_notice_posted: bool
    no_camera_reason: str | None
    camera_count: int
    created_at: Moment


def room_outs(db: DbSession, rooms: list[RoomRow]) -> list[RoomOut]:
    """Rooms as responses show them, with the names of their institutions and how many cameras they have."""
    ids = [room.id for room in rooms]
    of_institutions = {room.institution_id for room in rooms}
    named_rows = db.execute(
        select(InstitutionRow.id, InstitutionRow.name).where(InstitutionRow.id.in_(of_institutions))
    )
    names: Mapping[str, str] = {row[0]: row[1] for row in named_rows}
    grouped = select(CameraRow.room_id, func.count()).where(CameraRow.room_id.in_(ids)).group_by(CameraRow.room_id)
    counts: Mapping[str, int] = {row[0]: row[1] for row in db.execute(grouped)}
    return [
        RoomOut(
            id=room.id,
            institution_id=room.institution_id,
            institution_name=names[room.institution_id],
            name=room.name,
            seats=room.seats,
            privacy_notice_posted=room.privacy_notice_posted,
            no_camera_reason=room.no_camera_reason,
            camera_count=counts.get(room.id, 0),
            created_at=room.created_at,
        )
        for room in rooms
    ]


@router.get("/api/rooms")
def list_rooms(db: Db, viewer: CurrentViewer, institution_id: str | None = None) -> Items[RoomOut]:
    """Rooms in scope, ordered by name."""
    query = visible(viewer, RoomRow).order_by(RoomRow.name, RoomRow.id)
    if institution_id is not None:
        query = query.where(RoomRow.institution_id == institution_id)
    return Items(items=room_outs(db, list(db.scalars(query))))


@router.post("/api/rooms", status_code=201)
def create_room(body: RoomIn, db: Db, caller: CurrentCaller, clock: CurrentClock) -> RoomOut:
    """Add a room to an institution in scope."""
    institution = named(db, caller.viewer, InstitutionRow, body.institution_id, "institution_id")
    values = body.model_dump() | {"institution_id": institution.id, "created_at": now(clock)}
    room = RoomRow(**values)
    db.add(room)
    db.flush()
    audit.write(db, clock, caller, "registry_changed", audit.place_of(db, room), verb="created", kind="room")
    return room_outs(db, [room])[0]


@router.get("/api/rooms/{room_id}")
def get_room(room_id: str, db: Db, viewer: CurrentViewer) -> RoomOut:
    """One room."""
    return room_outs(db, [load(db, viewer, RoomRow, room_id)])[0]


@router.patch("/api/rooms/{room_id}")
def update_room(room_id: str, body: RoomPatch, db: Db, caller: CurrentCaller, clock: CurrentClock) -> RoomOut:
    """Change a room."""
    room = load(db, caller.viewer, RoomRow, room_id)
    sent = body.model_fields_set
    if body.name is not None:
        room.name = body.name
    if "seats" in sent:
        room.seats = body.seats
    if body.privacy_notice_posted is not None:
        room.privacy_notice_posted = body.privacy_notice_posted
    if "no_camera_reason" in sent:
        room.no_camera_reason = body.no_camera_reason or None
    place, changed = audit.place_of(db, room), sorted(sent)
    audit.write(db, clock, caller, "registry_changed", place, verb="updated", kind="room", changed=changed)
    db.flush()
    return room_outs(db, [room])[0]


@router.delete("/api/rooms/{room_id}", status_code=204)
def delete_room(room_id: str, db: Db, caller: CurrentCaller, clock: CurrentClock) -> None:
    """Delete a room. A room with cameras or class sessions cannot be deleted: it belongs to evidence."""
    room = load(db, caller.viewer, RoomRow, room_id)
    if db.scalar(select(exists().where(CameraRow.room_id == room.id))):
        raise Conflict("the room has cameras", code="has_cameras", hint="remove or disable its cameras first")
    if db.scalar(select(exists().where(ClassSessionRow.room_id == room.id))):
        raise Conflict("classes sit in the room", code="has_class_sessions", hint="give them another room first")
    place = audit.place_of(db, room)
    audit.write(db, clock, caller, "registry_changed", place, verb="deleted", kind="room")
    db.delete(room)
