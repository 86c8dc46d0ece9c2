"""Sealing of camera passwords with the installation's key, so that no file or row holds them readable."""

import os
from pathlib import Path

from cryptography.fernet import Fernet


class Sealer:
    """Fernet (AES-128-CBC with HMAC-SHA256) under a key file that only the owner may read."""

    def __init__(self, key_file: Path) -> None:
        """Read the key; make it at first use."""
        try:
            key = key_file.read_bytes()
        except FileNotFoundError:
            key = self._make(key_file)
        self._fernet = Fernet(key)

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode() if text else ""

    def unseal(self, sealed: str) -> str:
        """The text. cryptography.fernet.InvalidToken if it was sealed under another key."""
        return self._fernet.decrypt(sealed.encode()).decode() if sealed else ""

    @staticmethod
    def _make(key_file: Path) -> bytes:
        key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = Fernet.generate_key()
        try:
            handle = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # another process was first
            return key_file.read_bytes()
        with os.fdopen(handle, "wb") as file:
            file.write(key)
        return key
