"""Reading in batches: a reader pauses while pictures arrive in the socket, and then reads several at once.

A thread that wakes for every packet of every picture spends most of its time on waking up and on waiting for Python's
lock. Here: how long a reader may pause. The price: a picture is written up to `LONGEST_WAIT_US` later; the length of a
fragment leaves room for that. Every few seconds a reader stops pausing until it has had to wait for pictures: only then
does it see when they really arrive, so that arrival times stay true.
Design: docs/design/capture.md, "The path of a packet".
"""

LONGEST_WAIT_US = 80_000
# Pictures further apart are not batched: their thread wakes seldom, and their fragments leave no room.
_SLOWEST_US = 55_000
_PROMPT_READS = 2
_READING_US = 2_000
_MEASURE_EVERY_US = 8_000_000
_GOLDEN = 0.618034


class ReadBatching:
    """The pauses of one stream's reader. Their lengths vary, so that synchronous cameras are not all read at once."""

    def __init__(self, spread: float, batch: int = 1) -> None:
        """`spread`: where the series of lengths begins, between 0 and 1. `batch`: how many pictures to read at once."""
        self._part, self._more = spread, batch - 1
        self._last: tuple[int, int] | None = None
        self._paused = False
        self._prompt_reads = 0  # pictures in a row that the reader had to wait for
        self._delay_us = self._measured_us = 0

    def pause_s(self, steady_us: int, media_us: int) -> float:
        """Seconds to pause after a picture with this media time was read at this steady time; 0.0 for no pause."""
        last, self._last = self._last, (steady_us, media_us)
        paused, self._paused = self._paused, False
        if last is None or not 0 < media_us - last[1] <= _SLOWEST_US:
            self._prompt_reads = 0
            return 0.0
        apart_us, delay_us = media_us - last[1], steady_us - media_us
        if self._prompt_reads < _PROMPT_READS:
            if not paused and (steady_us - last[0]) * 2 >= apart_us:
                # The reader waited for this picture, so this is the delay of the picture itself.
                self._delay_us = min(self._delay_us, delay_us) if self._prompt_reads else delay_us
                self._prompt_reads, self._measured_us = self._prompt_reads + 1, steady_us
            else:
                self._prompt_reads = 0
            return 0.0
        if steady_us - self._measured_us >= _MEASURE_EVERY_US:
            self._prompt_reads = 0
            return 0.0
        until_next_us = self._delay_us - delay_us + apart_us
        if until_next_us <= 0:
            return 0.0
        self._paused = True
        self._part = (self._part + _GOLDEN) % 1.0
        if self._more == 0 or self._more * apart_us > LONGEST_WAIT_US:
            return min(LONGEST_WAIT_US, until_next_us + int(self._part * apart_us)) / 1_000_000
        # How long the oldest picture will have waited. Never end the pause just as the last picture arrives: half of
        # the time the reader would miss it.
        waited_us = min(LONGEST_WAIT_US - _READING_US, int((self._more + 0.1 + 0.8 * self._part) * apart_us))
        return (until_next_us + waited_us) / 1_000_000
