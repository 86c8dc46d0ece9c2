"""Who looked at recorded footage: one line of the audit trail per look, not per request.

A player requests a playlist and then dozens of pictures and byte ranges of the same minutes. One look is one login on
one camera within ten minutes of footage. It is written once, and again only after ten minutes without a request.
Design: docs/design/playback.md, "The audit trail".
"""

import threading

from shike.api.auth import audit
from shike.api.auth.viewer import Caller
from shike.api.database import Database
from shike.api.playback.time_range import Range
from shike.attendance.tables.registry import CameraRow
from shike.capture.clock import Clock
from shike.capture.moment import rfc3339_us

_QUIET_S = 600.0
_BUCKET_US = 600_000_000
_LIMIT = 10_000


class Looks:
    """Remembers the recent looks of this process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._seen: dict[tuple[str, str, int], float] = {}
        self._lock = threading.Lock()

    def note(self, caller: Caller, camera: CameraRow, time_range: Range, kind: str, stream: str) -> None:
        """Write a line unless one was just written for all of this range. If that raises, nothing is shown."""
        now_s = self._clock.monotonic()
        buckets = range(time_range.start_us // _BUCKET_US, (time_range.end_us - 1) // _BUCKET_US + 1)
        keys = [(caller.viewer.login_id, camera.id, bucket) for bucket in buckets]
        with self._lock:
            fresh = [key for key in keys if now_s - self._seen.get(key, float("-inf")) > _QUIET_S]
        if fresh:
            with self._database.writing() as db:
                place = audit.place_of(db, db.get_one(CameraRow, camera.id))
                shown = {"from": rfc3339_us(time_range.start_us), "to": rfc3339_us(time_range.end_us)}
                audit.write(db, self._clock, caller, "playback", place, kind=kind, stream=stream, **shown)
        with self._lock:
            if len(self._seen) > _LIMIT:
                self._seen = {key: at for key, at in self._seen.items() if now_s - at <= _QUIET_S}
            self._seen.update(dict.fromkeys(keys, now_s))
