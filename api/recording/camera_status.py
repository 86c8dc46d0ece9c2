"""The state of one camera: what it does and since when, its last gap, what it writes, how long the disk will last.

Camera addresses are never shown here. Design: docs/design/footage.md, "Recording report".
"""

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import func

from shike.api.auth.scopes import load, visible
from shike.api.live.wall import StreamState, stream_state
from shike.api.moment import Moment
from shike.api.playback.timeline import GapOut
from shike.api.recording.disk import CurrentDisk
from shike.api.recording.recorded import CurrentRecordings, Recordings
from shike.api.registry.cameras import camera_outs
from shike.api.wire import PROBLEM, Id
from shike.attendance.footage.coverage import Gap
from shike.attendance.recording.coverage_reader import recorded_streams_of
from shike.attendance.recording.days import newest_gap
from shike.attendance.recording.disk_space import DAY_US, DiskSpace
from shike.attendance.recording.plan import policies_of
from shike.attendance.recording.policy import policy_in_force
from shike.attendance.tables.footage import RunRow
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.segment import StreamName
from shike.capture.moment import from_us
from shike.capture.recorder.health import Healths
from shike.capture.spans import merged

router = APIRouter(tags=["recordings"], responses=PROBLEM)


class StreamStatus(BaseModel):
    """A stream. `state` is null before the recorder first tried it; `last_gap` is the newest gap of about a month.

    A gap whose `to` is `asked_at` goes on. `bytes_24h` and `recorded_24h_s` cover the last 24 hours.
    """

    stream: StreamName
    state: StreamState | None
    recorded_since: Moment | None
    last_gap: GapOut | None
    bytes_24h: int
    recorded_24h_s: float


class DiskSpaceOut(BaseModel):
    """The footage volume. `bytes_per_day`: of all cameras. It and `days_left` are null until an hour was recorded."""

    free_bytes: int
    total_bytes: int
    bytes_per_day: float | None
    days_left: float | None


class CameraStatus(BaseModel):
    """A camera as its page shows it; `asked_at` is the server's time of this answer.

    `records_sound`: its room's policy asks for sound.
    `disk` is null for a user who sees only some rooms, because other rooms share it.
    """

    camera_id: str
    camera_name: str
    room_id: str
    room_name: str
    institution_id: str
    institution_name: str
    simulated: bool
    enabled: bool
    records_sound: bool
    created_at: Moment
    asked_at: Moment
    streams: list[StreamStatus]
    disk: DiskSpaceOut | None


def gap_out(gap: Gap | None) -> GapOut | None:
    """A gap as the API shows it."""
    return None if gap is None else GapOut(start=from_us(gap.start_us), end=from_us(gap.end_us), reason=gap.reason)


def disk_out(space: DiskSpace) -> DiskSpaceOut:
    """The volume as the API shows it."""
    return DiskSpaceOut(
        free_bytes=space.free, total_bytes=space.total, bytes_per_day=space.bytes_per_day, days_left=space.days_left
    )


@router.get("/api/cameras/{camera_id}/status")
def get_camera_status(
    camera_id: Id,
    recordings: CurrentRecordings,
    disk: CurrentDisk,
) -> CameraStatus:
    """One camera now. Cheap enough to be asked every few seconds."""
    db, viewer, settings = recordings.db, recordings.viewer, recordings.settings
    camera = load(db, viewer, CameraRow, camera_id)
    out = camera_outs(db, viewer, CameraRow.id == camera_id)[0]
    healths, now_us = recordings.read_health(), recordings.clock.now()
    places = {"room_id", "room_name", "institution_id", "institution_name", "simulated", "enabled", "created_at"}
    return CameraStatus(
        camera_id=camera.id,
        camera_name=camera.name,
        **out.model_dump(include=places),
        records_sound=policy_in_force(
            policies_of(db, [camera.room_id], settings.recording_policy)[camera.room_id], now_us
        ).audio,
        asked_at=from_us(now_us),
        streams=[_stream(recordings, camera, stream, healths, now_us) for stream in recorded_streams_of(camera)],
        disk=disk_out(disk.space()) if viewer.sees_everything else None,
    )


def _stream(
    recordings: Recordings, camera: CameraRow, stream: StreamName, healths: Healths, now_us: int
) -> StreamStatus:
    stretches = recordings.stretches
    health = healths.get((camera.id, stream))
    day = stretches.of_range([camera.id], now_us - DAY_US, now_us, [stream]).get((camera.id, stream), [])
    # Where two writers overlap, or an import covers recorded time, a second counts once.
    covered = merged((max(each.start_us, now_us - DAY_US), min(each.end_us, now_us)) for each in day)
    recorded_us = sum(end - start for start, end in covered)
    runs = visible(recordings.viewer, RunRow).where(RunRow.camera_id == camera.id, RunRow.stream == stream)
    since = runs.with_only_columns(func.min(RunRow.started_at))
    return StreamStatus(
        stream=stream,
        state=None if health is None else stream_state(health),
        # The very first segment is not in the index before it is closed.
        recorded_since=recordings.db.scalar(since) or min((from_us(each.start_us) for each in day), default=None),
        last_gap=gap_out(newest_gap(recordings.coverage(healths), stretches, camera, stream, now_us)),
        bytes_24h=sum(each.size for each in day),
        recorded_24h_s=recorded_us / 1_000_000,
    )
