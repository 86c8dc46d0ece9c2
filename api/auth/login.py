"""Login sessions and the check of passwords. Attempts are counted before the password is compared.

Not here: routes (accounts/me.py), hashing (passwords.py). Design: docs/design/api.md, "Accounts".
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.passwords import hash_token, new_token, verify_password
from shike.api.auth.roles import permissions_of
from shike.api.auth.tables import AccountRow, LoginSessionRow
from shike.api.auth.viewer import Viewer
from shike.api.database import Database
from shike.api.errors import BadCredentials, Locked
from shike.api.moment import now
from shike.api.settings import Settings
from shike.attendance.tables.registry import InstitutionRow, RegionRow
from shike.capture.clock import Clock

SEEN_EVERY = timedelta(minutes=1)
UNKNOWN_NAMES_KEPT = 10_000


@dataclass
class Attempts:
    """Consecutive wrong passwords for one user name, and until when the name is locked."""

    failed: int = 0
    locked_until: datetime | None = None


class LoginGate:
    """Checks passwords and locks a user name after too many wrong ones.

    Unknown names are counted in memory by the same rules, so that a response does not show which names exist.
    """

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database, self._clock, self._settings = database, clock, settings
        self._unknown: OrderedDict[str, Attempts] = OrderedDict()
        self._counting = Lock()

    def check(self, username: str, password: str, ip: str | None) -> str:
        """The id of the account whose password this is. Raises Locked; or BadCredentials, after an audit line."""
        moment = now(self._clock)
        # Counted and committed before the slow comparison, so that guesses sent at the same time all count.
        with self._counting, self._database.writing() as db:
            account = db.scalar(select(AccountRow).where(AccountRow.username == username).with_for_update())
            remaining = self._count(account, username, moment)
            stored = account.password_hash if account and account.active else None
            account_id = account.id if account else None
        if verify_password(stored, password) and account_id is not None:
            with self._database.writing() as db:
                opened = db.get_one(AccountRow, account_id)
                opened.failed_logins, opened.locked_until = 0, None
            return account_id
        with self._database.writing() as db:
            audit.write_anonymous(db, self._clock, "login_failed", account_id=account_id, name=username[:100], ip=ip)
        raise BadCredentials(remaining_attempts=remaining)

    def _count(self, account: AccountRow | None, username: str, moment: datetime) -> int:
        """Counts one attempt; returns how many are left. Raises Locked while the name is locked."""
        attempts = Attempts(account.failed_logins, account.locked_until) if account else self._unknown_name(username)
        if attempts.locked_until is not None:
            if moment < attempts.locked_until:
                raise Locked(retry_after_s=int((attempts.locked_until - moment).total_seconds()) + 1)
            attempts.failed, attempts.locked_until = 0, None
        attempts.failed += 1
        remaining = self._settings.login_attempts - attempts.failed
        if remaining <= 0:
            attempts.locked_until = moment + timedelta(minutes=self._settings.login_lock_minutes)
        if account:
            account.failed_logins, account.locked_until = attempts.failed, attempts.locked_until
        return max(0, remaining)

    def _unknown_name(self, username: str) -> Attempts:
        attempts = self._unknown.setdefault(username, Attempts())
        self._unknown.move_to_end(username)
        while len(self._unknown) > UNKNOWN_NAMES_KEPT:
            self._unknown.popitem(last=False)
        return attempts


def open_login(db: DbSession, account_id: str, moment: datetime, hours: float) -> str:
    """Starts a login session and deletes expired ones. Returns the token, of which only the hash is stored."""
    token = new_token()
    db.execute(delete(LoginSessionRow).where(LoginSessionRow.expires_at <= moment))
    db.add(
        LoginSessionRow(
            token_hash=hash_token(token),
            account_id=account_id,
            created_at=moment,
            expires_at=moment + timedelta(hours=hours),
            last_seen_at=moment,
        )
    )
    return token


def close_logins(db: DbSession, account_id: str, keep: str | None = None) -> None:
    """Ends all login sessions of an account except the one with the id `keep`."""
    query = delete(LoginSessionRow).where(LoginSessionRow.account_id == account_id)
    db.execute(query if keep is None else query.where(LoginSessionRow.id != keep))


def viewer_of_login(db: DbSession, token_hash: str, moment: datetime) -> tuple[Viewer, datetime] | None:
    """The viewer of a token and when it was last used; None if the session has ended or the account is closed."""
    row = db.execute(
        select(LoginSessionRow, AccountRow)
        .join(AccountRow, AccountRow.id == LoginSessionRow.account_id)
        .where(LoginSessionRow.token_hash == token_hash, LoginSessionRow.expires_at > moment, AccountRow.active)
    ).one_or_none()
    if row is None:
        return None
    login, account = row
    return viewer_of(db, account, login.id), login.last_seen_at


def viewer_of(db: DbSession, account: AccountRow, login_id: str) -> Viewer:
    """The viewer that an account makes now."""
    region = db.get_one(RegionRow, account.region_id) if account.region_id else None
    institution = db.get_one(InstitutionRow, account.institution_id) if account.institution_id else None
    return Viewer(
        account_id=account.id,
        login_id=login_id,
        username=account.username,
        name=account.name,
        role=account.role,
        permissions=permissions_of(account.role),
        region_path=region.path if region else None,
        institution_id=account.institution_id,
        scope_label=(region or institution or account).name,
    )
