"""The recording report: how much of the time that should have been recorded was recorded, and why the rest was not.

A pure function of coverage. Not here: coverage (coverage_reader.py), the reason of a gap (footage/gap_reason.py).
Design: docs/design/footage.md, "Recording report".
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from shike.attendance.footage.coverage import Coverage, Gap
from shike.attendance.footage.gap_reason import DELETED, NOT_REGISTERED, OFF_SCHEDULE, SWITCHED_OFF

# Nothing was to be recorded, or a rule has deleted what was recorded: no gap of recording.
NOT_MISSING = frozenset({NOT_REGISTERED, SWITCHED_OFF, OFF_SCHEDULE, DELETED})


@dataclass(frozen=True, slots=True)
class ReasonTotal:
    """All gaps of one reason. `missing`: whether they count against the recording."""

    reason: str
    gaps: int
    seconds: float
    missing: bool


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """A range of one stream. `gaps`: those that are missing, in order of time. `reasons`: of all gaps, longest first.

    `recorded_s`: seconds recorded live. `imported_s`: seconds that only an import covers; they count neither as
    recorded nor as missing.
    """

    recorded_s: float
    imported_s: float
    missing_s: float
    gaps: tuple[Gap, ...]
    reasons: tuple[ReasonTotal, ...]

    @property
    def expected_s(self) -> float:
        """Seconds that should have been recorded: those recorded and those missing."""
        return self.recorded_s + self.missing_s

    @property
    def ratio(self) -> float | None:
        """Recorded of expected, 0 to 1; None where nothing was to be recorded."""
        return self.recorded_s / self.expected_s if self.expected_s > 0 else None

    @property
    def longest(self) -> Gap | None:
        return max(self.gaps, key=lambda gap: gap.end_us - gap.start_us, default=None)


def report(covered: Coverage) -> CoverageReport:
    """The report of a range, from its coverage."""
    missing = tuple(gap for gap in covered.gaps if gap.reason not in NOT_MISSING)
    by_reason: dict[str, list[Gap]] = defaultdict(list)
    for gap in covered.gaps:
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


def last_gap(covered: Coverage) -> Gap | None:
    """The newest gap that counts against the recording."""
    return next(reversed(report(covered).gaps), None)


def seconds(gaps: Iterable[Gap]) -> float:
    """The total length of gaps, in s."""
    return sum(gap.end_us - gap.start_us for gap in gaps) / 1_000_000
