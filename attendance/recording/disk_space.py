"""How long the disk will last at the present rate of recording: arithmetic only. Design: docs/design/footage.md."""

from dataclasses import dataclass

DAY_US = 86_400_000_000
# A shorter time says more about how recording began than about its rate.
_LEAST_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """A volume, in bytes. `bytes_per_day`: what is written to it; None if not known yet."""

    free: int
    total: int
    bytes_per_day: float | None

    @property
    def days_left(self) -> float | None:
        """Days until the volume is full at this rate; None if the rate is unknown or nothing is recorded."""
        return None if not self.bytes_per_day else self.free / self.bytes_per_day


def bytes_per_day(written: int, first_us: int | None, now_us: int) -> float | None:
    """The rate of `written` bytes, recorded since `first_us` (µs UTC) but at most within the last day.

    None before an hour has been recorded.
    """
    if first_us is None or now_us - first_us < _LEAST_US:
        return None
    return written * DAY_US / min(now_us - first_us, DAY_US)
