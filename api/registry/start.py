"""Routes of the first run: which steps are done, and creating the first administrator."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy import exists, select

from shike.api.accounts.me import Me, me_of, set_cookie
from shike.api.auth import audit
from shike.api.auth.guard import address_of
from shike.api.auth.login import open_login, viewer_of
from shike.api.auth.passwords import NewPassword, hash_password
from shike.api.auth.roles import Role
from shike.api.auth.setup import code_fits, needs_setup
from shike.api.auth.tables import AccountRow
from shike.api.auth.viewer import Caller
from shike.api.current import CurrentClock, CurrentSettings, Db
from shike.api.errors import BadSetupCode, Conflict
from shike.api.moment import now
from shike.api.registry.regions import RegionLevel, new_region
from shike.api.wire import PROBLEM, Body, Name
from shike.attendance.tables.base import Base
from shike.attendance.tables.footage import RunRow
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RoomRow

router = APIRouter(tags=["start"], responses=PROBLEM)


class StartSteps(BaseModel):
    """Which steps of the first-run guide are done, in its order."""

    account: bool
    institution: bool
    room: bool
    camera: bool
    picture: bool


class FirstRun(BaseModel):
    needs_setup: bool
    steps: StartSteps


class Setup(Body):
    """The first administrator, and the root region."""

    setup_code: str
    username: Name
    name: Name
    password: NewPassword
    region_name: Name
    region_level: RegionLevel = "county"


@router.get("/api/start")
def get_start(db: Db) -> FirstRun:
    """Whether setup is needed, and which first steps are done. Public; it answers only yes or no."""

    def exists_any(entity: type[Base]) -> bool:
        return bool(db.scalar(select(exists(select(entity)))))

    steps = StartSteps(
        account=exists_any(AccountRow),
        institution=exists_any(InstitutionRow),
        room=exists_any(RoomRow),
        camera=exists_any(CameraRow),
        picture=exists_any(RunRow),
    )
    return FirstRun(needs_setup=needs_setup(db), steps=steps)


def checked_setup(body: Setup, settings: CurrentSettings) -> str:
    """The hash of the first password, made before the transaction begins. BadSetupCode if the code is wrong."""
    if not code_fits(settings.state_dir, body.setup_code):
        raise BadSetupCode(hint="the code stands on the server's console; every start prints a new one")
    return hash_password(body.password.get_secret_value())


@router.post("/api/start", status_code=201)
def set_up(
    body: Setup,
    password_hash: Annotated[str, Depends(checked_setup)],
    db: Db,
    clock: CurrentClock,
    settings: CurrentSettings,
    request: Request,
    response: Response,
) -> Me:
    """Create the first administrator and the root region, and log in."""
    if not needs_setup(db):
        raise Conflict("there is an account already", code="already_set_up")
    region = new_region(db, None, body.region_name, body.region_level)
    account = AccountRow(
        username=body.username,
        name=body.name,
        password_hash=password_hash,
        role=Role.ADMINISTRATOR,
        region_id=region.id,
        created_at=now(clock),
    )
    db.add(account)
    db.flush()
    viewer = viewer_of(db, account, "")
    audit.write(db, clock, Caller(viewer, address_of(request)), "setup", audit.AuditSubject(region.name))
    set_cookie(request, response, open_login(db, account.id, now(clock), settings.login_hours), settings)
    return me_of(viewer)
