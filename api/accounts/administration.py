"""Routes of accounts: who may log in, with which role and scope. Not here: the own account (me.py)."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.login import close_logins, viewer_of
from shike.api.auth.passwords import NewPassword, hash_password
from shike.api.auth.roles import Role
from shike.api.auth.scopes import load, named, visible
from shike.api.auth.tables import AccountRow
from shike.api.auth.viewer import Viewer
from shike.api.current import CurrentClock, Db
from shike.api.errors import Conflict, Invalid
from shike.api.moment import Moment, now
from shike.api.wire import PROBLEM, Body, Id, Items, Name
from shike.attendance.tables.registry import InstitutionRow, RegionRow

router = APIRouter(tags=["accounts"], responses=PROBLEM)

Username = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[\w.@-]{2,64}$")]


class AccountScope(Body):
    """Exactly one of the two: a region with all regions below it, or one institution."""

    region_id: Id | None = None
    institution_id: Id | None = None


class AccountIn(Body):
    username: Username
    name: Name
    password: NewPassword
    role: Role
    scope: AccountScope


class AccountPatch(Body):
    """Changes only the fields that are sent. A new password or closing the account ends its login sessions."""

    name: Name | None = None
    role: Role | None = None
    scope: AccountScope | None = None
    active: bool | None = None
    password: NewPassword | None = None


class AccountOut(BaseModel):
    id: str
    username: str
    name: str
    role: Role
    scope: AccountScope
    scope_label: str
    active: bool
    locked_until: Moment | None
    created_at: Moment


def account_out(db: DbSession, account: AccountRow) -> AccountOut:
    return AccountOut(
        id=account.id,
        username=account.username,
        name=account.name,
        role=Role(account.role),
        scope=AccountScope(region_id=account.region_id, institution_id=account.institution_id),
        scope_label=viewer_of(db, account, "").scope_label,
        active=account.active,
        locked_until=account.locked_until,
        created_at=account.created_at,
    )


def set_scope(db: DbSession, viewer: Viewer, account: AccountRow, role: Role, scope: AccountScope) -> None:
    """Sets role and scope of an account, within the viewer's own scope. Invalid if role and scope do not fit."""
    if (scope.region_id is None) == (scope.institution_id is None):
        raise Invalid("scope", "one_of", "name a region or an institution, and only one of them")
    if role is Role.INSTITUTION and scope.institution_id is None:
        raise Invalid("scope.institution_id", "missing", "an institution's account needs its institution")
    if role is Role.ADMINISTRATOR and scope.region_id is None:
        raise Invalid("scope.region_id", "missing", "an administrator's account needs a region")
    if scope.region_id is not None:
        named(db, viewer, RegionRow, scope.region_id, "scope.region_id")
    if scope.institution_id is not None:
        named(db, viewer, InstitutionRow, scope.institution_id, "scope.institution_id")
    account.role, account.region_id, account.institution_id = role, scope.region_id, scope.institution_id


def new_password_hash(body: AccountIn | AccountPatch) -> str | None:
    """The hash of the password that was sent, made before the transaction begins; None without one."""
    return hash_password(body.password.get_secret_value()) if body.password else None


def created_hash(body: AccountIn) -> str | None:
    return new_password_hash(body)


def patched_hash(body: AccountPatch) -> str | None:
    return new_password_hash(body)


@router.get("/api/accounts")
def list_accounts(db: Db, viewer: CurrentViewer) -> Items[AccountOut]:
    """Accounts in scope, ordered by user name."""
    rows = db.scalars(visible(viewer, AccountRow).order_by(AccountRow.username))
    return Items(items=[account_out(db, row) for row in rows])


@router.post("/api/accounts", status_code=201)
def create_account(
    body: AccountIn,
    password_hash: Annotated[str, Depends(created_hash)],
    db: Db,
    caller: CurrentCaller,
    clock: CurrentClock,
) -> AccountOut:
    """Add an account; its scope must lie in the caller's own."""
    if db.scalar(select(AccountRow.id).where(AccountRow.username == body.username)):
        raise Invalid("username", "taken", "somebody has this user name")
    account = AccountRow(username=body.username, name=body.name, password_hash=password_hash, created_at=now(clock))
    set_scope(db, caller.viewer, account, body.role, body.scope)
    db.add(account)
    db.flush()
    place = audit.AuditSubject(account.username, account.institution_id)
    audit.write(db, clock, caller, "account_changed", place, verb="created", role=account.role)
    return account_out(db, account)


@router.patch("/api/accounts/{account_id}")
def update_account(
    account_id: str,
    body: AccountPatch,
    password_hash: Annotated[str | None, Depends(patched_hash)],
    db: Db,
    caller: CurrentCaller,
    clock: CurrentClock,
) -> AccountOut:
    """Change an account. Callers cannot change their own role, scope or state, so that nobody locks themselves out."""
    account = load(db, caller.viewer, AccountRow, account_id)
    if account.id == caller.viewer.account_id and (body.role or body.scope or body.active is False):
        raise Conflict("you cannot change your own role, scope or state", code="own_account")
    if body.name is not None:
        account.name = body.name
    if body.role is not None or body.scope is not None:
        held = AccountScope(region_id=account.region_id, institution_id=account.institution_id)
        set_scope(db, caller.viewer, account, body.role or Role(account.role), body.scope or held)
    if body.active is not None:
        account.active = body.active
    if password_hash is not None:
        account.password_hash, account.failed_logins, account.locked_until = password_hash, 0, None
    if password_hash is not None or body.active is False:
        close_logins(db, account.id, keep=caller.viewer.login_id)
    db.flush()
    place, changed = audit.AuditSubject(account.username, account.institution_id), sorted(body.model_fields_set)
    audit.write(db, clock, caller, "account_changed", place, verb="updated", changed=changed)
    return account_out(db, account)
