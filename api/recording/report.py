"""The daily recording report, of one camera with each gap or of all cameras in scope; and the last days of a camera.

Days are Beijing days. Not here: coverage (attendance/recording), files for spreadsheets (report_csv.py).
Design: docs/design/footage.md, "Recording report".
"""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from shike.api.auth.scopes import load, visible
from shike.api.moment import Moment, now
from shike.api.recording.recorded import CurrentRecordings
from shike.api.recording.report_csv import gaps_csv, summary_csv
from shike.api.recording.report_shapes import (
    CameraDayReport,
    CameraReport,
    DayCoverage,
    RecordingReport,
    StreamGaps,
    camera_report,
    gap_outs,
)
from shike.api.registry.cameras import camera_outs
from shike.api.wire import PROBLEM, Id, Items
from shike.attendance.beijing import bounds
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.segment import StreamName
from shike.capture.clock import Clock

router = APIRouter(tags=["recordings"], responses=PROBLEM)

Day = Annotated[date | None, Query(ge=date(2000, 1, 1), le=date(2199, 12, 31), description="Beijing day; today")]
Language = Literal["zh", "en"]


@router.get("/api/recording-report")
def get_recording_report(
    recordings: CurrentRecordings,
    day: Day = None,
) -> RecordingReport:
    """Every camera in scope that was to be recorded on a day, the worst first."""
    db, viewer, report_day = recordings.db, recordings.viewer, day or recordings.today()
    outs = camera_outs(db, viewer)
    cameras = {camera.id: camera for camera in db.scalars(visible(viewer, CameraRow))}
    reports = recordings.of_day([cameras[out.id] for out in outs], report_day)
    items = [camera_report(out, [each for each in reports if each.camera_id == out.id]) for out in outs]
    items = [
        item for item in items if item.enabled or any(each.expected_s + each.imported_s > 0 for each in item.streams)
    ]
    until = reported_until(report_day, recordings.clock)
    return RecordingReport(day=report_day, until=until, items=sorted(items, key=_badness))


@router.get("/api/recording-report.csv", response_class=Response)
def get_recording_report_csv(
    recordings: CurrentRecordings,
    day: Day = None,
    language: Language = "zh",
) -> Response:
    """The same as a table for spreadsheets: a row per stream."""
    report = get_recording_report(recordings, day)
    rows = [(report.day, camera, stream) for camera in report.items for stream in camera.streams]
    return csv_answer(summary_csv(rows, language), f"recording-report-{report.day}-{language}.csv")


@router.get("/api/cameras/{camera_id}/recording-report")
def get_camera_recording_report(
    camera_id: Id,
    recordings: CurrentRecordings,
    day: Day = None,
) -> CameraDayReport:
    """One camera on a day, with its gaps."""
    db, viewer, report_day = recordings.db, recordings.viewer, day or recordings.today()
    reports = recordings.of_day([load(db, viewer, CameraRow, camera_id)], report_day)
    summary = camera_report(camera_outs(db, viewer, CameraRow.id == camera_id)[0], reports)
    gaps = [StreamGaps(stream=each.stream, gaps=gap_outs(each.report)) for each in reports]
    until = reported_until(report_day, recordings.clock)
    return CameraDayReport(**summary.model_dump(by_alias=True), day=report_day, until=until, gaps=gaps)


@router.get("/api/cameras/{camera_id}/recording-report.csv", response_class=Response)
def get_camera_recording_report_csv(
    camera_id: Id,
    recordings: CurrentRecordings,
    day: Day = None,
    language: Language = "zh",
) -> Response:
    """One camera's gaps as a table for spreadsheets: a row per gap."""
    report = get_camera_recording_report(camera_id, recordings, day)
    rows = [(report, each.stream, gap) for each in report.gaps for gap in each.gaps]
    return csv_answer(gaps_csv(rows, language), f"recording-gaps-{report.day}-{camera_id}-{language}.csv")


@router.get("/api/cameras/{camera_id}/recording-days")
def list_recording_days(
    camera_id: Id,
    recordings: CurrentRecordings,
    until: Day = None,
    days: Annotated[int, Query(ge=1, le=31)] = 30,
    stream: StreamName = "main",
) -> Items[DayCoverage]:
    """The coverage of the days up to and with `until` (today), oldest first."""
    camera = load(recordings.db, recordings.viewer, CameraRow, camera_id)
    reports = recordings.last_days(camera, stream, until or recordings.today(), days)
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
            for each in reports
        ]
    )


def reported_until(day: date, clock: Clock) -> Moment:
    """The end of the reported time: the end of the day, or now."""
    return min(bounds(day)[1], now(clock))


def csv_answer(content: bytes, name: str) -> Response:
    """A file to download."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def _badness(item: CameraReport) -> tuple[float, float, str, str]:
    main = item.streams[0]
    return (2 if main.coverage is None else main.coverage, -main.missing_s, item.room_name, item.camera_name)
