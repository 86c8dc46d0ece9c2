"""Routes of regions: the tree to which institutions belong and of which scopes are subtrees."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.scopes import named, visible
from shike.api.current import CurrentClock, Db
from shike.api.errors import Invalid
from shike.api.wire import PROBLEM, Body, Id, Items, Name
from shike.attendance.tables.registry import RegionRow
from shike.capture.ids import new_id

router = APIRouter(tags=["regions"], responses=PROBLEM)

RegionLevel = Literal["country", "province", "city", "county"]
LEVELS: tuple[RegionLevel, ...] = ("country", "province", "city", "county")


class RegionIn(Body):
    parent_id: Id
    name: Name
    level: RegionLevel


class RegionOut(BaseModel):
    """A region. `path`: the ids from the root to the region, as "/id/id/"."""

    id: str
    parent_id: str | None
    name: str
    level: str
    path: str


def region_out(region: RegionRow) -> RegionOut:
    return RegionOut.model_validate(region, from_attributes=True)


def new_region(db: DbSession, parent: RegionRow | None, name: str, level: RegionLevel) -> RegionRow:
    """Adds a region below `parent`; the root region if `parent` is None."""
    region_id = new_id()
    above = parent.path if parent else "/"
    parent_id = parent.id if parent else None
    region = RegionRow(id=region_id, parent_id=parent_id, name=name, level=level, path=f"{above}{region_id}/")
    db.add(region)
    db.flush()
    return region


@router.get("/api/regions")
def list_regions(db: Db, viewer: CurrentViewer) -> Items[RegionOut]:
    """All regions in scope, parents before children."""
    rows = db.scalars(visible(viewer, RegionRow).order_by(RegionRow.path))
    return Items(items=[region_out(row) for row in rows])


@router.post("/api/regions", status_code=201)
def create_region(body: RegionIn, db: Db, caller: CurrentCaller, clock: CurrentClock) -> RegionOut:
    """Add a region below a region in scope."""
    parent = named(db, caller.viewer, RegionRow, body.parent_id, "parent_id")
    if LEVELS.index(body.level) <= LEVELS.index(parent.level):
        raise Invalid("level", "not_below_parent", f"a {body.level} does not lie in a {parent.level}")
    region = new_region(db, parent, body.name, body.level)
    audit.write(db, clock, caller, "registry_changed", audit.AuditSubject(region.name), verb="created", kind="region")
    return region_out(region)
