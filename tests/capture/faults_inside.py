"""Asking a real recorder's shards for a fault: the other end of faulty/sitecustomize.py."""

import os
from pathlib import Path

from tests.recorded import wait_until

FAULTY = Path(__file__).parent / "faulty"


class FaultsInside:
    """Faults by camera. Each `…` returns at once; `began` waits until it has happened."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    @property
    def environment(self) -> dict[str, str]:
        """What a recorder's process must find in its environment."""
        paths = [str(FAULTY), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {"RECORDER_FAULTS": str(self._folder), "PYTHONPATH": os.pathsep.join(paths)}

    def fail(self, call: str, camera: str) -> None:
        """The next `write`, `fsync` or `fdatasync` of a camera's file fails as on a broken disk; a write half done."""
        (self._folder / f"fail-{call}.{camera}").touch()

    def hold_syncs(self, camera: str) -> None:
        """No sync of a camera's files comes back, as on a disk that hangs, until `release`."""
        (self._folder / f"hold-sync.{camera}").touch()

    def block_reads(self, camera: str) -> None:
        """The thread of a camera never comes back from its next read, and so does any that follows it."""
        (self._folder / f"block-read.{camera}").touch()

    def release(self, fault: str, camera: str) -> None:
        (self._folder / f"{fault}.{camera}").unlink()

    def set_clock(self, ahead_us: int) -> None:
        """The server's wall clock is ahead of ours by so much from now on."""
        fresh = self._folder / "clock.new"
        fresh.write_text(str(ahead_us))
        fresh.replace(self._folder / "clock")

    def began(self, fault: str, camera: str) -> None:
        said = self._folder / f"began-{fault}.{camera}"
        wait_until(said.exists, f"{fault} of {camera} has begun")
        said.unlink()
