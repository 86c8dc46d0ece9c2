"""Hashes that are stored: argon2id for passwords of people, SHA-256 for random tokens."""

import hashlib
import secrets
from threading import BoundedSemaphore
from typing import Annotated

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import Field, SecretStr

SHORTEST = 8
LONGEST = 200
# Passwords in request bodies. SecretStr prints as stars, so no response, log line or error contains one.
NewPassword = Annotated[SecretStr, Field(min_length=SHORTEST, max_length=LONGEST)]
Password = Annotated[SecretStr, Field(max_length=LONGEST)]
_hasher = PasswordHasher()  # argon2id, RFC 9106 low-memory profile: 64 MiB each
# At most two hashes at once: many logins at the same time must not take memory and cores from recording.
_slots = BoundedSemaphore(2)
# Verified for unknown user names, so that the response takes as long as for known ones.
_UNUSED_HASH = _hasher.hash(secrets.token_hex(16))


def hash_password(password: str) -> str:
    """The argon2id hash to store; takes about 50 ms."""
    with _slots:
        return _hasher.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password is right; takes the same time when there is no account (`stored` is None)."""
    try:
        with _slots:
            return _hasher.verify(stored or _UNUSED_HASH, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def new_token() -> str:
    """A new login token: 256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """The hash of a token that is stored (SHA-256 in hex). Random tokens need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
