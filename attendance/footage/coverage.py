"""The recorded spans and the gaps of a range: a pure function of the facts of a stream.

Not here: the reason of a gap (gap_reason.py), reading the facts (recording/coverage_reader.py), the totals of a range
(recording/report.py). Design: docs/design/footage.md, "Coverage".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from shike.attendance.footage.gap_reason import (
    OFF_SCHEDULE,
    UNKNOWN,
    WHOLE,
    Hole,
    ended_before_range,
    gap_reason,
)
from shike.attendance.footage.stream_facts import StreamFacts
from shike.capture.schedule import Window

# Two segments of a run follow one another without a break; half a second is the length of a lost fragment.
SEAM_US = 500_000
# Two runs of one connection are at most some pictures apart.
_TOUCHING_US = 100_000
# Connecting and waiting for a keyframe take some seconds from the moment that recording is due.
_STARTING_US = 15_000_000
# The open segment may end this long before the present: fragments are written every half second.
_BEHIND_NOW_US = 2_000_000


@dataclass(frozen=True, slots=True)
class RecordedSpan:
    """Recorded without a break. Times in µs UTC."""

    start_us: int
    end_us: int
    run_id: str
    origin: str
    simulated: bool
    is_open: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """Not recorded, and the code of the reason. Times in µs UTC."""

    start_us: int
    end_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Spans and gaps of a range, each in order of time. `known_us`: since when the camera is known (StreamFacts)."""

    spans: tuple[RecordedSpan, ...]
    gaps: tuple[Gap, ...]
    known_us: int = 0

    @property
    def seconds(self) -> float:
        return sum(span.end_us - span.start_us for span in self.spans) / 1_000_000


def coverage(facts: StreamFacts) -> Coverage:
    """Spans and gaps of a range; the part after now is left out.

    The end of an import is never the reason of a gap: a gap has the same reason with an import before it and without.
    """
    spans, holes = _spans_and_holes(facts)
    known_us = facts.known_us
    gaps = (gap for hole in holes for gap in _gaps_of(hole, facts.due, known_us))
    return Coverage(tuple(spans), tuple(gaps), known_us)


def within(covered: Coverage, start_us: int, end_us: int) -> Coverage:
    """The part of a coverage that lies in [start, end)."""
    spans = (
        replace(span, start_us=max(span.start_us, start_us), end_us=min(span.end_us, end_us)) for span in covered.spans
    )
    gaps = (replace(gap, start_us=max(gap.start_us, start_us), end_us=min(gap.end_us, end_us)) for gap in covered.gaps)
    return replace(
        covered,
        spans=tuple(span for span in spans if span.end_us > span.start_us),
        gaps=tuple(gap for gap in gaps if gap.end_us > gap.start_us),
    )


def _spans_and_holes(facts: StreamFacts) -> tuple[list[RecordedSpan], list[Hole]]:
    """The range, piece by piece, each moment in one span or one hole."""
    spans: list[RecordedSpan] = []
    holes: list[Hole] = []
    at_us, ended_before, run_id, is_open = facts.start_us, ended_before_range(facts), "", False
    for piece in sorted(facts.recorded, key=lambda each: each.start_us):
        # Where two writers overlap, the first to begin is shown: spans and gaps never cover a moment twice.
        from_us, to_us = max(piece.start_us, at_us), min(piece.end_us, facts.until_us)
        if to_us <= from_us:
            continue
        same_run = piece.run_id == run_id
        if same_run and from_us - at_us <= SEAM_US:
            from_us = at_us
        elif from_us - at_us > _TOUCHING_US:
            holes.append(Hole(at_us, from_us, ended_before, in_run=same_run))
        if piece.deleted and not facts.deleted_as_recorded:
            _add_deleted(holes, Hole(from_us, to_us, ended_before, deleted=True))
        elif same_run and spans and spans[-1].end_us == from_us:
            spans[-1] = replace(spans[-1], end_us=to_us, is_open=piece.is_open)
        else:
            spans.append(RecordedSpan(from_us, to_us, piece.run_id, piece.origin, piece.simulated, piece.is_open))
        at_us, run_id, is_open = to_us, piece.run_id, piece.is_open
        if piece.origin == "live":
            ended_before = piece.ends_run or UNKNOWN
    if facts.until_us - at_us > (_BEHIND_NOW_US if is_open else 0):
        goes_on = facts.until_us == facts.now_us and any(span.origin == "live" for span in spans)
        cause_now = facts.cause_now if goes_on else None
        holes.append(Hole(at_us, facts.until_us, ended_before, cause_now=cause_now, switched_off=not facts.enabled))
    return spans, holes


def _add_deleted(holes: list[Hole], hole: Hole) -> None:
    """Add deleted footage. If it follows other deleted footage without a break, both are one hole."""
    if holes and holes[-1].deleted and hole.start_us - holes[-1].end_us <= _TOUCHING_US:
        holes[-1] = replace(holes[-1], end_us=hole.end_us)
    else:
        holes.append(hole)


def _gaps_of(hole: Hole, windows: Sequence[Window] | None, known_us: int) -> Iterator[Gap]:
    """The gaps of a hole: it is cut at the windows of the timetable, and where the camera became known."""
    for start_us, end_us, due in _by_schedule(hole, windows):
        edges = [start_us, *([known_us] if start_us < known_us < end_us else []), end_us]
        for begin_us, until_us in pairwise(edges):
            yield Gap(begin_us, until_us, gap_reason(hole, registered=begin_us >= known_us, due=due))


def _by_schedule(hole: Hole, windows: Sequence[Window] | None) -> Iterator[tuple[int, int, bool]]:
    """A hole, cut so that a rest and a failure are not one gap: start, end, and whether recording was due."""
    if hole.stopped_by in WHOLE:
        yield hole.start_us, hole.end_us, True
        return
    all_the_time = [(hole.start_us, hole.end_us)]
    windows = all_the_time if windows is None else windows
    clipped = ((max(begin, hole.start_us), min(end, hole.end_us)) for begin, end in windows)
    due = [(begin, end) for begin, end in clipped if begin < end]
    if hole.stopped_by == OFF_SCHEDULE:
        # The seconds that connecting takes at the end of a rest are no failure.
        due = [(begin, end) for begin, end in due if end < hole.end_us or end - begin > _STARTING_US]
    at_us = hole.start_us
    for begin, end in due:
        if begin > at_us:
            yield at_us, begin, False
        yield begin, end, True
        at_us = end
    if hole.end_us > at_us:
        yield at_us, hole.end_us, False
