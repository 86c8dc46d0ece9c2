"""Routes of training institutions."""

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.scopes import load, named, visible
from shike.api.current import CurrentClock, Db
from shike.api.errors import Invalid
from shike.api.moment import Moment, now
from shike.api.wire import PROBLEM, Body, Id, Items, Name
from shike.attendance.tables.registry import InstitutionRow, RegionRow
from shike.attendance.training.uscc import BadUscc, normalised_uscc

router = APIRouter(tags=["institutions"], responses=PROBLEM)


class InstitutionIn(Body):
    """A new institution. `uscc`: unified social credit code, of which the check character is verified."""

    region_id: Id
    name: Name
    uscc: str | None = None
    kind: Name | None = None


class InstitutionPatch(Body):
    """Changes only the fields that are sent."""

    region_id: Id | None = None
    name: Name | None = None
    uscc: str | None = None
    kind: Name | None = None


class InstitutionOut(BaseModel):
    id: str
    region_id: str
    name: str
    uscc: str | None
    kind: str | None
    created_at: Moment


def institution_out(institution: InstitutionRow) -> InstitutionOut:
    return InstitutionOut.model_validate(institution, from_attributes=True)


def checked_uscc(db: DbSession, text: str | None, own_id: str | None = None) -> str | None:
    """The code as it is stored; None for an empty one. Invalid if it is wrong or another institution has it."""
    if not text or not text.strip():
        return None
    try:
        code = normalised_uscc(text)
    except BadUscc as error:
        raise Invalid("uscc", error.code, str(error)) from error
    holder = db.scalar(select(InstitutionRow.id).where(InstitutionRow.uscc == code))
    if holder not in (None, own_id):
        raise Invalid("uscc", "taken", "another institution has this code")
    return code


@router.get("/api/institutions")
def list_institutions(db: Db, viewer: CurrentViewer, region_id: str | None = None) -> Items[InstitutionOut]:
    """Institutions in scope, ordered by name. `region_id`: only those in this region and in regions below it."""
    query = visible(viewer, InstitutionRow).order_by(InstitutionRow.name)
    if region_id is not None:
        region = load(db, viewer, RegionRow, region_id)
        below = visible(viewer, RegionRow).where(RegionRow.path.startswith(region.path, autoescape=True))
        query = query.where(InstitutionRow.region_id.in_(below.with_only_columns(RegionRow.id)))
    return Items(items=[institution_out(row) for row in db.scalars(query)])


@router.post("/api/institutions", status_code=201)
def create_institution(body: InstitutionIn, db: Db, caller: CurrentCaller, clock: CurrentClock) -> InstitutionOut:
    """Add an institution to a region in scope."""
    region = named(db, caller.viewer, RegionRow, body.region_id, "region_id")
    uscc = checked_uscc(db, body.uscc)
    row = InstitutionRow(region_id=region.id, name=body.name, uscc=uscc, kind=body.kind, created_at=now(clock))
    db.add(row)
    db.flush()
    audit.write(db, clock, caller, "registry_changed", audit.place_of(db, row), verb="created", kind="institution")
    return institution_out(row)


@router.patch("/api/institutions/{institution_id}")
def update_institution(
    institution_id: str, body: InstitutionPatch, db: Db, caller: CurrentCaller, clock: CurrentClock
) -> InstitutionOut:
    """Change an institution."""
    row = load(db, caller.viewer, InstitutionRow, institution_id)
    sent = body.model_fields_set
    if "region_id" in sent and body.region_id:
        row.region_id = named(db, caller.viewer, RegionRow, body.region_id, "region_id").id
    if "name" in sent and body.name:
        row.name = body.name
    if "uscc" in sent:
        row.uscc = checked_uscc(db, body.uscc, row.id)
    if "kind" in sent:
        row.kind = body.kind
    place, changed = audit.place_of(db, row), sorted(sent)
    audit.write(db, clock, caller, "registry_changed", place, verb="updated", kind="institution", changed=changed)
    return institution_out(row)
