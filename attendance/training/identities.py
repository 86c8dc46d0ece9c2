"""How ID numbers are stored: encrypted, to be opened for reports that must state them, and as a keyed hash, to find a
person.

A plain hash could be reversed by trying all numbers of a county; a keyed hash cannot without the key file. Not here:
checking and masking numbers (id_numbers.py).
"""

import hashlib
import hmac
from pathlib import Path

from shike.capture.vault import Vault, key_at

KEY_FILE = "people.key"


class Identities:
    """Encrypts and hashes ID numbers with the installation's own key. Numbers must be normalised (id_numbers.py)."""

    def __init__(self, key: bytes) -> None:
        self._vault = Vault(key)
        self._hash_key = hmac.digest(key, b"id number hash", "sha256")

    @classmethod
    def at(cls, folder: Path) -> "Identities":
        """With the key file of a keys folder. Creates it if it does not exist."""
        return cls(key_at(folder, KEY_FILE))

    def seal(self, number: str) -> bytes:
        """The encrypted number to store."""
        return self._vault.seal(number)

    def open(self, sealed: bytes) -> str:
        """The number. Raises cryptography.fernet.InvalidToken if it was encrypted with another key."""
        return self._vault.open(sealed)

    def fingerprint(self, number: str) -> str:
        """HMAC-SHA256, 64 hex digits: equal for equal numbers. Without the key it reveals nothing else."""
        return hmac.new(self._hash_key, number.encode(), hashlib.sha256).hexdigest()
