"""`shike account …`: adds an account or sets a password from the server's console.

For the first account and for forgotten passwords. Not here: routes of accounts (accounts/administration.py).
"""

from typing import Annotated

import typer
from sqlalchemy import select

from shike.api.auth.login import close_logins
from shike.api.auth.passwords import SHORTEST, hash_password
from shike.api.auth.roles import Role
from shike.api.auth.tables import AccountRow
from shike.api.database import Database
from shike.api.migrate import migrate
from shike.api.moment import now
from shike.api.registry.regions import new_region
from shike.api.settings import load_settings
from shike.attendance.tables.registry import InstitutionRow, RegionRow
from shike.capture.clock import SystemClock

account = typer.Typer(no_args_is_help=True, help="Accounts from the server's console.")

_Password = Annotated[
    str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="SHIKE_PASSWORD")
]


@account.command("add")
def add(
    username: str,
    password: _Password,
    name: Annotated[str | None, typer.Option(help="Shown name; the user name if left out.")] = None,
    role: Role = Role.ADMINISTRATOR,
    institution: Annotated[str | None, typer.Option(help="Id of the institution; else the root region.")] = None,
) -> None:
    """Add an account over the root region (made if there is none), or over one institution."""
    require_length(password)
    settings = load_settings()
    migrate(settings)
    database = Database.at(settings.database)
    with database.writing() as db:
        if db.scalar(select(AccountRow.id).where(AccountRow.username == username)):
            raise typer.BadParameter(f"there is an account {username} already")
        if institution is not None and db.get(InstitutionRow, institution) is None:
            raise typer.BadParameter(f"there is no institution {institution}")
        if role is Role.INSTITUTION and institution is None:
            raise typer.BadParameter("the role institution needs --institution")
        region_id = None
        if institution is None:
            root = db.scalar(select(RegionRow).where(RegionRow.parent_id.is_(None)))
            region_id = (root or new_region(db, None, "全部地区", "province")).id
        db.add(
            AccountRow(
                username=username,
                name=name or username,
                password_hash=hash_password(password),
                role=role,
                region_id=region_id,
                institution_id=institution,
                created_at=now(SystemClock()),
            )
        )
    typer.echo(f"{username}: {role}")


@account.command("password")
def password(username: str, new: _Password) -> None:
    """Set a new password, unlock the account and end its login sessions."""
    require_length(new)
    settings = load_settings()
    migrate(settings)
    with Database.at(settings.database).writing() as db:
        row = db.scalar(select(AccountRow).where(AccountRow.username == username))
        if row is None:
            raise typer.BadParameter(f"there is no account {username}")
        row.password_hash, row.failed_logins, row.locked_until = hash_password(new), 0, None
        close_logins(db, row.id)
    typer.echo(f"{username}: password changed")


def require_length(text: str) -> None:
    if len(text) < SHORTEST:
        raise typer.BadParameter(f"a password has at least {SHORTEST} characters")
