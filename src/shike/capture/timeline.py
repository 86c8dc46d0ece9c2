"""Camera timestamps → wall time.

Evidence time is the server's clock at arrival. A run anchors the camera's media clock to it by the least delay
seen and then follows drift by at most 500 ppm: wall time never jumps inside a run. Steps of either clock are
reported, and the caller starts a new run. Design: docs/design/capture.md, "Time".
"""

from collections import deque
from dataclasses import dataclass

from shike.capture.segment import EndReason

MAX_SLEW_PPM = 500
_WINDOW_US = 10_000_000
_STEP_US = 1_000_000
_ANCHOR_LIMIT_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a packet came: the server's wall clock (µs), its steady clock (µs), the packet's media time (µs)."""

    wall_us: int
    steady_us: int
    media_us: int


class Timeline:
    """One run's map from media time to wall time. Not shared between threads."""

    def __init__(self) -> None:
        self._offset_us: int | None = None
        self._recent: deque[tuple[int, int]] = deque()  # (media µs, wall − media), increasing offsets
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
        raw = arrival.wall_us - arrival.media_us
        while self._recent and self._recent[-1][1] >= raw:
            self._recent.pop()
        self._recent.append((arrival.media_us, raw))
        while self._recent[0][0] < arrival.media_us - _WINDOW_US:
            self._recent.popleft()
        least_delay = self._recent[0][1]
        if self._offset_us is None:
            if self._caught_up(arrival):
                self._offset_us = least_delay
        elif self._last is not None:
            slew = max(0, arrival.media_us - self._last.media_us) * MAX_SLEW_PPM // 1_000_000
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
        waited = arrival.steady_us - self._last.steady_us
        made = arrival.media_us - self._last.media_us
        return waited * 2 >= made > 0 or arrival.steady_us - self._first.steady_us >= _ANCHOR_LIMIT_US

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
        steady = arrival.steady_us - self._last.steady_us
        if abs((arrival.wall_us - self._last.wall_us) - steady) > _STEP_US:
            return "clock_step"
        media = arrival.media_us - self._last.media_us
        future = self._from_the_future(arrival)
        # One packet far from the last is a jump; many that are a little too early are a clock that runs too fast,
        # or the end of a hold-up that the run began in.
        if media < -_STEP_US or (media > _STEP_US and future > _STEP_US) or future > 3 * _STEP_US:
            return "timestamps_broken"
        return None
