"""Routes of login and logout, and of the caller's own account. Not here: other accounts (administration.py)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, StringConstraints
from sqlalchemy import delete
from starlette.requests import HTTPConnection

from shike.api.auth import audit
from shike.api.auth.guard import COOKIE, CurrentCaller, CurrentViewer, address_of
from shike.api.auth.login import LoginGate, close_logins, open_login, viewer_of
from shike.api.auth.passwords import NewPassword, Password, hash_password
from shike.api.auth.tables import AccountRow, LoginSessionRow
from shike.api.auth.viewer import Caller, Viewer
from shike.api.current import CurrentClock, CurrentSettings, Db, current_of
from shike.api.errors import BadCredentials, Invalid
from shike.api.moment import now
from shike.api.settings import Settings
from shike.api.wire import PROBLEM, Body

router = APIRouter(tags=["me"], responses=PROBLEM)


class Credentials(Body):
    username: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
    password: Password


class PasswordChange(Body):
    old: Password
    new: NewPassword


class Me(BaseModel):
    """Who is logged in, with their rights."""

    id: str
    username: str
    name: str
    role: str
    scope_label: str
    permissions: list[str]


def me_of(viewer: Viewer) -> Me:
    """The viewer as a response shows them."""
    return Me(
        id=viewer.account_id,
        username=viewer.username,
        name=viewer.name,
        role=viewer.role,
        scope_label=viewer.scope_label,
        permissions=sorted(viewer.permissions),
    )


def current_gate(connection: HTTPConnection) -> LoginGate:
    """The running service's login gate."""
    return current_of(connection).part(LoginGate)


CurrentGate = Annotated[LoginGate, Depends(current_gate)]


def set_cookie(request: Request, response: Response, token: str, settings: Settings) -> None:
    """Sets the token as a cookie that neither scripts nor other sites can read or send."""
    secure = settings.cookie_secure or request.url.scheme == "https"
    age = int(settings.login_hours * 3600)
    response.set_cookie(COOKIE, token, max_age=age, path="/", httponly=True, samesite="strict", secure=secure)


def account_of_password(body: Credentials, gate: CurrentGate, request: Request) -> str:
    """Checks the password before the transaction begins: argon2 is slow on purpose and must not hold a lock."""
    return gate.check(body.username, body.password.get_secret_value(), address_of(request))


@router.post("/api/login")
def login(
    account_id: Annotated[str, Depends(account_of_password)],
    db: Db,
    clock: CurrentClock,
    settings: CurrentSettings,
    request: Request,
    response: Response,
) -> Me:
    """Log in; the response sets the session cookie."""
    token = open_login(db, account_id, now(clock), settings.login_hours)
    viewer = viewer_of(db, db.get_one(AccountRow, account_id), "")
    audit.write(db, clock, Caller(viewer, address_of(request)), "login")
    set_cookie(request, response, token, settings)
    return me_of(viewer)


@router.post("/api/logout", status_code=204)
def logout(db: Db, caller: CurrentCaller, clock: CurrentClock, response: Response) -> None:
    """End this login session."""
    db.execute(delete(LoginSessionRow).where(LoginSessionRow.id == caller.viewer.login_id))
    audit.write(db, clock, caller, "logout")
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


@router.get("/api/me")
def get_me(viewer: CurrentViewer) -> Me:
    """Who is logged in."""
    return me_of(viewer)


def checked_change(body: PasswordChange, viewer: CurrentViewer, gate: CurrentGate, request: Request) -> str:
    """The hash of the new password if the old one is right; a wrong one counts like a wrong login."""
    try:
        gate.check(viewer.username, body.old.get_secret_value(), address_of(request))
    except BadCredentials as error:
        raise Invalid("old", "wrong", "the old password is wrong") from error
    return hash_password(body.new.get_secret_value())


@router.post("/api/me/password", status_code=204)
def change_password(
    password_hash: Annotated[str, Depends(checked_change)], db: Db, caller: CurrentCaller, clock: CurrentClock
) -> None:
    """Change the own password. All other login sessions of the account end."""
    db.get_one(AccountRow, caller.viewer.account_id).password_hash = password_hash
    close_logins(db, caller.viewer.account_id, keep=caller.viewer.login_id)
    audit.write(db, clock, caller, "account_changed", audit.AuditSubject(caller.viewer.username), changed=["password"])
