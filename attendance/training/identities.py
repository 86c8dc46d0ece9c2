"""ID numbers as they are kept: sealed to be opened when a report must state them, hashed with a key to be matched.

A plain hash could be undone by trying all numbers of a county; this one cannot without the key file.
"""

import hashlib
import hmac
from pathlib import Path

from shike.capture.vault import Vault, key_at

KEY_FILE = "people.key"


class Identities:
    """Seals and matches ID numbers under the installation's own key. Numbers go in normalised (idnumbers.py)."""

    def __init__(self, key: bytes) -> None:
        self._vault = Vault(key)
        self._hash_key = hmac.digest(key, b"id number hash", "sha256")

    @classmethod
    def at(cls, folder: Path) -> "Identities":
        """With the key of a keys folder, made there where there is none."""
        return cls(key_at(folder, KEY_FILE))

    def seal(self, number: str) -> bytes:
        """The sealed form to store."""
        return self._vault.seal(number)

    def open(self, sealed: bytes) -> str:
        """The number. Raises cryptography.fernet.InvalidToken when the key is another one."""
        return self._vault.open(sealed)

    def fingerprint(self, number: str) -> str:
        """HMAC-SHA256, 64 hex digits: equal for equal numbers, and says nothing else without the key."""
        return hmac.new(self._hash_key, number.encode(), hashlib.sha256).hexdigest()
