"""Recovery runs beside the recorder: recording does not wait for it, and ends it when it ends."""

import os
import sys
from pathlib import Path
from threading import Event

import psutil
import pytest

from shike.capture.clock import SystemClock
from shike.capture.recorder import supervisor
from shike.capture.recorder.config import CaptureConfig
from shike.capture.recorder.recovery import recover_all
from tests.recorded import CAMERA, wait_until

from .left_open import Left

# Replaces the module of recovery: waits until a file exists, then runs recovery.
HELD = """
import pathlib, time
while not pathlib.Path({go_on!r}).exists():
    time.sleep(0.02)
from shike.capture.recorder import recovery
recovery.main()
"""


def begun_beside_held_recovery(
    left: Left, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, go_on: str
) -> supervisor.Recorder:
    """A recorder whose recovery of an open segment waits until a file named `go_on` exists."""
    left.write(2).abandon()
    (tmp_path / "held_recovery.py").write_text(HELD.format(go_on=str(tmp_path / go_on)))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    monkeypatch.setattr(supervisor, "RECOVERY", "held_recovery")
    config = CaptureConfig(left.root, tmp_path / "spool", tmp_path / "state", tmp_path / "keys", "test")
    return supervisor.Recorder(config, SystemClock())


def test_the_recorder_does_not_wait_for_recovery(left: Left, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = begun_beside_held_recovery(left, tmp_path, monkeypatch, go_on="go_on")
    assert list(left.spool.pending()) == []
    (tmp_path / "go_on").touch()
    wait_until(lambda: list(left.spool.pending()), "the segment that was left is closed")
    halt = Event()
    halt.set()
    begun.run(halt)


def test_unfinished_recovery_ends_with_the_recorder_and_leaves_the_segment_open(
    left: Left, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = begun_beside_held_recovery(left, tmp_path, monkeypatch, go_on="never")
    held = [child for child in psutil.Process().children() if "held_recovery" in child.cmdline()]
    assert len(held) == 1
    halt = Event()
    halt.set()
    begun.run(halt)
    assert not any(child.is_running() for child in held)
    assert list(left.archive.unfinished()) == [(CAMERA, "main")]


def test_one_stream_that_cannot_be_recovered_does_not_keep_the_recorder_from_starting(left: Left) -> None:
    file = left.write(2)
    file.abandon()
    other = left.root / "01900000-0000-7000-8000-00000000000f"
    other.mkdir()
    (other / "main.live.open.json").write_text('{"key": "../../etc/passwd"}')
    assert recover_all(left.archive, left.spool) == 1
