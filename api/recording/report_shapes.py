"""The recording report as the API shows it. Design: docs/design/footage.md, "Recording report"."""

from datetime import date

from pydantic import BaseModel

from shike.api.moment import Moment
from shike.api.playback.timeline import GapOut
from shike.api.recording.camera_status import gap_out
from shike.api.registry.cameras import CameraOut
from shike.attendance.recording.days import StreamReport
from shike.attendance.recording.report import CoverageReport
from shike.capture.archive.segment import StreamName
from shike.capture.moment import from_us

# The report of a camera lists at most this many gaps; its totals count all.
MOST_GAPS = 2000


class GapReasonOut(BaseModel):
    """All gaps of one reason. `missing`: false if nothing was to be recorded, or a rule has deleted the footage."""

    reason: str
    gaps: int
    seconds: float
    missing: bool


class StreamReportOut(BaseModel):
    """A day of a stream. `coverage`: recorded of expected, 0 to 1; null if nothing was to be recorded.

    `recorded_s` is live recording; seconds that only an import covers are `imported_s` and in no other figure.
    `gap_count`, `missing_s` and `longest_gap` cover the missing gaps alone; `bytes` and `dropped` are those of the
    segments that began on this day.
    """

    stream: StreamName
    expected_s: float
    recorded_s: float
    imported_s: float
    missing_s: float
    coverage: float | None
    gap_count: int
    longest_gap: GapOut | None
    reasons: list[GapReasonOut]
    dropped: int
    bytes: int


class CameraReport(BaseModel):
    """A day of a camera."""

    camera_id: str
    camera_name: str
    room_id: str
    room_name: str
    institution_name: str
    simulated: bool
    enabled: bool
    streams: list[StreamReportOut]


class RecordingReport(BaseModel):
    """A day of all cameras in scope, the worst main stream first. `until`: the end of the day, or now."""

    day: date
    until: Moment
    items: list[CameraReport]


class StreamGaps(BaseModel):
    """The missing gaps of a stream, in order of time."""

    stream: StreamName
    gaps: list[GapOut]


class CameraDayReport(CameraReport):
    """A day of one camera, with its gaps."""

    day: date
    until: Moment
    gaps: list[StreamGaps]


class DayCoverage(BaseModel):
    """A day of a stream, with the main figures of its report."""

    day: date
    expected_s: float
    recorded_s: float
    imported_s: float
    coverage: float | None
    gap_count: int


def camera_report(camera: CameraOut, reports: list[StreamReport]) -> CameraReport:
    """The reports of a camera's streams as the API shows them."""
    places = {"room_id", "room_name", "institution_name", "simulated", "enabled"}
    return CameraReport(
        camera_id=camera.id,
        camera_name=camera.name,
        **camera.model_dump(include=places),
        streams=[
            StreamReportOut(
                stream=each.stream,
                expected_s=each.report.expected_s,
                recorded_s=each.report.recorded_s,
                imported_s=each.report.imported_s,
                missing_s=each.report.missing_s,
                coverage=each.report.ratio,
                gap_count=len(each.report.gaps),
                longest_gap=gap_out(each.report.longest),
                reasons=[
                    GapReasonOut(reason=one.reason, gaps=one.gaps, seconds=one.seconds, missing=one.missing)
                    for one in each.report.reasons
                ],
                dropped=each.dropped,
                bytes=each.size,
            )
            for each in reports
        ],
    )


def gap_outs(report: CoverageReport) -> list[GapOut]:
    """The gaps of a report as the API shows them, at most MOST_GAPS."""
    return [
        GapOut(start=from_us(gap.start_us), end=from_us(gap.end_us), reason=gap.reason)
        for gap in report.gaps[:MOST_GAPS]
    ]
