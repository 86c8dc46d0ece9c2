"""Secrets of devices, sealed with the installation's own key, which lies in the data folder and nowhere else."""

import os
from pathlib import Path

from cryptography.fernet import Fernet

KEY_FILE = "cameras.key"


def key_at(folder: Path, name: str) -> bytes:
    """The key in a file of a keys folder; makes folder (0700) and key (0600) where there are none."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    fresh = folder / f"{name}.{os.getpid()}"
    if not path.exists():
        # Written aside and linked: of two processes that start at once one wins, and nobody reads half a key.
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
    """Seals and opens secrets. Raises cryptography.fernet.InvalidToken when the key is another one."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    @classmethod
    def at(cls, folder: Path) -> "Vault":
        """The vault for camera passwords, with its key in a keys folder."""
        return cls(key_at(folder, KEY_FILE))

    def seal(self, secret: str) -> bytes:
        """The sealed form to store; ASCII."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes | None) -> str:
        """The secret; an empty one where nothing was stored."""
        return "" if sealed is None else self._fernet.decrypt(sealed).decode()
