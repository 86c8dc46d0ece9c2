"""Passwords and tokens as they are stored: argon2id for what people choose, SHA-256 for what we draw at random."""

import hashlib
import secrets
from threading import BoundedSemaphore
from typing import Annotated

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import Field, SecretStr

SHORTEST = 8
LONGEST = 200
# Passwords in a request's body. Never in an answer, a log line or an error: SecretStr prints as stars.
NewPassword = Annotated[SecretStr, Field(min_length=SHORTEST, max_length=LONGEST)]
Password = Annotated[SecretStr, Field(max_length=LONGEST)]
_hasher = PasswordHasher()  # argon2id, RFC 9106 low-memory profile: 64 MiB each
# A crowd at the login page waits in line instead of taking all memory and every core from recording.
_line = BoundedSemaphore(2)
# Checked when nobody has that user name, so that the answer takes as long as for somebody.
_NOBODY = _hasher.hash(secrets.token_hex(16))


def hash_password(password: str) -> str:
    """The argon2id hash to store; about 50 ms."""
    with _line:
        return _hasher.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password fits; takes the same time when there is no account (`stored` is None)."""
    try:
        with _line:
            return _hasher.verify(stored or _NOBODY, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def new_token() -> str:
    """A login token: 256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is stored of a token (hex SHA-256): random tokens need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
