"""Digest authentication (RFC 2617 without qop), as cameras ask for it."""

import hashlib
import re
import secrets

_REALM = "shike-camera-sim"
_FIELD = re.compile(r'(\w+)="?([^",]*)"?')


class DigestGate:
    """Checks the login of requests; admits every request if no user is set."""

    def __init__(self, user: str | None, password: str | None) -> None:
        self._user = user
        self._password = password or ""
        self._nonce = secrets.token_hex(16)

    @property
    def challenge(self) -> str:
        """The value of the WWW-Authenticate header."""
        return f'Digest realm="{_REALM}", nonce="{self._nonce}", algorithm="MD5"'

    def admits(self, method: str, authorization: str | None) -> bool:
        """Whether a request with this Authorization header may pass."""
        if self._user is None:
            return True
        if not authorization or not authorization.startswith("Digest "):
            return False
        fields = dict(_FIELD.findall(authorization))
        secret = _md5(f"{self._user}:{_REALM}:{self._password}")
        request = _md5(f"{method}:{fields.get('uri', '')}")
        expected = _md5(f"{secret}:{self._nonce}:{request}")
        return fields.get("username") == self._user and secrets.compare_digest(expected, fields.get("response", ""))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
