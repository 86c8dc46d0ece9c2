"""First-run setup: whoever knows the code on the server's console may create the first account.

Not here: the route (registry/start.py). Design: docs/design/api.md, "Accounts".
"""

import hmac
import os
import secrets
from pathlib import Path

from sqlalchemy import exists, select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth.passwords import hash_token
from shike.api.auth.tables import AccountRow

CODE_FILE = "setup-code"
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without letters and digits that look alike (I O 0 1)


def needs_setup(db: DbSession) -> bool:
    """Whether there is no account yet."""
    return not db.scalar(select(exists().where(AccountRow.id.is_not(None))))


def issue_code(state_dir: Path) -> str:
    """Makes a new code (60 bits) for the console and stores its hash; an earlier code becomes invalid."""
    code = "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(3))
    state_dir.mkdir(parents=True, exist_ok=True)
    fresh = state_dir / f"{CODE_FILE}.{os.getpid()}"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(hash_token(code))
    fresh.replace(state_dir / CODE_FILE)
    return code


def code_fits(state_dir: Path, code: str) -> bool:
    """Whether this is the code that was issued last. Case, spaces and hyphens are ignored."""
    letters = "".join(char for char in code.upper() if char in ALPHABET)
    dashed = "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))
    try:
        stored = (state_dir / CODE_FILE).read_text()
    except FileNotFoundError:
        return False
    return hmac.compare_digest(stored, hash_token(dashed))


def retire_code(state_dir: Path) -> None:
    """Deletes the code: setup is done."""
    (state_dir / CODE_FILE).unlink(missing_ok=True)
