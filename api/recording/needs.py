"""The disk space that a recording mode and a number of days kept would need, asked before anybody decides.

Not here: the arithmetic (attendance/recording/needs.py).
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth.guard import CurrentViewer
from shike.api.auth.scopes import visible
from shike.api.current import CurrentClock, CurrentSettings, Db
from shike.api.recording.policies import RoomRecordingOut, room_recordings
from shike.api.wire import PROBLEM
from shike.attendance.recording.coverage_reader import recorded_streams_of
from shike.attendance.recording.needs import (
    HOURS_A_WEEK,
    NOMINAL_BPS,
    WEEK_US,
    StreamLoad,
    bytes_of,
    measured_bps,
    planned_hours,
    usable,
)
from shike.attendance.recording.plan import sessions_of
from shike.attendance.recording.policy import Mode, PlannedSession, Policy
from shike.attendance.retention.keeping import default_days
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.registry import CameraRow, RoomRow
from shike.capture.archive.segment import StreamName
from shike.capture.moment import to_us

router = APIRouter(tags=["recording"], responses=PROBLEM)

# The last hour of a stream: enough to know its bit rate, and quick to read even from a very large index.
_SEGMENTS = 60
_WEEKS = 4

KeptDays = Annotated[int, Query(ge=1, le=3650)]


class RoomNeedOut(BaseModel):
    """What one room needs. `hours_from`: all hours, those of its timetable, or assumed because it has none.

    `hours_weeks`: how many weeks of the timetable `hours_a_week` is the mean of; null without a timetable.
    """

    room_id: str
    room_name: str
    institution_name: str
    mode: Mode
    hours_a_week: float
    hours_from: Literal["always", "timetable", "assumed"]
    hours_weeks: int | None
    cameras: int
    bitrate_bps: int
    measured: bool
    bytes: int


class DiskOut(BaseModel):
    """The footage volume. `usable_bytes`: what footage may fill, including what it fills already."""

    total_bytes: int
    free_bytes: int
    footage_bytes: int
    usable_bytes: int


class NeedsOut(BaseModel):
    """Rooms with cameras, what each needs, and whether it fits. `whole`: these are all rooms of the installation.

    `short_by_bytes` is 0 if it fits. For a user who sees only some rooms, `disk`, `fits` and `short_by_bytes` are null,
    because other rooms share the disk.
    """

    days_main: int
    days_sub: int
    rooms: list[RoomNeedOut]
    cameras: int
    total_bytes: int
    disk: DiskOut | None
    fits: bool | None
    short_by_bytes: int | None
    whole: bool


class NeedsQuery:
    """The choice whose needs are asked for."""

    def __init__(
        self,
        days_main: KeptDays | None = None,
        days_sub: KeptDays | None = None,
        mode: Literal["as_set", "always", "timetable"] = "as_set",
        room_id: Annotated[list[str], Query(max_length=1000)] = [],  # noqa: B006 FastAPI copies it
        hours_without_timetable: Annotated[float, Query(ge=0, le=HOURS_A_WEEK)] = 40,
    ) -> None:
        self.days_main, self.days_sub = days_main, days_sub
        self.mode, self.room_ids, self.hours_without_timetable = mode, room_id, hours_without_timetable

    def mode_of(self, room: RoomRecordingOut) -> Mode:
        """The mode that is tried for a room."""
        if self.mode == "as_set" or (self.room_ids and room.room_id not in self.room_ids):
            return room.policy.mode
        return self.mode


@router.get("/api/recording-needs")
def get_recording_needs(
    query: Annotated[NeedsQuery, Depends()],
    db: Db,
    viewer: CurrentViewer,
    settings: CurrentSettings,
    clock: CurrentClock,
) -> NeedsOut:
    """What recording will need once it has run for as long as it is kept.

    `mode` is tried for the rooms that are named, or for all if none is; the others stay as they are set. Without days,
    footage is kept as long as the default rule says.
    """
    all_rooms = list(db.scalars(visible(viewer, RoomRow).order_by(RoomRow.name, RoomRow.id)))
    recordings = room_recordings(db, all_rooms, settings.recording_policy, clock.now())
    rooms = [room for room in recordings if room.camera_count]
    ids = [room.room_id for room in rooms]
    loads = stream_loads(db, ids)
    sessions = sessions_of(db, ids, clock.now() - _WEEKS * WEEK_US, clock.now() + _WEEKS * WEEK_US)
    usual = default_days(db, settings.retention, clock.now())
    days: dict[StreamName, int] = {"main": query.days_main or usual["main"], "sub": query.days_sub or usual["sub"]}
    needs = []
    for room in rooms:
        mode = query.mode_of(room)
        hours = _hours(room, mode, sessions[room.room_id], clock.now(), query.hours_without_timetable)
        needs.append(_room_need(room, mode, loads[room.room_id], days, hours))
    total = sum(need.bytes for need in needs)
    disk = disk_of(settings.footage_dir, footage_bytes(db)) if viewer.sees_everything else None
    return NeedsOut(
        days_main=days["main"],
        days_sub=days["sub"],
        rooms=needs,
        cameras=sum(need.cameras for need in needs),
        total_bytes=total,
        disk=disk,
        fits=None if disk is None else total <= disk.usable_bytes,
        short_by_bytes=None if disk is None else max(0, total - disk.usable_bytes),
        whole=viewer.sees_everything,
    )


def stream_loads(db: DbSession, room_ids: Sequence[str]) -> Mapping[str, list[StreamLoad]]:
    """The streams of each room's enabled cameras, with the bit rate of their last hour, or the nominal one."""
    loads: dict[str, list[StreamLoad]] = {room_id: [] for room_id in room_ids}
    for camera in db.scalars(
        select(CameraRow).where(CameraRow.room_id.in_(room_ids), CameraRow.enabled).order_by(CameraRow.id)
    ):
        for stream in recorded_streams_of(camera):
            bps = measured_bps(_last_segments(db, camera.id, stream, RunRow.origin == "live"))
            load = StreamLoad(camera.id, stream, bps or NOMINAL_BPS[stream], "recorded" if bps else "nominal")
            loads[camera.room_id].append(load)
    return loads


def footage_bytes(db: DbSession) -> int:
    """An estimate of the bytes of all footage: per stream, the number of segments times the mean size of the last ones.

    Adding up the sizes would read every row.
    """
    counted = select(SegmentRow.camera_id, SegmentRow.stream, func.count()).group_by(
        SegmentRow.camera_id, SegmentRow.stream
    )
    total = 0
    for camera_id, stream, count in db.execute(counted):
        sizes = [size for size, _ in _last_segments(db, camera_id, stream)]
        total += sum(sizes) * count // max(1, len(sizes))
    return total


def disk_of(footage: Path, stored_bytes: int) -> DiskOut:
    """The volume of the footage folder, also before the folder exists."""
    existing = next(path for path in [footage.absolute(), *footage.absolute().parents] if path.exists())
    usage = shutil.disk_usage(existing)
    return DiskOut(
        total_bytes=usage.total,
        free_bytes=usage.free,
        footage_bytes=stored_bytes,
        usable_bytes=usable(usage.total, usage.free, stored_bytes),
    )


def _last_segments(
    db: DbSession, camera_id: str, stream: str, *conditions: ColumnElement[bool]
) -> list[tuple[int, int]]:
    """The last segments of a stream, each as bytes and length in µs."""
    query = (
        select(SegmentRow.size, SegmentRow.wall_start, SegmentRow.wall_end)
        .join(RunRow, RunRow.id == SegmentRow.run_id)
        .where(SegmentRow.camera_id == camera_id, SegmentRow.stream == stream, *conditions)
        .order_by(SegmentRow.wall_start.desc())
        .limit(_SEGMENTS)
    )
    return [(size, to_us(end) - to_us(start)) for size, start, end in db.execute(query)]


Hours = tuple[float, Literal["always", "timetable", "assumed"], int | None]


def _hours(
    room: RoomRecordingOut, mode: Mode, sessions: Sequence[PlannedSession], now_us: int, without: float
) -> Hours:
    if mode == "always":
        return float(HOURS_A_WEEK), "always", None
    policy = Policy("timetable", room.policy.margin_before_min, room.policy.margin_after_min)
    planned = planned_hours(policy, sessions, now_us, _WEEKS)
    return (without, "assumed", None) if planned is None else (planned.a_week, "timetable", planned.weeks)


def _room_need(
    room: RoomRecordingOut, mode: Mode, loads: Sequence[StreamLoad], days: dict[StreamName, int], hours: Hours
) -> RoomNeedOut:
    return RoomNeedOut(
        room_id=room.room_id,
        room_name=room.room_name,
        institution_name=room.institution_name,
        mode=mode,
        hours_a_week=round(hours[0], 1),
        hours_from=hours[1],
        hours_weeks=hours[2],
        cameras=room.camera_count,
        bitrate_bps=sum(load.bps for load in loads),
        measured=all(load.source == "recorded" for load in loads),
        bytes=bytes_of(loads, hours[0], days),
    )
