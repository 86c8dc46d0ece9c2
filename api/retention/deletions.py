"""What was deleted, when and by which rule: day by day to read, segment by segment to prove."""

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import BigInteger, case, func, select, type_coerce

from shike.api.auth.guard import CurrentViewer
from shike.api.auth.scopes import load, visible
from shike.api.db import Db
from shike.api.moment import Moment
from shike.api.wire import PROBLEM, Id, Items, Page
from shike.attendance.retention.rules import DAY_US, Rule
from shike.attendance.tables.registry import Camera, Room
from shike.attendance.tables.retention import Deletion

router = APIRouter(tags=["retention"], responses=PROBLEM)

_BEIJING_US = 8 * 3_600_000_000


class DeletedDayOut(BaseModel):
    """What one rule deleted of one stream on one day (Beijing time). `missing`: how many files were gone before.

    `from` and `to` are times of the footage; `first_deleted_at` and `last_deleted_at`, when it was deleted.
    """

    day: date
    first_deleted_at: Moment
    last_deleted_at: Moment
    camera_id: str
    camera_name: str
    room_name: str
    stream: Literal["main", "sub"]
    rule: Rule
    rule_id: str | None
    segments: int
    bytes: int
    start: Moment = Field(serialization_alias="from")
    end: Moment = Field(serialization_alias="to")
    missing: int


class DeletedSegmentOut(BaseModel):
    """One deletion. After some weeks neighbours are one row: `segments` says how many, id and digest are null then."""

    id: str
    segment_id: str | None
    segments: int
    stream: Literal["main", "sub"]
    run_id: str
    start: Moment = Field(serialization_alias="from")
    end: Moment = Field(serialization_alias="to")
    bytes: int
    digest: str | None
    rule: Rule
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
    rule: Rule | None = None,
    start: Annotated[Moment | None, Query(alias="from")] = None,
    end: Annotated[Moment | None, Query(alias="to")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Items[DeletedDayOut]:
    """What was deleted by day, stream and rule, newest day first. `from` and `to` are times of deletion."""
    day = (type_coerce(Deletion.file_deleted_at, BigInteger) + _BEIJING_US) // DAY_US
    groups = (day, Deletion.camera_id, Deletion.stream, Deletion.rule, Deletion.rule_id)
    scoped = visible(viewer, Deletion).where(Deletion.state == "done")
    if camera_id is not None:
        scoped = scoped.where(Deletion.camera_id == camera_id)
    if rule is not None:
        scoped = scoped.where(Deletion.rule == rule)
    if start is not None:
        scoped = scoped.where(Deletion.file_deleted_at >= start)
    if end is not None:
        scoped = scoped.where(Deletion.file_deleted_at < end)
    sums = (
        func.sum(Deletion.segments),
        func.sum(Deletion.size),
        func.min(Deletion.wall_start),
        func.max(Deletion.wall_end),
        func.sum(case((Deletion.missing, Deletion.segments), else_=0)),
        func.min(Deletion.file_deleted_at),
        func.max(Deletion.file_deleted_at),
    )
    query = scoped.with_only_columns(*groups, *sums).group_by(*groups)
    rows = db.execute(query.order_by(day.desc(), Deletion.camera_id, Deletion.stream).limit(limit)).all()
    of_cameras = select(Camera.id, Camera.name, Room.name).join(Room, Room.id == Camera.room_id)
    names = {each[0]: each[1:] for each in db.execute(of_cameras.where(Camera.id.in_({row[1] for row in rows})))}
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
    """Deletions of one camera's footage of a range, planned ones too; `cursor` is the id of the last one seen."""
    load(db, viewer, Camera, camera_id)
    query = visible(viewer, Deletion).where(Deletion.camera_id == camera_id).order_by(Deletion.id.desc())
    if start is not None:
        query = query.where(Deletion.wall_end > start)
    if end is not None:
        query = query.where(Deletion.wall_start < end)
    if cursor is not None:
        query = query.where(Deletion.id < cursor)
    rows = list(db.scalars(query.limit(limit + 1)))
    fields = set(DeletedSegmentOut.model_fields) - {"start", "end", "bytes"}
    items = [
        DeletedSegmentOut(
            **{field: getattr(row, field) for field in fields}, start=row.wall_start, end=row.wall_end, bytes=row.size
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next_cursor=items[-1].id if len(rows) > limit else None)
