"""The daily recording report: one camera with each gap, or every camera in scope; and the last days of a camera.

Days are Beijing days. Files for spreadsheets: recording_csv.py. Design: docs/design/footage.md, "Recording report".
"""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from shike.api.auth.guard import CurrentClock, CurrentViewer
from shike.api.auth.scopes import load, visible
from shike.api.camera_status import CurrentHealth, CurrentStretches, cause_of, plan_of
from shike.api.cameras import camera_outs
from shike.api.db import Db
from shike.api.me import CurrentSettings
from shike.api.moment import Moment, now
from shike.api.playback import Stream
from shike.api.recording_csv import gaps_csv, summary_csv
from shike.api.recording_shapes import (
    CameraDayReport,
    CameraReport,
    DayCoverage,
    RecordingReport,
    StreamGaps,
    camera_report,
    gap_outs,
)
from shike.api.wire import PROBLEM, Id, Items
from shike.attendance.beijing import bounds, day_of
from shike.attendance.recording_days import day_reports, last_days
from shike.attendance.tables import Camera
from shike.capture.clock import Clock

router = APIRouter(tags=["recordings"], responses=PROBLEM)

Day = Annotated[date | None, Query(ge=date(2000, 1, 1), le=date(2199, 12, 31), description="Beijing day; today")]
Language = Literal["zh", "en"]


@router.get("/api/recording-report")
def get_recording_report(
    db: Db,
    viewer: CurrentViewer,
    clock: CurrentClock,
    stretches: CurrentStretches,
    read_health: CurrentHealth,
    settings: CurrentSettings,
    day: Day = None,
) -> RecordingReport:
    """Every camera in scope that was to be recorded on a day, the worst first."""
    asked = day or day_of(now(clock))
    outs = camera_outs(db, viewer)
    cameras = {camera.id: camera for camera in db.scalars(visible(viewer, Camera))}
    found = day_reports(
        stretches, [cameras[out.id] for out in outs], asked, clock.now(), cause_of(read_health()), plan_of(db, settings)
    )
    items = [camera_report(out, [each for each in found if each.camera_id == out.id]) for out in outs]
    items = [
        item for item in items if item.enabled or any(each.expected_s + each.imported_s > 0 for each in item.streams)
    ]
    return RecordingReport(day=asked, until=reported_until(asked, clock), items=sorted(items, key=_badness))


@router.get("/api/recording-report.csv", response_class=Response)
def get_recording_report_csv(
    db: Db,
    viewer: CurrentViewer,
    clock: CurrentClock,
    stretches: CurrentStretches,
    read_health: CurrentHealth,
    settings: CurrentSettings,
    day: Day = None,
    language: Language = "zh",
) -> Response:
    """The same as a table for spreadsheets: a row per stream."""
    found = get_recording_report(db, viewer, clock, stretches, read_health, settings, day)
    rows = [(found.day, camera, stream) for camera in found.items for stream in camera.streams]
    return csv_answer(summary_csv(rows, language), f"recording-report-{found.day}-{language}.csv")


@router.get("/api/cameras/{camera_id}/recording-report")
def get_camera_recording_report(
    camera_id: Id,
    db: Db,
    viewer: CurrentViewer,
    clock: CurrentClock,
    stretches: CurrentStretches,
    read_health: CurrentHealth,
    settings: CurrentSettings,
    day: Day = None,
) -> CameraDayReport:
    """One camera on a day, with its gaps."""
    camera = load(db, viewer, Camera, camera_id)
    asked = day or day_of(now(clock))
    found = day_reports(stretches, [camera], asked, clock.now(), cause_of(read_health()), plan_of(db, settings))
    short = camera_report(camera_outs(db, viewer, Camera.id == camera_id)[0], found)
    gaps = [StreamGaps(stream=each.stream, gaps=gap_outs(each.report)) for each in found]
    return CameraDayReport(**short.model_dump(by_alias=True), day=asked, until=reported_until(asked, clock), gaps=gaps)


@router.get("/api/cameras/{camera_id}/recording-report.csv", response_class=Response)
def get_camera_recording_report_csv(
    camera_id: Id,
    db: Db,
    viewer: CurrentViewer,
    clock: CurrentClock,
    stretches: CurrentStretches,
    read_health: CurrentHealth,
    settings: CurrentSettings,
    day: Day = None,
    language: Language = "zh",
) -> Response:
    """One camera's gaps as a table for spreadsheets: a row per gap."""
    found = get_camera_recording_report(camera_id, db, viewer, clock, stretches, read_health, settings, day)
    rows = [(found, each.stream, gap) for each in found.gaps for gap in each.gaps]
    return csv_answer(gaps_csv(rows, language), f"recording-gaps-{found.day}-{camera_id}-{language}.csv")


@router.get("/api/cameras/{camera_id}/recording-days")
def list_recording_days(
    camera_id: Id,
    db: Db,
    viewer: CurrentViewer,
    clock: CurrentClock,
    stretches: CurrentStretches,
    read_health: CurrentHealth,
    settings: CurrentSettings,
    until: Day = None,
    days: Annotated[int, Query(ge=1, le=31)] = 30,
    stream: Stream = "main",
) -> Items[DayCoverage]:
    """The coverage of the days up to and with `until` (today), oldest first."""
    camera = load(db, viewer, Camera, camera_id)
    last = until or day_of(now(clock))
    found = last_days(
        stretches, camera, stream, last, days, clock.now(), cause_of(read_health()), plan_of(db, settings)
    )
    return Items(
        items=[
            DayCoverage(
                day=each.day,
                expected_s=each.report.expected_s,
                recorded_s=each.report.recorded_s,
                imported_s=each.report.imported_s,
                coverage=each.report.ratio,
                gap_count=len(each.report.gaps),
            )
            for each in found
        ]
    )


def reported_until(day: date, clock: Clock) -> Moment:
    """Up to when a day is reported: its end, or now."""
    return min(bounds(day)[1], now(clock))


def csv_answer(content: bytes, name: str) -> Response:
    """A file to be saved."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def _badness(item: CameraReport) -> tuple[float, float, str, str]:
    main = item.streams[0]
    return (2 if main.coverage is None else main.coverage, -main.missing_s, item.room_name, item.camera_name)
