"""Stays from sign-ins and sign-outs, and P: the number of people who are signed in at a time.

Pure functions. Removing a sign-in never makes a stay longer.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shike.attendance.judgement.inputs import Sign


@dataclass(frozen=True, slots=True)
class Stay:
    """From a sign-in to the sign-out that follows it; `end_us` is None if none followed."""

    start_us: int
    end_us: int | None


def stays(signs: Iterable[Sign]) -> dict[str, tuple[Stay, ...]]:
    """Stays by trainee. A second sign-in within a stay, and a sign-out outside of one, are ignored."""
    by_trainee: dict[str, list[Stay]] = defaultdict(list)
    since: dict[str, int] = {}
    for sign in sorted(signs):
        if sign.kind == "in":
            since.setdefault(sign.trainee_id, sign.at_us)
        elif sign.trainee_id in since:
            by_trainee[sign.trainee_id].append(Stay(since.pop(sign.trainee_id), sign.at_us))
    for trainee_id, start_us in since.items():
        by_trainee[trainee_id].append(Stay(start_us, None))
    return {trainee_id: tuple(each) for trainee_id, each in by_trainee.items()}


class SignedIn:
    """P: how many people are signed in and not signed out at a time. A stay without a sign-out does not end."""

    def __init__(self, of: Mapping[str, tuple[Stay, ...]]) -> None:
        changes: dict[int, int] = defaultdict(int)
        for each in of.values():
            for stay in each:
                changes[stay.start_us] += 1
                if stay.end_us is not None:
                    changes[stay.end_us] -= 1
        self._times = sorted(changes)
        self._numbers = [0]
        for at_us in self._times:
            self._numbers.append(self._numbers[-1] + changes[at_us])

    def at(self, at_us: int) -> int:
        """P at a time."""
        return self._numbers[bisect_right(self._times, at_us)]

    def most(self, start_us: int, end_us: int) -> int:
        """The largest P in [start, end)."""
        inside = (number for at, number in zip(self._times, self._numbers[1:], strict=True) if start_us <= at < end_us)
        return max(self.at(start_us), *inside, 0)

    def steps(self, start_us: int, end_us: int) -> list[tuple[int, int]]:
        """(time, P) at the start and after every change up to the end, to draw a curve."""
        inside = [
            (at, number) for at, number in zip(self._times, self._numbers[1:], strict=True) if start_us < at <= end_us
        ]
        return [(start_us, self.at(start_us)), *inside]
