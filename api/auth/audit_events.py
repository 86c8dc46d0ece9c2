"""GET /api/audit-events: lines of the audit trail within the reader's scope, newest first.

Not here: the table and how lines are written (audit.py).
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

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


class AuditEventQuery(BaseModel):
    """Which lines to list: those that meet every condition that is given."""

    action: Action | None = None
    account_id: str | None = None
    camera_id: str | None = None
    start: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")
    cursor: str | None = None
    limit: int = Field(default=100, ge=1, le=500)


@router.get("/api/audit-events")
def list_audit_events(
    db: Db, viewer: CurrentViewer, wanted: Annotated[AuditEventQuery, Query()]
) -> Page[AuditEventOut]:
    """Lines of the trail, newest first; `from` is inclusive, `to` is not. `cursor` is the id of the last line seen."""
    # Ids are UUIDv7: they are in the order of writing and, unlike times, never equal.
    query = visible(viewer, AuditEventRow).order_by(AuditEventRow.id.desc()).limit(wanted.limit + 1)
    if wanted.action is not None:
        query = query.where(AuditEventRow.action == wanted.action)
    if wanted.account_id is not None:
        query = query.where(AuditEventRow.account_id == wanted.account_id)
    if wanted.camera_id is not None:
        query = query.where(AuditEventRow.camera_id == wanted.camera_id)
    if wanted.start is not None:
        query = query.where(AuditEventRow.at >= wanted.start)
    if wanted.end is not None:
        query = query.where(AuditEventRow.at < wanted.end)
    if wanted.cursor is not None:
        query = query.where(AuditEventRow.id < wanted.cursor)
    rows = list(db.scalars(query))
    items = [AuditEventOut.model_validate(row, from_attributes=True) for row in rows[: wanted.limit]]
    return Page(items=items, next_cursor=items[-1].id if len(rows) > wanted.limit else None)
