"""The sources that pages and reports about recordings read, for one request.

Here: the caller's rights, footage as stretches, the state of the recorder. Not here: the routes
(camera_status.py, report.py). Design: docs/design/footage.md, "Recording report".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import Depends

from shike.api.auth.guard import CurrentViewer
from shike.api.current import CurrentClock, CurrentHealth, CurrentSettings, CurrentStretches, Db
from shike.api.moment import now
from shike.attendance.beijing import day_of
from shike.attendance.footage.stretches import Stretch
from shike.attendance.recording.coverage_reader import CoverageReader, coverage_reader
from shike.attendance.recording.days import DayReport, StreamReport, day_reports, last_days
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.segment import StreamName
from shike.capture.recorder.health import Healths


@dataclass(frozen=True)
class Recordings:
    """The sources of one request."""

    db: Db
    viewer: CurrentViewer
    clock: CurrentClock
    stretches: CurrentStretches
    read_health: CurrentHealth
    settings: CurrentSettings

    def today(self) -> date:
        """The Beijing day that is now."""
        return day_of(now(self.clock))

    def coverage(self, healths: Healths) -> CoverageReader[Stretch]:
        """Reads the coverage of cameras."""
        return coverage_reader(self.stretches, self.db, self.settings.recording_policy, healths)

    def of_day(self, cameras: Sequence[CameraRow], day: date) -> list[StreamReport]:
        """The reports of every stream of the cameras for a day."""
        return day_reports(self.coverage(self.read_health()), cameras, day, self.clock.now())

    def last_days(self, camera: CameraRow, stream: StreamName, until: date, days: int) -> list[DayReport]:
        """The reports of a stream for the last `days` days up to and including `until`, oldest first."""
        return last_days(self.coverage(self.read_health()), camera, stream, until, days, self.clock.now())


CurrentRecordings = Annotated[Recordings, Depends()]
