"""A small volume of its own that a test can fill and make read-only, without asking anybody's permission.

It is a tmpfs in a mount namespace that ends with the test, seen from outside through /proc. Where the system allows no
namespaces (`unshare -m`, with or without `-r`), the test is skipped and says so.
"""

import os
import subprocess
from pathlib import Path

import pytest

_WAYS = (("unshare", "-rm"), ("unshare", "-m"))


class Volume:
    """`path` is its root. Call `close` at the end."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        folder.mkdir()
        self._folder = folder
        for way in _WAYS:
            self._shell = subprocess.Popen(
                [*way, "sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            if self._do(f"mount -t tmpfs -o size={megabytes}m none {folder}"):
                break
            self.close()
        else:
            pytest.skip("NOT TESTED: this system lets nobody mount a tmpfs (unshare -rm, unshare -m)")
        self.path = Path(f"/proc/{self._shell.pid}/root{folder}")
        self._ballast = self.path / "ballast"

    def fill(self, leave_bytes: int = 0) -> None:
        """Let somebody else take the room, but for so many bytes."""
        with self._ballast.open("ab") as file:
            while (free := self.free() - leave_bytes) > 0:
                try:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), free)
                except OSError:  # others are writing as well
                    continue

    def empty(self) -> None:
        """Give the room back."""
        self._ballast.unlink()

    def read_only(self, yes: bool = True) -> None:
        """Turn it; only possible while no file on it is open for writing."""
        assert self._do(f"mount -o remount,{'ro' if yes else 'rw'} {self._folder}"), "it cannot be remounted"

    def close(self) -> None:
        self._shell.communicate()

    def free(self) -> int:
        """Bytes that are left."""
        volume = os.statvfs(self.path)
        return volume.f_bavail * volume.f_frsize

    def _do(self, command: str) -> bool:
        assert self._shell.stdin is not None and self._shell.stdout is not None
        try:
            self._shell.stdin.write(f"{command} >/dev/null 2>&1; echo $?\n")
            self._shell.stdin.flush()
        except BrokenPipeError:
            return False
        return self._shell.stdout.readline().strip() == "0"
