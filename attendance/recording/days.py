"""Recording reports of cameras by day, and the newest gap of a stream.

Days are Beijing days; a day that is not over is reported up to now. Not here: coverage (coverage_reader.py), the
totals of a range (report.py). Design: docs/design/footage.md, "Recording report".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shike.attendance.beijing import bounds
from shike.attendance.footage.coverage import Gap, within
from shike.attendance.footage.stretches import Stretch, Stretches
from shike.attendance.recording.coverage_reader import CoverageReader, CoverageRequest
from shike.attendance.recording.report import CoverageReport, last_gap, report
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.segment import StreamName
from shike.capture.moment import to_us

_LAST_GAP_WITHIN_US = 31 * 86_400_000_000


@dataclass(frozen=True, slots=True)
class StreamReport:
    """A range of one stream: its report, and bytes and dropped packets of the segments that began in it."""

    camera_id: str
    stream: StreamName
    report: CoverageReport
    size: int
    dropped: int


@dataclass(frozen=True, slots=True)
class DayReport:
    """One day of one stream."""

    day: date
    report: CoverageReport


def day_reports(
    reader: CoverageReader[Stretch], cameras: Sequence[CameraRow], day: date, now_us: int
) -> list[StreamReport]:
    """The reports of every stream of the cameras for a day, in the order of the cameras."""
    start_us, end_us = (to_us(moment) for moment in bounds(day))
    return [
        StreamReport(
            camera_id=each.camera.id,
            stream=each.stream,
            report=report(each.coverage),
            size=sum(stretch.size for stretch in each.recorded),
            dropped=sum(stretch.dropped for stretch in each.recorded),
        )
        for each in reader.read(CoverageRequest(cameras, start_us, end_us, now_us))
    ]


def last_days(
    reader: CoverageReader[Stretch], camera: CameraRow, stream: StreamName, until: date, days: int, now_us: int
) -> list[DayReport]:
    """The reports of one stream for the last `days` days up to and including `until`, oldest first, no future days."""
    listed = [until - timedelta(days=ago) for ago in reversed(range(days))]
    start_us, end_us = to_us(bounds(listed[0])[0]), to_us(bounds(until)[1])
    (answer,) = reader.read(CoverageRequest([camera], start_us, end_us, now_us, stream))
    reports: list[DayReport] = []
    for day in listed:
        from_us, to_us_ = (to_us(moment) for moment in bounds(day))
        if from_us < now_us:
            reports.append(DayReport(day, report(within(answer.coverage, from_us, to_us_))))
    return reports


def newest_gap(
    reader: CoverageReader[Stretch], stretches: Stretches, camera: CameraRow, stream: StreamName, now_us: int
) -> Gap | None:
    """The newest gap of about a month, between two runs or from the last run to now.

    It is read from the table of runs, so it does not see a segment that was lost inside a run.
    """
    since_us = now_us - _LAST_GAP_WITHIN_US
    runs = stretches.runs(camera.id, stream, since_us, now_us)
    start_us = max(since_us, min([to_us(camera.created_at), *(run.start_us for run in runs)]))
    request = CoverageRequest([camera], start_us, now_us, now_us, stream)
    (answer,) = reader.of_recorded(request, {(camera.id, stream): runs})
    return last_gap(answer.coverage)
