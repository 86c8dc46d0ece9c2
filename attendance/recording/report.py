"""The recording report: how much of the time that should have been recorded was, and why the rest was not.

A pure function of coverage. Not here: where stretches come from (stretches), what a gap is (coverage).
Design: docs/design/footage.md, "Recording report".
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from shike.attendance.footage.coverage import Coverage, Gap

NOT_REGISTERED = "not_registered"
# Nothing was to be recorded, or what was recorded has been removed by a rule: no gap of recording.
NOT_MISSING = frozenset({NOT_REGISTERED, "switched_off", "off_schedule", "deleted_by_rule"})


@dataclass(frozen=True, slots=True)
class ReasonTotal:
    """The gaps of one reason together. `missing`: whether they count against the recording."""

    reason: str
    gaps: int
    seconds: float
    missing: bool


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """A range of one stream. `gaps` are the missing ones in order of time; `reasons` is of all, the longest first.

    `recorded_s` is what was recorded live; `imported_s`, seconds that only an import covers, counts neither as recorded
    nor as missing.
    """

    recorded_s: float
    imported_s: float
    missing_s: float
    gaps: tuple[Gap, ...]
    reasons: tuple[ReasonTotal, ...]

    @property
    def expected_s(self) -> float:
        """Seconds that should have been recorded: those that were, and those that are missing."""
        return self.recorded_s + self.missing_s

    @property
    def ratio(self) -> float | None:
        """Recorded of expected, 0 to 1; None where nothing was to be recorded."""
        return self.recorded_s / self.expected_s if self.expected_s > 0 else None

    @property
    def longest(self) -> Gap | None:
        return max(self.gaps, key=lambda gap: gap.end_us - gap.start_us, default=None)


def report(covered: Coverage, registered_us: int) -> CoverageReport:
    """What a range's coverage comes to, for a camera that the registry knows since `registered_us` (µs UTC).

    Time before that is missing from nothing.
    """
    gaps = since_registered(covered, registered_us).gaps
    missing = tuple(gap for gap in gaps if gap.reason not in NOT_MISSING)
    by_reason: dict[str, list[Gap]] = defaultdict(list)
    for gap in gaps:
        by_reason[gap.reason].append(gap)
    totals = (ReasonTotal(r, len(each), seconds(each), r not in NOT_MISSING) for r, each in by_reason.items())
    imported_s = sum(span.end_us - span.start_us for span in covered.spans if span.origin == "imported") / 1_000_000
    return CoverageReport(
        recorded_s=covered.seconds - imported_s,
        imported_s=imported_s,
        missing_s=seconds(missing),
        gaps=missing,
        reasons=tuple(sorted(totals, key=lambda total: (-total.seconds, total.reason))),
    )


def since_registered(covered: Coverage, registered_us: int) -> Coverage:
    """The same with its gaps cut where the registry came to know the camera."""
    return replace(covered, gaps=tuple(_split(covered.gaps, registered_us)))


def last_gap(covered: Coverage, registered_us: int) -> Gap | None:
    """The newest gap that counts against the recording."""
    return next(reversed(report(covered, registered_us).gaps), None)


def seconds(gaps: Iterable[Gap]) -> float:
    """The length of gaps together, in s."""
    return sum(gap.end_us - gap.start_us for gap in gaps) / 1_000_000


def _split(gaps: Iterable[Gap], registered_us: int) -> Iterator[Gap]:
    for gap in gaps:
        if gap.start_us < registered_us:
            yield Gap(gap.start_us, min(gap.end_us, registered_us), NOT_REGISTERED)
        if gap.end_us > registered_us:
            yield replace(gap, start_us=max(gap.start_us, registered_us))
