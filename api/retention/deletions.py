"""Routes of deleted footage: when and by which rule, summed by day or segment by segment.

Not here: deleting (attendance/retention/deleting.py). Design: docs/design/retention.md, "Deleting".
"""

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import BigInteger, case, func, type_coerce

from shike.api.auth.guard import CurrentViewer
from shike.api.auth.scopes import load, visible
from shike.api.current import Db
from shike.api.moment import Moment
from shike.api.wire import PROBLEM, Id, Items, Page
from shike.attendance.retention.rules import DAY_US, DeletionRule
from shike.attendance.tables.registry import CameraRow, RoomRow
from shike.attendance.tables.retention import DeletionRow
from shike.capture.archive.segment import StreamName

router = APIRouter(tags=["retention"], responses=PROBLEM)

_BEIJING_US = 8 * 3_600_000_000


class DeletedDayOut(BaseModel):
    """What one rule deleted of one stream on one day (Beijing time). `missing`: how many files were already gone.

    `from` and `to` are times of the footage; `first_deleted_at` and `last_deleted_at` are times of deletion.
    """

    day: date
    first_deleted_at: Moment
    last_deleted_at: Moment
    camera_id: str
    camera_name: str
    room_name: str
    stream: StreamName
    rule: DeletionRule
    rule_id: str | None
    segments: int
    bytes: int
    start: Moment = Field(serialization_alias="from")
    end: Moment = Field(serialization_alias="to")
    missing: int


class DeletedSegmentOut(BaseModel):
    """One deletion. After 30 days adjacent ones are merged: `segments` says how many; id and digest are then null."""

    id: str
    segment_id: str | None
    segments: int
    stream: StreamName
    run_id: str
    start: Moment = Field(serialization_alias="from")
    end: Moment = Field(serialization_alias="to")
    bytes: int
    digest: str | None
    rule: DeletionRule
    rule_id: str | None
    state: Literal["planned", "done"]
    planned_at: Moment
    file_deleted_at: Moment | None
    link_number: int | None
    missing: bool


@router.get("/api/deletions")
def list_deleted_days(
    db: Db,
    viewer: CurrentViewer,
    camera_id: Id | None = None,
    rule: DeletionRule | None = None,
    start: Annotated[Moment | None, Query(alias="from")] = None,
    end: Annotated[Moment | None, Query(alias="to")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Items[DeletedDayOut]:
    """Deleted footage by day, stream and rule, newest day first. `from` and `to` are times of deletion."""
    day = (type_coerce(DeletionRow.file_deleted_at, BigInteger) + _BEIJING_US) // DAY_US
    groups = (day, DeletionRow.camera_id, DeletionRow.stream, DeletionRow.rule, DeletionRow.rule_id)
    scoped = visible(viewer, DeletionRow).where(DeletionRow.state == "done")
    if camera_id is not None:
        scoped = scoped.where(DeletionRow.camera_id == camera_id)
    if rule is not None:
        scoped = scoped.where(DeletionRow.rule == rule)
    if start is not None:
        scoped = scoped.where(DeletionRow.file_deleted_at >= start)
    if end is not None:
        scoped = scoped.where(DeletionRow.file_deleted_at < end)
    sums = (
        func.sum(DeletionRow.segments),
        func.sum(DeletionRow.size),
        func.min(DeletionRow.wall_start),
        func.max(DeletionRow.wall_end),
        func.sum(case((DeletionRow.missing, DeletionRow.segments), else_=0)),
        func.min(DeletionRow.file_deleted_at),
        func.max(DeletionRow.file_deleted_at),
    )
    query = scoped.with_only_columns(*groups, *sums).group_by(*groups)
    rows = db.execute(query.order_by(day.desc(), DeletionRow.camera_id, DeletionRow.stream).limit(limit)).all()
    cameras = visible(viewer, CameraRow).where(CameraRow.id.in_({row[1] for row in rows}))
    of_cameras = cameras.join(RoomRow, RoomRow.id == CameraRow.room_id)
    columns = of_cameras.with_only_columns(CameraRow.id, CameraRow.name, RoomRow.name)
    names = {each[0]: each[1:] for each in db.execute(columns)}
    return Items(
        items=[
            DeletedDayOut(
                day=date(1970, 1, 1) + timedelta(days=int(row[0])),
                camera_id=row[1],
                camera_name=names[row[1]][0],
                room_name=names[row[1]][1],
                stream=row[2],
                rule=row[3],
                rule_id=row[4],
                segments=row[5],
                bytes=row[6],
                start=row[7],
                end=row[8],
                missing=row[9],
                first_deleted_at=row[10],
                last_deleted_at=row[11],
            )
            for row in rows
        ]
    )


@router.get("/api/cameras/{camera_id}/deletions")
def list_deleted_segments(
    camera_id: str,
    db: Db,
    viewer: CurrentViewer,
    start: Annotated[Moment | None, Query(alias="from")] = None,
    end: Annotated[Moment | None, Query(alias="to")] = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Page[DeletedSegmentOut]:
    """Deletions of a camera's footage in a range, planned ones too, newest first. `cursor`: id of the last one seen."""
    load(db, viewer, CameraRow, camera_id)
    query = visible(viewer, DeletionRow).where(DeletionRow.camera_id == camera_id).order_by(DeletionRow.id.desc())
    if start is not None:
        query = query.where(DeletionRow.wall_end > start)
    if end is not None:
        query = query.where(DeletionRow.wall_start < end)
    if cursor is not None:
        query = query.where(DeletionRow.id < cursor)
    rows = list(db.scalars(query.limit(limit + 1)))
    fields = set(DeletedSegmentOut.model_fields) - {"start", "end", "bytes"}
    items = [
        DeletedSegmentOut(
            **{field: getattr(row, field) for field in fields}, start=row.wall_start, end=row.wall_end, bytes=row.size
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next_cursor=items[-1].id if len(rows) > limit else None)
