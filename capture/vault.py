"""Encrypts passwords of devices with the installation's own key, which exists in the data folder only."""

import os
from pathlib import Path

from cryptography.fernet import Fernet

KEY_FILE = "cameras.key"


def key_at(folder: Path, name: str) -> bytes:
    """The key in a file of a keys folder. Creates the folder (0700) and the key (0600) if they are missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    fresh = folder / f"{name}.{os.getpid()}"
    if not path.exists():
        # Write to a second file, then link: if two processes start together, one wins and nobody reads half a key.
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(Fernet.generate_key())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes()


class Vault:
    """Encrypts and decrypts secrets. Raises cryptography.fernet.InvalidToken if the key is another one."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    @classmethod
    def at(cls, folder: Path) -> "Vault":
        """The vault for camera passwords, with its key in the given keys folder."""
        return cls(key_at(folder, KEY_FILE))

    def seal(self, secret: str) -> bytes:
        """The encrypted form to store; ASCII."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes | None) -> str:
        """The secret; empty if `sealed` is None."""
        return "" if sealed is None else self._fernet.decrypt(sealed).decode()
