"""The footage volume: free space, and how long it will last at the present rate. Design: docs/design/footage.md."""

import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from sqlalchemy import func, select
from starlette.requests import HTTPConnection

from shike.api.current import current_of
from shike.api.database import Database
from shike.attendance.recording.disk_space import DAY_US, DiskSpace, bytes_per_day
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.capture.clock import Clock
from shike.capture.moment import from_us, to_us

_FRESH_S = 60.0


@dataclass(frozen=True, slots=True)
class _Rate:
    bytes_per_day: float | None
    read_s: float


class FootageVolume:
    """Measures the volume of a folder. It reads the rate from the index once a minute at most."""

    def __init__(self, folder: Path, database: Database, clock: Clock) -> None:
        self._folder, self._database, self._clock = folder, database, clock
        self._rate: _Rate | None = None
        self._lock = threading.Lock()

    def space(self) -> DiskSpace:
        """Free space, and bytes written per day. OSError if the volume does not answer."""
        folder = next(each for each in (self._folder, *self._folder.absolute().parents) if each.exists())
        usage = shutil.disk_usage(folder)
        return DiskSpace(usage.free, usage.total, self._bytes_per_day())

    def _bytes_per_day(self) -> float | None:
        with self._lock:
            now_s = self._clock.monotonic()
            if self._rate is None or now_s - self._rate.read_s > _FRESH_S:
                self._rate = _Rate(self._measured(), now_s)
            return self._rate.bytes_per_day

    def _measured(self) -> float | None:
        now_us = self._clock.now()
        since = from_us(now_us - DAY_US)
        # Indexing follows recording, so the index on created_at bounds the scan. An import says nothing about the rate.
        query = (
            select(func.sum(SegmentRow.size), func.min(SegmentRow.wall_start))
            .join(RunRow, RunRow.id == SegmentRow.run_id)
            .where(SegmentRow.created_at >= since, SegmentRow.wall_start >= since, RunRow.origin == "live")
        )
        with self._database.reading() as db:
            written, first = db.execute(query).one()
        return bytes_per_day(written or 0, None if first is None else to_us(first), now_us)


def current_disk(connection: HTTPConnection) -> FootageVolume:
    """The application's footage volume."""
    return current_of(connection).part(FootageVolume)


CurrentDisk = Annotated[FootageVolume, Depends(current_disk)]
