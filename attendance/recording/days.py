"""Recording reports of cameras over days: stretches and what cameras say now, put through the pure report.

Days are Beijing days. A day that is not over is judged up to now.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from shike.attendance.beijing import bounds
from shike.attendance.footage.coverage import Coverage, Gap, Recorded, by_schedule, coverage
from shike.attendance.footage.stretches import Stretches
from shike.attendance.recording.report import CoverageReport, last_gap, report, since_registered
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.segment import StreamKey, StreamName
from shike.capture.moment import to_us
from shike.capture.schedule import Window

# What the recorder says of a stream at this moment, None if it says nothing.
CauseOfStream = Callable[[StreamKey], str | None]
# When rooms (by id) are to be recorded within [from, to) in µs UTC; None for a room that is recorded all the time.
PlannedWindows = Callable[[Iterable[str], int, int], Mapping[str, Sequence[Window] | None]]

_LAST_GAP_WITHIN_US = 31 * 86_400_000_000
# How the footage of a camera ends that somebody switched off.
_SWITCHED_OFF = frozenset({"stopped", "settings_changed", "not_recorded"})


@dataclass(frozen=True, slots=True)
class StreamReport:
    """A range of one stream: report, bytes and dropped packets of the segments that began in it."""

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


def recorded_streams_of(camera: CameraRow) -> tuple[StreamName, ...]:
    """The streams of a camera that are to be recorded."""
    return ("main", "sub") if camera.sub_path else ("main",)


def day_reports(
    stretches: Stretches,
    cameras: Sequence[CameraRow],
    day: date,
    now_us: int,
    cause: CauseOfStream,
    plan: PlannedWindows,
) -> list[StreamReport]:
    """The reports of every stream of the cameras for a day, in the order of the cameras."""
    start_us, end_us = (to_us(moment) for moment in bounds(day))
    keys = [(camera, (camera.id, stream)) for camera in cameras for stream in recorded_streams_of(camera)]
    found = stretches.of_range((camera.id for camera in cameras), start_us, end_us)
    before = stretches.reasons_before((key for _, key in keys), start_us)
    due = plan({camera.room_id for camera in cameras}, start_us, end_us)
    reports: list[StreamReport] = []
    for camera, key in keys:
        own = found.get(key, [])
        covered = _covered(camera, own, start_us, end_us, now_us, before[key], cause(key), due[camera.room_id])
        size, dropped = sum(each.size for each in own), sum(each.dropped for each in own)
        reports.append(StreamReport(*key, report(covered, _known_us(camera, own, before[key])), size, dropped))
    return reports


def last_days(
    stretches: Stretches,
    camera: CameraRow,
    stream: StreamName,
    until: date,
    days: int,
    now_us: int,
    cause: CauseOfStream,
    plan: PlannedWindows,
) -> list[DayReport]:
    """The reports of one stream for so many days up to and with `until`, oldest first; days to come are left out."""
    listed = [until - timedelta(days=ago) for ago in reversed(range(days))]
    start_us, end_us = to_us(bounds(listed[0])[0]), to_us(bounds(until)[1])
    key = (camera.id, stream)
    found = stretches.of_range([camera.id], start_us, end_us, [stream]).get(key, [])
    before = stretches.reasons_before([key], start_us)[key]
    due = plan([camera.room_id], start_us, end_us)[camera.room_id]
    covered = _covered(camera, found, start_us, end_us, now_us, before, cause(key), due)
    known_us = _known_us(camera, found, before)
    reports: list[DayReport] = []
    for day in listed:
        from_us, to_us_ = (to_us(moment) for moment in bounds(day))
        if from_us < now_us:
            reports.append(DayReport(day, report(within(covered, from_us, to_us_), known_us)))
    return reports


def newest_gap(
    stretches: Stretches, camera: CameraRow, stream: StreamName, now_us: int, cause: CauseOfStream, plan: PlannedWindows
) -> Gap | None:
    """The newest gap between two runs, or from the last one to now, of about a month."""
    key, registered_us = (camera.id, stream), to_us(camera.created_at)
    runs = stretches.runs(*key, now_us - _LAST_GAP_WITHIN_US, now_us)
    start_us = max(now_us - _LAST_GAP_WITHIN_US, min([registered_us, *(run.start_us for run in runs)]))
    before = stretches.reasons_before([key], start_us)[key]
    due = plan([camera.room_id], start_us, now_us)[camera.room_id]
    return last_gap(_covered(camera, runs, start_us, now_us, now_us, before, cause(key), due), registered_us)


def coverage_for_viewers(
    camera: CameraRow,
    own: Iterable[Recorded],
    start_us: int,
    end_us: int,
    now_us: int,
    before: str | None,
    cause: str | None,
    due: Sequence[Window] | None,
) -> Coverage:
    """What is told of [start, end) to who looks at the footage: its gaps are those of the report.

    `before`: why the last live run before the range ended; `cause`: what the recorder says now; `due`: when the room
    was to be recorded, None for all the time.
    """
    own = list(own)
    covered = _covered(camera, own, start_us, end_us, now_us, before, cause, due)
    return since_registered(covered, _known_us(camera, own, before))


def within(covered: Coverage, start_us: int, end_us: int) -> Coverage:
    """The part of a coverage that lies in [start, end)."""
    spans = (
        replace(span, start_us=max(span.start_us, start_us), end_us=min(span.end_us, end_us)) for span in covered.spans
    )
    gaps = (replace(gap, start_us=max(gap.start_us, start_us), end_us=min(gap.end_us, end_us)) for gap in covered.gaps)
    return Coverage(
        tuple(span for span in spans if span.end_us > span.start_us),
        tuple(gap for gap in gaps if gap.end_us > gap.start_us),
    )


def _covered(
    camera: CameraRow,
    own: Iterable[Recorded],
    start_us: int,
    end_us: int,
    now_us: int,
    before: str | None,
    cause: str | None,
    due: Sequence[Window] | None,
) -> Coverage:
    own = list(own)
    reason_before = before or _never_before(camera, own, start_us, end_us < now_us, cause, due)
    covered = coverage(own, start_us, end_us, now_us, reason_before, cause)
    return by_schedule(_switched_off(camera, covered, min(end_us, now_us)), due)


def _known_us(camera: CameraRow, own: Iterable[Recorded], before: str | None) -> int:
    """Since when the camera was known: since it was entered, or was recorded where it was entered anew later."""
    if before is not None:
        return 0
    return min([to_us(camera.created_at), *(each.start_us for each in own if each.origin == "live")])


def _never_before(
    camera: CameraRow,
    own: Sequence[Recorded],
    start_us: int,
    is_past: bool,
    cause: str | None,
    due: Sequence[Window] | None,
) -> str | None:
    """Why nothing was recorded before the first run that there ever was.

    Of a camera that never recorded, what it says now is the only reason there is; once it did, that is no reason for
    what was before. By a timetable it did not come, unless it was to be recorded all the time from the beginning on.
    """
    first_us = min((run.start_us for run in own if run.origin == "live"), default=None)
    if first_us is None:
        return (None if is_past else cause) or (None if due is None else "off_schedule")
    begun_us = max(start_us, to_us(camera.created_at))
    always = due is None or any(begin <= begun_us and first_us <= end for begin, end in due)
    return None if always else "off_schedule"


def _switched_off(camera: CameraRow, covered: Coverage, end_us: int) -> Coverage:
    """The same with the reason of its last gap set right, if somebody has disabled the camera."""
    last = covered.gaps[-1] if covered.gaps else None
    if camera.enabled or last is None or last.end_us < end_us or last.reason not in _SWITCHED_OFF:
        return covered
    return replace(covered, gaps=(*covered.gaps[:-1], replace(last, reason="switched_off")))
