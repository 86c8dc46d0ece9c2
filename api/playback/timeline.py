"""Recorded footage of a camera: calendar, time line, playlist, single pictures.

Every look is written to the audit trail (looks.py). Not here: bytes of segments (footage.py), coverage and the reasons
of gaps (attendance/recording/coverage_reader.py). Design: docs/design/playback.md.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

import cv2
from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import HTTPConnection

from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.scopes import load, visible
from shike.api.current import CurrentClock, CurrentFootage, CurrentSettings, Db, current_of
from shike.api.errors import Invalid, NotFound
from shike.api.moment import Moment
from shike.api.playback.coverage import CurrentCoverage
from shike.api.playback.held import HeldOut, held_outs
from shike.api.playback.looks import Looks
from shike.api.playback.playlist import RunHead
from shike.api.playback.playlist import playlist as playlist_text
from shike.api.playback.thinning import thin
from shike.api.playback.time_range import Range, asked_range
from shike.api.wire import PROBLEM, Id
from shike.attendance.footage.index import Footage, Piece
from shike.attendance.recording.coverage_reader import CoverageRequest
from shike.attendance.tables.counting import CountSkipRow, SampleRow
from shike.attendance.tables.footage import SegmentRow
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.segment import StreamName
from shike.capture.errors import CaptureError
from shike.capture.moment import BEIJING, from_us, rfc3339, to_us
from shike.capture.mp4.audio import has_audio
from shike.capture.mp4.pictures import Picture, decode_keyframe

router = APIRouter(tags=["playback"], responses=PROBLEM)

RequestedRange = Annotated[Range, Depends(asked_range)]
_PICTURE_WIDTH = 480
_LARGE_WIDTH = 1280
_PICTURE_BEFORE_US = 30_000_000


class DayOut(BaseModel):
    """A day in Beijing time and how many seconds of it were recorded."""

    date: date
    seconds: int


class RecordedDays(BaseModel):
    """The days of a month that hold footage."""

    days: list[DayOut]


class _Stretch(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")


class SpanOut(_Stretch):
    """Recorded without a break."""

    origin: str
    run_id: str
    open: bool
    simulated: bool


class GapOut(_Stretch):
    """Not recorded, or not counted, and the code of the reason."""

    reason: str


class CountOut(BaseModel):
    """People in one picture, with interval; None where the picture could not be counted."""

    at: Moment
    count: int | None
    low: int | None
    high: int | None
    valid: bool


class TimelineOut(_Stretch):
    """What was recorded and counted in a range."""

    stream: StreamName
    spans: list[SpanOut]
    gaps: list[GapOut]
    counts: list[CountOut]
    count_skips: list[GapOut]
    holds: list[HeldOut]


def current_looks(connection: HTTPConnection) -> Looks:
    """The application's record of looks."""
    return current_of(connection).part(Looks)


CurrentLooks = Annotated[Looks, Depends(current_looks)]


@router.get("/api/cameras/{camera_id}/days")
def list_days(
    camera_id: Id,
    db: Db,
    viewer: CurrentViewer,
    clock: CurrentClock,
    footage: CurrentFootage,
    month: Annotated[str, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")],
    stream: StreamName = "main",
) -> RecordedDays:
    """The days of a month (Beijing time) that hold footage. A segment counts for the day it began on."""
    load(db, viewer, CameraRow, camera_id)
    year, number = (int(part) for part in month.split("-"))
    first = datetime(year, number, 1, tzinfo=BEIJING)
    following = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=BEIJING)
    segments = visible(viewer, SegmentRow).where(
        SegmentRow.camera_id == camera_id,
        SegmentRow.stream == stream,
        SegmentRow.state == "closed",
        SegmentRow.wall_start >= first,
        SegmentRow.wall_start < following,
    )
    seconds: dict[date, float] = defaultdict(float)
    for start, end in db.execute(segments.with_only_columns(SegmentRow.wall_start, SegmentRow.wall_end)):
        seconds[start.astimezone(BEIJING).date()] += (end - start).total_seconds()
    opened = footage.open_piece(camera_id, stream)
    if opened is not None and first <= from_us(opened.start_us) < following:
        day = from_us(opened.start_us).astimezone(BEIJING).date()
        seconds[day] += (opened.end_us - opened.start_us) / 1_000_000
    return RecordedDays(days=[DayOut(date=day, seconds=round(total)) for day, total in sorted(seconds.items())])


@dataclass(frozen=True, slots=True)
class TimelineQuery:
    """Which time line is asked for."""

    camera_id: Id
    time_range: RequestedRange
    stream: StreamName = "main"


@router.get("/api/cameras/{camera_id}/timeline")
def read_timeline(
    query: Annotated[TimelineQuery, Depends()],
    db: Db,
    viewer: CurrentViewer,
    clock: CurrentClock,
    reader: CurrentCoverage,
    settings: CurrentSettings,
) -> TimelineOut:
    """Coverage with the reason of every gap, as in the report, and the counts, thinned to what a screen can show."""
    camera_id, stream, start_us, end_us = (
        query.camera_id,
        query.stream,
        query.time_range.start_us,
        query.time_range.end_us,
    )
    camera = load(db, viewer, CameraRow, camera_id)
    (answer,) = reader.read(CoverageRequest([camera], start_us, end_us, clock.now(), stream))
    covered = answer.coverage
    samples = db.scalars(
        visible(viewer, SampleRow)
        .where(
            SampleRow.camera_id == camera_id,
            SampleRow.picture_at >= from_us(start_us),
            SampleRow.picture_at < from_us(end_us),
        )
        .order_by(SampleRow.picture_at)
    )
    skips = db.scalars(
        visible(viewer, CountSkipRow)
        .where(
            CountSkipRow.camera_id == camera_id,
            CountSkipRow.to_at > from_us(start_us),
            CountSkipRow.from_at < from_us(end_us),
        )
        .order_by(CountSkipRow.from_at)
    )
    return TimelineOut(
        start=from_us(start_us),
        end=from_us(end_us),
        stream=stream,
        spans=[
            SpanOut(
                start=from_us(span.start_us),
                end=from_us(span.end_us),
                origin=span.origin,
                run_id=span.run_id,
                open=span.is_open,
                simulated=span.simulated,
            )
            for span in covered.spans
        ],
        gaps=[GapOut(start=from_us(g.start_us), end=from_us(g.end_us), reason=g.reason) for g in covered.gaps],
        counts=[
            CountOut(at=each.picture_at, count=each.count, low=each.low, high=each.high, valid=each.valid)
            for each in thin(list(samples))
        ],
        count_skips=[GapOut(start=skip.from_at, end=skip.to_at, reason=skip.reason) for skip in skips],
        holds=held_outs(db, viewer, camera, settings, start_us, end_us),
    )


@router.get("/api/cameras/{camera_id}/playlist.m3u8", response_class=Response)
def read_playlist(
    camera_id: Id,
    time_range: RequestedRange,
    db: Db,
    caller: CurrentCaller,
    footage: CurrentFootage,
    looks: CurrentLooks,
    stream: StreamName = "main",
) -> Response:
    """An HLS playlist of what was recorded in a range."""
    camera = load(db, caller.viewer, CameraRow, camera_id)
    pieces = footage.pieces(camera_id, stream, time_range.start_us, time_range.end_us)
    if not pieces:
        raise NotFound("nothing was recorded in this range", code="nothing_recorded")
    # The audit trail names the footage that could be seen, not the window that the page asked for.
    shown = Range(max(time_range.start_us, pieces[0].start_us), min(time_range.end_us, pieces[-1].end_us))
    looks.note(caller, camera, shown, "video", stream)
    heads: dict[str, RunHead] = {}
    for piece in pieces:
        if piece.run_id not in heads:
            init = footage.init(piece)
            heads[piece.run_id] = RunHead(len(init), has_audio(init))
    text = playlist_text(pieces, heads, time_range.start_us, time_range.end_us)
    return Response(text, media_type="application/vnd.apple.mpegurl")


@router.get("/api/cameras/{camera_id}/picture.jpg", response_class=Response)
def read_picture(
    camera_id: Id,
    at: AwareDatetime,
    db: Db,
    caller: CurrentCaller,
    footage: CurrentFootage,
    looks: CurrentLooks,
    large: bool = False,
) -> Response:
    """The nearest keyframe at or before a moment, small; from the sub-stream where there is one.

    `large`: from the main stream, in which heads can be counted, up to 1280 pixels wide.
    """
    camera = load(db, caller.viewer, CameraRow, camera_id)
    at_us = to_us(at)
    order: tuple[StreamName, ...] = ("main",) if large else ("sub", "main")
    picture = next((each for stream in order if (each := _picture(footage, camera_id, stream, at_us))), None)
    if picture is None:
        raise NotFound("nothing was recorded at this moment", code="nothing_recorded")
    looks.note(caller, camera, Range(picture.wall_us, picture.wall_us + 1), "picture", order[0])
    width = min(picture.width, _LARGE_WIDTH) if large else _PICTURE_WIDTH
    height = max(1, picture.height * width // picture.width)
    small = cv2.resize(picture.image, (width, height), interpolation=cv2.INTER_AREA)
    ok, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])
    if not ok:
        raise Invalid("at", "unreadable", "this picture cannot be shown")
    shown = rfc3339(from_us(picture.wall_us))
    return Response(jpeg.tobytes(), headers={"X-Picture-Time": shown}, media_type="image/jpeg")


def _picture(footage: Footage, camera_id: str, stream: StreamName, at_us: int) -> Picture | None:
    pieces: list[Piece] = footage.pieces(camera_id, stream, at_us - _PICTURE_BEFORE_US, at_us + 1)
    for piece in reversed(pieces):
        keys = [fragment for fragment in piece.fragments if fragment.is_key and fragment.wall_us <= at_us]
        if keys:
            try:
                return decode_keyframe(footage.init(piece), footage.read(piece, keys[-1], keys[-1]))
            except CaptureError:
                return None
    return None
