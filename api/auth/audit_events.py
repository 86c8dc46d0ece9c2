"""The audit trail as a page: newest first, within the reader's scope."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from shike.api.auth.audit import Action, AuditEventRow
from shike.api.auth.guard import CurrentViewer
from shike.api.auth.scopes import visible
from shike.api.current import Db
from shike.api.moment import Moment
from shike.api.wire import PROBLEM, Page

router = APIRouter(tags=["audit"], responses=PROBLEM)


class AuditEventOut(BaseModel):
    id: str
    at: Moment
    account_id: str | None
    account_name: str
    role: str | None
    action: str
    institution_id: str | None
    room_id: str | None
    camera_id: str | None
    target: str | None
    detail: dict[str, Any]
    ip: str | None


@router.get("/api/audit-events")
def list_audit_events(
    db: Db,
    viewer: CurrentViewer,
    action: Action | None = None,
    account_id: str | None = None,
    camera_id: str | None = None,
    start: Annotated[Moment | None, Query(alias="from")] = None,
    end: Annotated[Moment | None, Query(alias="to")] = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Page[AuditEventOut]:
    """Lines of the trail, newest first; `from` is inclusive, `to` is not. `cursor` is the id of the last line seen."""
    # Ids are UUIDv7: their order is the order of writing, and unlike times they are never equal.
    query = visible(viewer, AuditEventRow).order_by(AuditEventRow.id.desc()).limit(limit + 1)
    if action is not None:
        query = query.where(AuditEventRow.action == action)
    if account_id is not None:
        query = query.where(AuditEventRow.account_id == account_id)
    if camera_id is not None:
        query = query.where(AuditEventRow.camera_id == camera_id)
    if start is not None:
        query = query.where(AuditEventRow.at >= start)
    if end is not None:
        query = query.where(AuditEventRow.at < end)
    if cursor is not None:
        query = query.where(AuditEventRow.id < cursor)
    rows = list(db.scalars(query))
    items = [AuditEventOut.model_validate(row, from_attributes=True) for row in rows[:limit]]
    return Page(items=items, next_cursor=items[-1].id if len(rows) > limit else None)
