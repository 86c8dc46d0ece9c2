"""Camera timestamps → wall time.

Evidence time is the server's clock at arrival. A run anchors the camera's media clock to it by the least delay
seen and then follows drift by at most 500 ppm: wall time never jumps inside a run. Steps of either clock are
reported, and the caller starts a new run. Design: docs/design/capture.md, "Time".
"""

from collections import deque
from typing import NamedTuple

from shike.capture.archive.segment import EndReason

MAX_SLEW_PPM = 500
_WINDOW_US = 10_000_000
_STEP_US = 1_000_000
_ANCHOR_LIMIT_US = 1_000_000


class Arrival(NamedTuple):
    """When a packet came: the server's wall clock (µs), its steady clock (µs), the packet's media time (µs)."""

    wall_us: int
    steady_us: int
    media_us: int


class Timeline:
    """One run's map from media time to wall time. Not shared between threads."""

    def __init__(self, settle_us: int = 0) -> None:
        """`settle_us`: how long to look before anchoring, for packets so short that a thread may pause as long."""
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
        """Take a packet's arrival in. Returns why the run must end, if a clock stepped."""
        broken = self._stepped(arrival)
        if broken is not None:
            return broken
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
        """Settle for the least delay seen so far. Needs one packet."""
        if self._offset_us is None:
            self._offset_us = self._recent[0][1]

    def wall(self, media_us: int) -> int:
        """Wall time (µs UTC) of a media time. Only once anchored."""
        assert self._offset_us is not None, "a timeline tells no wall time before it is anchored"
        return media_us + self._offset_us

    def _caught_up(self, arrival: Arrival) -> bool:
        """Whether packets come as they are made: opening a stream delivers the first ones late and in a burst."""
        if self._last is None or self._first is None:
            return False
        if arrival.steady_us - self._first.steady_us < self._settle_us:
            return False
        waited = arrival.steady_us - self._last.steady_us
        made = arrival.media_us - self._last.media_us
        # Twice in a row: once may be a pause of the thread that reads what has been waiting.
        self._waits = self._waits + 1 if waited * 2 >= made > 0 else 0
        return self._waits >= 2 or arrival.steady_us - self._first.steady_us >= _ANCHOR_LIMIT_US

    def _from_the_future(self, arrival: Arrival) -> int:
        """By how many µs a picture says that it was made after it came. A camera may deliver late, never early."""
        if self._offset_us is not None:
            return self.wall(arrival.media_us) - arrival.wall_us
        # Not anchored: how late the first packet came is not known, so it is given time to have been late.
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
        media = media_us - last_media_us
        future = self._from_the_future(arrival)
        # One packet far from the last is a jump; many that are a little too early are a clock that runs too fast,
        # or the end of a hold-up that the run began in.
        if media < -_STEP_US or (media > _STEP_US and future > _STEP_US) or future > 3 * _STEP_US:
            return "timestamps_broken"
        return None
