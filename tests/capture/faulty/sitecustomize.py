"""Faults inside a real recorder that a test cannot cause on a real disk or clock.

Python loads this file in every process whose PYTHONPATH names this folder; it acts in shards only. A fault is requested
by a file in the folder that RECORDER_FAULTS names, `<fault>.<camera id>` (see tests/capture/faults_inside.py).
"""

import errno
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("RECORDER_FAULTS", "/nowhere"))
_POLL_S = 0.02


def _fault(name: str, thread_kind: str) -> Path | None:
    """The file that requests a fault in the calling thread, if there is one."""
    thread = threading.current_thread().name
    if not thread.startswith(thread_kind):
        return None
    path = FOLDER / f"{name}.{thread[len(thread_kind) : len(thread_kind) + 36]}"
    return path if path.exists() else None


def _report(path: Path) -> None:
    """Tell the test that the fault has begun."""
    path.with_name(f"began-{path.name}").touch()


def _disk(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    def faulty(fd: int, *data: Any) -> Any:
        broken = _fault(f"fail-{name}", "disk-")
        if broken is not None:
            _report(broken)
            broken.unlink()
            if data:
                real(fd, bytes(data[0])[: len(data[0]) // 2])
            raise OSError(errno.EIO, "Input/output error")
        while (held := _fault("hold-sync", "disk-")) is not None and not data:
            _report(held)
            time.sleep(_POLL_S)
        return real(fd, *data)

    return faulty


def _blocking(real: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    def packets(self: Any, *arguments: Any) -> Iterator[Any]:
        for packet in real(self, *arguments):
            held = _fault("block-read", "camera-")
            if held is not None:
                _report(held)
                time.sleep(1e6)
            yield packet

    return packets


def _stepped(real: Callable[[], int]) -> Callable[[], int]:
    def time_ns() -> int:
        try:
            return real() + int((FOLDER / "clock").read_text()) * 1000
        except (FileNotFoundError, ValueError):
            return real()

    return time_ns


if "shike.capture.recorder.shard" in sys.orig_argv and FOLDER.is_dir():
    from shike.capture.source.ffmpeg import FFmpegSource
    from shike.capture.source.plain import PlainSource

    for each in ("write", "fsync", "fdatasync"):
        setattr(os, each, _disk(each, getattr(os, each)))
    time.time_ns = _stepped(time.time_ns)
    for source in (FFmpegSource, PlainSource):
        source.packets = _blocking(source.packets)  # type: ignore[method-assign]
