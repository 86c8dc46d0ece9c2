"""Camera timestamps → wall time.

Evidence time is the server's clock at arrival. A timeline anchors the camera's media clock to it by the least delay
seen, and then follows drift by at most 500 ppm: wall time never jumps inside a run. It reports steps of either clock;
the caller then starts a new run. Design: docs/design/capture.md, "Time".
"""

from collections import deque
from typing import NamedTuple

from shike.capture.archive.segment import EndReason

MAX_SLEW_PPM = 500
_WINDOW_US = 10_000_000
_STEP_US = 1_000_000
_ANCHOR_LIMIT_US = 1_000_000


class Arrival(NamedTuple):
    """When a packet arrived: the server's wall clock (µs), its steady clock (µs), and the packet's media time (µs)."""

    wall_us: int
    steady_us: int
    media_us: int


class Timeline:
    """One run's map from media time to wall time. Not shared between threads."""

    def __init__(self, settle_us: int = 0) -> None:
        """`settle_us`: how long to observe before anchoring, if the reading thread may pause as long as a packet."""
        self._settle_us = settle_us
        self._offset_us: int | None = None
        self._recent: deque[tuple[int, int]] = deque()  # (media µs, wall − media), increasing offsets
        self._waits = 0
        self._first: Arrival | None = None
        self._last: Arrival | None = None

    @property
    def anchored(self) -> bool:
        return self._offset_us is not None

    def observe(self, arrival: Arrival) -> EndReason | None:
        """Take the arrival of a packet. Returns why the run must end, if a clock stepped."""
        end_reason = self._stepped(arrival)
        if end_reason is not None:
            return end_reason
        wall_us, _, media_us = arrival
        raw, recent = wall_us - media_us, self._recent
        while recent and recent[-1][1] >= raw:
            recent.pop()
        recent.append((media_us, raw))
        while recent[0][0] < media_us - _WINDOW_US:
            recent.popleft()
        least_delay = recent[0][1]
        if self._offset_us is None:
            if self._caught_up(arrival):
                self._offset_us = least_delay
        elif self._last is not None and least_delay != self._offset_us:
            slew = max(0, media_us - self._last.media_us) * MAX_SLEW_PPM // 1_000_000
            self._offset_us += max(-slew, min(slew, least_delay - self._offset_us))
        self._first = self._first or arrival
        self._last = arrival
        return None

    def anchor(self) -> None:
        """Anchor now, by the least delay seen so far. Needs one packet."""
        if self._offset_us is None:
            self._offset_us = self._recent[0][1]

    def wall(self, media_us: int) -> int:
        """Wall time (µs UTC) of a media time. Only once anchored."""
        assert self._offset_us is not None, "a timeline has no wall time before it is anchored"
        return media_us + self._offset_us

    def _caught_up(self, arrival: Arrival) -> bool:
        """Whether packets arrive at the rate at which they are made: a stream begins with a late burst."""
        if self._last is None or self._first is None:
            return False
        if arrival.steady_us - self._first.steady_us < self._settle_us:
            return False
        waited = arrival.steady_us - self._last.steady_us
        made = arrival.media_us - self._last.media_us
        # Twice in a row: a single wait may be a pause of the reading thread while packets were there.
        self._waits = self._waits + 1 if waited * 2 >= made > 0 else 0
        return self._waits >= 2 or arrival.steady_us - self._first.steady_us >= _ANCHOR_LIMIT_US

    def _ahead_of_arrival(self, arrival: Arrival) -> int:
        """By how many µs a packet's media time lies after its arrival. A camera may deliver late, but never early."""
        if self._offset_us is not None:
            return self.wall(arrival.media_us) - arrival.wall_us
        # Not anchored: the first packet's delay is unknown, so assume that it was up to two seconds.
        first = self._first or arrival
        ahead = (arrival.media_us - first.media_us) - (arrival.steady_us - first.steady_us)
        return ahead - 2 * _STEP_US

    def _stepped(self, arrival: Arrival) -> EndReason | None:
        if self._last is None:
            return None
        wall_us, steady_us, media_us = arrival
        last_wall_us, last_steady_us, last_media_us = self._last
        if abs((wall_us - last_wall_us) - (steady_us - last_steady_us)) > _STEP_US:
            return "clock_step"
        passed_us = media_us - last_media_us
        ahead_us = self._ahead_of_arrival(arrival)
        # One packet far from the last is a jump. Many that are a little too early mean a clock that runs too fast, or
        # that the run began while packets were delayed.
        if passed_us < -_STEP_US or (passed_us > _STEP_US and ahead_us > _STEP_US) or ahead_us > 3 * _STEP_US:
            return "timestamps_broken"
        return None
