"""Faults inside the shards of a real recorder, requested by a test. faulty/sitecustomize.py carries them out."""

import os
from pathlib import Path

from tests.recorded import wait_until

FAULTY = Path(__file__).parent / "faulty"


class FaultsInside:
    """Requests faults, by camera. Each method returns at once; `began` waits until the fault has happened."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that the recorder's process needs."""
        paths = [str(FAULTY), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {"RECORDER_FAULTS": str(self._folder), "PYTHONPATH": os.pathsep.join(paths)}

    def fail(self, call: str, camera: str) -> None:
        """Let the next `write`, `fsync` or `fdatasync` of a camera's file fail; a write stores half its data."""
        (self._folder / f"fail-{call}.{camera}").touch()

    def hold_syncs(self, camera: str) -> None:
        """Let syncs of a camera's files block, as on a disk that hangs, until `release`."""
        (self._folder / f"hold-sync.{camera}").touch()

    def block_reads(self, camera: str) -> None:
        """Let the thread of a camera block in its next read; a new thread of the camera blocks as well."""
        (self._folder / f"block-read.{camera}").touch()

    def release(self, fault: str, camera: str) -> None:
        (self._folder / f"{fault}.{camera}").unlink()

    def set_clock(self, ahead_us: int) -> None:
        """Set the recorder's wall clock this far ahead of ours."""
        fresh = self._folder / "clock.new"
        fresh.write_text(str(ahead_us))
        fresh.replace(self._folder / "clock")

    def began(self, fault: str, camera: str) -> None:
        marker = self._folder / f"began-{fault}.{camera}"
        wait_until(marker.exists, f"{fault} of {camera} has begun")
        marker.unlink()
