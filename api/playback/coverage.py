"""The coverage of cameras as a request asks for it: read from pieces of footage.

Reports over whole days of many cameras are read from stretches (api/recording/recorded.py).
Design: docs/design/footage.md, "Coverage".
"""

from typing import Annotated

from fastapi import Depends

from shike.api.current import CurrentFootage, CurrentHealth, CurrentSettings, Db
from shike.attendance.footage.index import Piece
from shike.attendance.recording.coverage_reader import CoverageReader, coverage_reader


def current_coverage(
    db: Db, footage: CurrentFootage, read_health: CurrentHealth, settings: CurrentSettings
) -> CoverageReader[Piece]:
    """Coverage by the timetable as stored and the recorder as it is at the time of the request."""
    return coverage_reader(footage, db, settings.recording_policy, read_health())


CurrentCoverage = Annotated[CoverageReader[Piece], Depends(current_coverage)]
