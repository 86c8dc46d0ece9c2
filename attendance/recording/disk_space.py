"""How long the disk lasts at the pace of the last hours: arithmetic only."""

from dataclasses import dataclass

DAY_US = 86_400_000_000
# Less says more about how a recorder began than about how it goes on.
_LEAST_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """A volume in bytes, and what is written to it per day; None where that is not known yet."""

    free: int
    total: int
    bytes_per_day: float | None

    @property
    def days_left(self) -> float | None:
        """Days until the volume is full if recording goes on like this; None if unknown or nothing is recorded."""
        return None if not self.bytes_per_day else self.free / self.bytes_per_day


def bytes_per_day(written: int, first_us: int | None, now_us: int) -> float | None:
    """Pace of `written` bytes recorded since `first_us`, or in the last day if that is longer ago (µs UTC).

    None before there is an hour to judge by.
    """
    if first_us is None or now_us - first_us < _LEAST_US:
        return None
    return written * DAY_US / min(now_us - first_us, DAY_US)
