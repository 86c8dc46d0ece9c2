"""Routes of cameras: their address, room and view. A response never contains a password.

Only viewers who may change the registry see addresses; for all others they are null. Not here: trying an address
(probe.py). Design: docs/design/api.md, "Secrets".
"""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.passwords import Password
from shike.api.auth.roles import Permission
from shike.api.auth.scopes import load, named, visible
from shike.api.auth.viewer import Viewer
from shike.api.current import CurrentClock, CurrentVault, Db
from shike.api.errors import Conflict
from shike.api.moment import Moment, now
from shike.api.wire import PROBLEM, Body, Id, Items, Name
from shike.attendance.tables.counting import CountSkipRow, SampleRow
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RoomRow
from shike.capture.vault import Vault

router = APIRouter(tags=["cameras"], responses=PROBLEM)

Host = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9._:-]{1,255}$")]
Port = Annotated[int, Field(ge=1, le=65535)]
StreamPath = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^/?[!-~]{0,999}$")]
CameraUsername = Annotated[str, StringConstraints(max_length=200)]


class CameraIn(Body):
    """A camera. A path is the part of its RTSP address after host and port; the sub-stream is optional."""

    room_id: Id
    name: Name
    host: Host
    port: Port = 554
    username: CameraUsername = ""
    password: Password | None = None
    main_path: StreamPath
    sub_path: StreamPath | None = None
    simulated: bool = False
    enabled: bool = True
    view: Name | None = None


class CameraPatch(Body):
    """Changes only the fields that are sent; an empty password removes it. `version`: the version that was read."""

    room_id: Id | None = None
    name: Name | None = None
    host: Host | None = None
    port: Port | None = None
    username: CameraUsername | None = None
    password: Password | None = None
    main_path: StreamPath | None = None
    sub_path: StreamPath | None = None
    simulated: bool | None = None
    enabled: bool | None = None
    view: Name | None = None
    version: int | None = None


class CameraOut(BaseModel):
    """A camera. host, port, username and paths are null for viewers who may not change the registry."""

    id: str
    room_id: str
    room_name: str
    institution_id: str
    institution_name: str
    name: str
    host: str | None
    port: int | None
    username: str | None
    has_password: bool
    main_path: str | None
    sub_path: str | None
    has_sub: bool
    simulated: bool
    enabled: bool
    view: str | None
    version: int
    created_at: Moment
    updated_at: Moment


def slashed(path: str | None) -> str | None:
    """A stream path with a leading slash; None for an empty one."""
    return None if not path else "/" + path.lstrip("/")


def camera_outs(db: DbSession, viewer: Viewer, *conditions: ColumnElement[bool]) -> list[CameraOut]:
    """Cameras in scope that meet the conditions, ordered by room and name."""
    query = (
        visible(viewer, CameraRow)
        .join(RoomRow, RoomRow.id == CameraRow.room_id)
        .join(InstitutionRow, InstitutionRow.id == RoomRow.institution_id)
        .add_columns(RoomRow.name, InstitutionRow.id, InstitutionRow.name)
        .where(*conditions)
        .order_by(RoomRow.name, CameraRow.name, CameraRow.id)
    )
    may_change = viewer.may(Permission.REGISTRY_WRITE)
    return [camera_out(*row, address_shown=may_change) for row in db.execute(query)]


def camera_out(
    camera: CameraRow, room_name: str, institution_id: str, institution_name: str, *, address_shown: bool
) -> CameraOut:
    """One camera as a response shows it."""
    return CameraOut(
        id=camera.id,
        room_id=camera.room_id,
        room_name=room_name,
        institution_id=institution_id,
        institution_name=institution_name,
        name=camera.name,
        host=camera.host if address_shown else None,
        port=camera.port if address_shown else None,
        username=camera.username if address_shown else None,
        has_password=camera.password_encrypted is not None,
        main_path=camera.main_path if address_shown else None,
        sub_path=camera.sub_path if address_shown else None,
        has_sub=camera.sub_path is not None,
        simulated=camera.simulated,
        enabled=camera.enabled,
        view=camera.view,
        version=camera.version,
        created_at=camera.created_at,
        updated_at=camera.updated_at,
    )


@router.get("/api/cameras")
def list_cameras(
    db: Db, viewer: CurrentViewer, room_id: str | None = None, institution_id: str | None = None
) -> Items[CameraOut]:
    """Cameras in scope, ordered by room and name."""
    conditions = [CameraRow.room_id == room_id] if room_id is not None else []
    if institution_id is not None:
        conditions.append(InstitutionRow.id == institution_id)
    return Items(items=camera_outs(db, viewer, *conditions))


@router.post("/api/cameras", status_code=201)
def create_camera(body: CameraIn, db: Db, caller: CurrentCaller, clock: CurrentClock, vault: CurrentVault) -> CameraOut:
    """Add a camera to a room in scope. Recording starts at once unless the camera is disabled."""
    room = named(db, caller.viewer, RoomRow, body.room_id, "room_id")
    password = body.password.get_secret_value() if body.password else ""
    camera = CameraRow(
        **body.model_dump(exclude={"password", "main_path", "sub_path"}),
        main_path=slashed(body.main_path) or "/",
        sub_path=slashed(body.sub_path),
        password_encrypted=vault.seal(password) if password else None,
        created_at=now(clock),
        updated_at=now(clock),
    )
    db.add(camera)
    room.no_camera_reason = None
    db.flush()
    audit.write(db, clock, caller, "registry_changed", audit.place_of(db, camera), verb="created", kind="camera")
    return camera_outs(db, caller.viewer, CameraRow.id == camera.id)[0]


@router.get("/api/cameras/{camera_id}")
def get_camera(camera_id: str, db: Db, viewer: CurrentViewer) -> CameraOut:
    """One camera."""
    load(db, viewer, CameraRow, camera_id)
    return camera_outs(db, viewer, CameraRow.id == camera_id)[0]


@router.patch("/api/cameras/{camera_id}")
def update_camera(
    camera_id: str, body: CameraPatch, db: Db, caller: CurrentCaller, clock: CurrentClock, vault: CurrentVault
) -> CameraOut:
    """Change a camera. 409 `stale` if `version` is not the stored one: somebody else has changed the camera."""
    camera = load(db, caller.viewer, CameraRow, camera_id)
    if body.version is not None and body.version != camera.version:
        raise Conflict("the camera was changed meanwhile", code="stale", hint="load it again")
    if body.room_id is not None:
        move(db, camera, named(db, caller.viewer, RoomRow, body.room_id, "room_id"))
    apply_patch(camera, body, vault)
    camera.version += 1
    camera.updated_at = now(clock)
    db.flush()
    place, changed = audit.place_of(db, camera), sorted(body.model_fields_set - {"version"})
    audit.write(db, clock, caller, "registry_changed", place, verb="updated", kind="camera", changed=changed)
    return camera_outs(db, caller.viewer, CameraRow.id == camera_id)[0]


def has_footage(db: DbSession, camera_id: str) -> bool:
    """Whether the camera has runs, segments or counts."""
    return any(
        db.scalar(select(exists().where(entity.camera_id == camera_id)))
        for entity in (RunRow, SegmentRow, SampleRow, CountSkipRow)
    )


def move(db: DbSession, camera: CameraRow, room: RoomRow) -> None:
    """Moves a camera to another room. Its footage moves with it, so with footage it must stay in its institution."""
    old = db.get_one(RoomRow, camera.room_id)
    if old.institution_id != room.institution_id and has_footage(db, camera.id):
        raise Conflict(
            "the camera has footage of another institution",
            code="has_footage",
            hint="disable it, and add it anew in the other institution",
        )
    camera.room_id = room.id


def apply_patch(camera: CameraRow, body: CameraPatch, vault: Vault) -> None:
    """Copies the fields that were sent into the row. Null means "unchanged", except for fields that may be empty."""
    for field in ("name", "host", "port", "username", "simulated", "enabled"):
        value = getattr(body, field)
        if value is not None:
            setattr(camera, field, value)
    sent = body.model_fields_set
    if body.main_path is not None:
        camera.main_path = slashed(body.main_path) or "/"
    if "sub_path" in sent:
        camera.sub_path = slashed(body.sub_path)
    if "view" in sent:
        camera.view = body.view
    if body.password is not None:
        password = body.password.get_secret_value()
        camera.password_encrypted = vault.seal(password) if password else None


@router.delete("/api/cameras/{camera_id}", status_code=204)
def delete_camera(camera_id: str, db: Db, caller: CurrentCaller, clock: CurrentClock) -> None:
    """Delete a camera that never recorded. A camera with footage cannot be deleted, only disabled: it is evidence."""
    camera = load(db, caller.viewer, CameraRow, camera_id)
    if has_footage(db, camera_id):
        raise Conflict("the camera has footage", code="has_footage", hint="disable it: evidence is not deleted")
    place = audit.place_of(db, camera)
    audit.write(db, clock, caller, "registry_changed", place, verb="deleted", kind="camera")
    db.delete(camera)
