"""Letting a camera's pictures gather for a moment, and then reading them at one go.

A thread that is woken for every packet of every picture spends most of its time on being woken and on waiting for
Python's lock behind all others. Here: how long a reader may rest. What it costs: a picture is written up to `MOST_US`
later, for which the length of a fragment leaves room. Every few seconds a reader rests no more until it has had to
wait for pictures, so that it knows when they come, and their times stay true.
Design: docs/design/capture.md, "The path of a packet".
"""

MOST_US = 80_000
# Slower cameras wake their thread seldom enough, and their fragments leave no room.
_SLOWEST_US = 55_000
_WAITS = 2
_READING_US = 2_000
_LEARN_EVERY_US = 8_000_000
_GOLDEN = 0.618034


class Rest:
    """One stream's rests. Of different lengths, so that cameras in step are not all read at the same moment."""

    def __init__(self, spread: float, together: int = 1) -> None:
        """`spread` between 0 and 1 is where the series of lengths begins; `together`: how many pictures gather."""
        self._part, self._more = spread, together - 1
        self._last: tuple[int, int] | None = None
        self._rested = False
        self._waits = 0
        self._delay_us = self._learnt_us = 0

    def after(self, steady_us: int, media_us: int) -> float:
        """Seconds to rest after a picture of this media time was handed over at this steady time; 0.0 for none."""
        last, self._last = self._last, (steady_us, media_us)
        rested, self._rested = self._rested, False
        if last is None or not 0 < media_us - last[1] <= _SLOWEST_US:
            self._waits = 0
            return 0.0
        apart_us, delay_us = media_us - last[1], steady_us - media_us
        if self._waits < _WAITS:
            if not rested and (steady_us - last[0]) * 2 >= apart_us:
                # It was waited for, so this is how late pictures are by themselves.
                self._delay_us = min(self._delay_us, delay_us) if self._waits else delay_us
                self._waits, self._learnt_us = self._waits + 1, steady_us
            else:
                self._waits = 0
            return 0.0
        if steady_us - self._learnt_us >= _LEARN_EVERY_US:
            self._waits = 0
            return 0.0
        wait_us = self._delay_us - delay_us + apart_us
        if wait_us <= 0:
            return 0.0
        self._rested = True
        self._part = (self._part + _GOLDEN) % 1.0
        if self._more == 0 or self._more * apart_us > MOST_US:
            return min(MOST_US, wait_us + int(self._part * apart_us)) / 1_000_000
        # How long the oldest will have waited; never just as the last comes, which would be missed half of the time.
        late_us = min(MOST_US - _READING_US, int((self._more + 0.1 + 0.8 * self._part) * apart_us))
        return (wait_us + late_us) / 1_000_000
