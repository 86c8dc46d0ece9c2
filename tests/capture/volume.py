"""A small volume that a test can fill and make read-only, also without root.

It is a tmpfs in a mount namespace that ends with the test; the test reaches it through /proc. If the system allows no
namespaces (`unshare -m`, with or without `-r`), the test is skipped with a message.
"""

import os
import subprocess
from pathlib import Path

import pytest

_COMMANDS = (("unshare", "-rm"), ("unshare", "-m"))


class Volume:
    """A mounted tmpfs; `path` is its root. Call `close` at the end."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        folder.mkdir()
        self._folder = folder
        for unshare in _COMMANDS:
            self._shell = subprocess.Popen(
                [*unshare, "sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            if self._do(f"mount -t tmpfs -o size={megabytes}m none {folder}"):
                break
            self.close()
        else:
            pytest.skip("NOT TESTED: this system does not allow mounting a tmpfs (unshare -rm, unshare -m)")
        self.path = Path(f"/proc/{self._shell.pid}/root{folder}")
        self._ballast = self.path / "ballast"

    def fill(self, leave_bytes: int = 0) -> None:
        """Fill the volume with a file, except for `leave_bytes`."""
        with self._ballast.open("ab") as file:
            while (free := self.free() - leave_bytes) > 0:
                try:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), free)
                except OSError:  # the recorder is writing at the same time
                    continue

    def empty(self) -> None:
        """Remove the file that `fill` wrote."""
        self._ballast.unlink()

    def read_only(self, yes: bool = True) -> None:
        """Remount it. Possible only while no file on it is open for writing."""
        assert self._do(f"mount -o remount,{'ro' if yes else 'rw'} {self._folder}"), "it cannot be remounted"

    def close(self) -> None:
        self._shell.communicate()

    def free(self) -> int:
        """Free bytes."""
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
