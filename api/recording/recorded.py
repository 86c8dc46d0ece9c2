"""What recordings are reported from, for who asks: the registry in scope, stretches, what the recorder says now.

What is said of them: camera_status.py, recording_report.py. Design: docs/design/footage.md, "Recording report".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session as DbSession

from shike.api.auth.guard import CurrentViewer
from shike.api.current import (
    CurrentClock,
    CurrentHealth,
    CurrentSettings,
    CurrentStretches,
    Db,
)
from shike.api.moment import now
from shike.api.settings import Settings
from shike.attendance.beijing import day_of
from shike.attendance.recording.days import (
    CauseOfStream,
    DayReport,
    PlannedWindows,
    StreamReport,
    day_reports,
    last_days,
)
from shike.attendance.recording.plan import policies_of, windows_of
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.segment import StreamKey, StreamName
from shike.capture.recorder.health import Healths
from shike.capture.schedule import Window


def cause_of(healths: Healths) -> CauseOfStream:
    """What the recorder says now of each stream's failure."""

    def cause(key: StreamKey) -> str | None:
        health = healths.get(key)
        return health.cause if health else None

    return cause


def windows_of_rooms(db: DbSession, settings: Settings) -> PlannedWindows:
    """When rooms are to be recorded, by what is stored."""

    def plan(room_ids: Iterable[str], start_us: int, end_us: int) -> Mapping[str, Sequence[Window] | None]:
        return windows_of(db, policies_of(db, room_ids, settings.recording_policy), start_us, end_us)

    return plan


@dataclass(frozen=True)
class Recordings:
    """All that a report needs, of one request."""

    db: Db
    viewer: CurrentViewer
    clock: CurrentClock
    stretches: CurrentStretches
    read_health: CurrentHealth
    settings: CurrentSettings

    def today(self) -> date:
        """The Beijing day that is now."""
        return day_of(now(self.clock))

    def plan(self) -> PlannedWindows:
        """When rooms are to be recorded."""
        return windows_of_rooms(self.db, self.settings)

    def of_day(self, cameras: Sequence[CameraRow], day: date) -> list[StreamReport]:
        """The reports of every stream of the cameras for a day."""
        cause = cause_of(self.read_health())
        return day_reports(self.stretches, cameras, day, self.clock.now(), cause, self.plan())

    def last_days(self, camera: CameraRow, stream: StreamName, until: date, days: int) -> list[DayReport]:
        """The reports of a stream for so many days up to and with `until`, oldest first."""
        cause = cause_of(self.read_health())
        return last_days(self.stretches, camera, stream, until, days, self.clock.now(), cause, self.plan())


CurrentRecordings = Annotated[Recordings, Depends()]
