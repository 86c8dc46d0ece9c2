"""GET /api/wall: every enabled camera in scope with its state, its latest count and the class in its room."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth.guard import CurrentViewer
from shike.api.auth.scopes import visible
from shike.api.current import CurrentClock, CurrentHealth, Db
from shike.api.moment import Moment, now
from shike.api.registry.cameras import camera_outs
from shike.api.wire import PROBLEM, Items
from shike.attendance.judgement.sittings import Sitting, sittings_at
from shike.attendance.tables.counting import SampleRow
from shike.attendance.tables.registry import CameraRow
from shike.attendance.tables.training import ClassSessionRow
from shike.capture.moment import from_us
from shike.capture.recorder.health import StreamHealth

router = APIRouter(tags=["wall"], responses=PROBLEM)

# A count older than this is not shown: it says nothing about the picture on the tile.
COUNT_FRESH = timedelta(minutes=10)


class StreamState(BaseModel):
    """The state of a stream: waiting, connecting, recording, backing_off, refused, resting or stopped.

    `since`: when recording or resting began; in any other state, since when the stream has not been recorded, however
    often a connection was tried meanwhile.
    `audio` is recorded, none_yet, dropped_g711, dropped_codec or failed; null where none is asked for or offered.
    """

    stream: str
    state: str
    cause: str | None
    since: Moment
    last_packet_at: Moment | None
    next_try_at: Moment | None
    attempt: int
    bitrate_bps: int | None
    fps: float | None
    width: int | None
    height: int | None
    codec: str | None
    dropped: int
    clock_offset_ms: int | None
    simulated: bool
    audio: str | None


class LatestCount(BaseModel):
    """A count with its interval; count, low and high are null where `valid` is false, `invalid_reason` says why."""

    at: Moment
    count: int | None
    low: int | None
    high: int | None
    valid: bool
    invalid_reason: str | None


class SittingOut(BaseModel):
    """The class session that is going on in the room. `expected`: enrolled and not on leave."""

    id: str
    class_name: str
    teacher: str
    expected: int


class WallItem(BaseModel):
    camera_id: str
    camera_name: str
    room_id: str
    room_name: str
    institution_id: str
    institution_name: str
    simulated: bool
    has_sub: bool
    view: str | None
    state: StreamState | None
    count: LatestCount | None
    class_session: SittingOut | None


def stream_state(health: StreamHealth) -> StreamState:
    """A stream's health on the wire: moments instead of microseconds."""
    fields = (
        *("attempt", "bitrate_bps", "fps", "width", "height", "codec", "dropped", "clock_offset_ms", "simulated"),
        "audio",
    )
    return StreamState(
        stream=health.stream,
        state=health.state,
        cause=health.cause,
        since=from_us(health.since_us),
        last_packet_at=None if health.last_packet_us is None else from_us(health.last_packet_us),
        next_try_at=None if health.next_try_us is None else from_us(health.next_try_us),
        **{field: getattr(health, field) for field in fields},
    )


def latest_count(sample: SampleRow) -> LatestCount:
    """A sample as the number on a tile."""
    return LatestCount(
        at=sample.picture_at,
        count=sample.count,
        low=sample.low,
        high=sample.high,
        valid=sample.valid,
        invalid_reason=sample.invalid_reason,
    )


def sitting_out(sitting: Sitting | None) -> SittingOut | None:
    """A class session as a tile names it."""
    if sitting is None:
        return None
    return SittingOut(
        id=sitting.session_id, class_name=sitting.class_name, teacher=sitting.teacher, expected=sitting.expected
    )


@router.get("/api/wall")
def get_wall(
    db: Db,
    viewer: CurrentViewer,
    clock: CurrentClock,
    read_health: CurrentHealth,
) -> Items[WallItem]:
    """Enabled cameras in scope by room and name; `state` is the main stream's, null before it was first tried."""
    healths = read_health()
    cameras = camera_outs(db, viewer, CameraRow.enabled.is_(True))
    samples = latest_samples(db, [camera.id for camera in cameras], now(clock) - COUNT_FRESH)
    sittings = sittings_at(db, visible(viewer, ClassSessionRow), now(clock))
    items = [
        WallItem(
            camera_id=camera.id,
            camera_name=camera.name,
            **camera.model_dump(
                include={"room_id", "room_name", "institution_id", "institution_name", "simulated", "has_sub", "view"}
            ),
            state=stream_state(healths[camera.id, "main"]) if (camera.id, "main") in healths else None,
            count=latest_count(samples[camera.id]) if camera.id in samples else None,
            class_session=sitting_out(sittings.get(camera.room_id)),
        )
        for camera in cameras
    ]
    return Items(items=items)


def latest_samples(db: DbSession, camera_ids: Iterable[str], since: datetime) -> Mapping[str, SampleRow]:
    """The newest live sample of each camera (ids already scoped) since a moment."""
    newest = (
        select(SampleRow.camera_id, func.max(SampleRow.picture_at).label("picture_at"))
        .where(SampleRow.camera_id.in_(list(camera_ids)), SampleRow.picture_at >= since, SampleRow.origin == "live")
        .group_by(SampleRow.camera_id)
        .subquery()
    )
    same = (SampleRow.camera_id == newest.c.camera_id) & (SampleRow.picture_at == newest.c.picture_at)
    rows = db.scalars(select(SampleRow).join(newest, same).order_by(SampleRow.created_at))
    return {row.camera_id: row for row in rows}
