"""What of a time range was recorded, and why the rest was not: a pure function of pieces.

A gap is the space between two runs, between two segments of a run of which one was lost, or what a rule has deleted.
Every gap has a reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shike.attendance.footage import Piece

DELETED = "deleted_by_rule"
# Two segments of a run follow one another without a break; half a second is the length of a lost fragment.
_SEAM_US = 500_000


@dataclass(frozen=True, slots=True)
class Span:
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
    """Spans and gaps of a range, each in order of time."""

    spans: tuple[Span, ...]
    gaps: tuple[Gap, ...]

    @property
    def seconds(self) -> float:
        return sum(span.end_us - span.start_us for span in self.spans) / 1_000_000


def coverage(
    pieces: Iterable[Piece], start_us: int, end_us: int, now_us: int, reason_before: str | None, reason_now: str | None
) -> Coverage:
    """Spans and gaps of [start, end), the part after now left out. What a rule has deleted is a gap that says so.

    `reason_before`: why the last run before the range ended, None if nothing was recorded before it.
    `reason_now`: what the camera says at this moment, for the gap that reaches up to now.
    """
    end_us = min(end_us, now_us)
    spans: list[Span] = []
    gaps: list[Gap] = []
    at_us, reason, run_id = start_us, reason_before or "not_recorded", ""
    open_until_us: int | None = None
    for piece in sorted(pieces, key=lambda each: each.start_us):
        # Where two writers overlap, the first to begin is shown: spans and gaps never cover a moment twice.
        from_us, to_us = max(piece.start_us, at_us), min(piece.end_us, end_us)
        if to_us <= from_us:
            continue
        same_run = piece.run_id == run_id
        if same_run and from_us - at_us <= _SEAM_US:
            from_us = at_us
        if from_us > at_us:
            gaps.append(Gap(at_us, from_us, "segment_lost" if same_run else reason))
        if piece.deleted:
            _extend(gaps, from_us, to_us)
        elif same_run and spans and spans[-1].end_us == from_us:
            spans[-1] = replace(spans[-1], end_us=to_us, is_open=piece.is_open)
        else:
            spans.append(Span(from_us, to_us, piece.run_id, piece.origin, piece.simulated, piece.is_open))
        at_us, run_id, reason = to_us, piece.run_id, piece.ends_run or "unknown"
        open_until_us = to_us if piece.is_open else None
    # What is being written is up to half a second behind now: that is no gap.
    if end_us - at_us > (2_000_000 if open_until_us is not None else 0):
        until_now = end_us == now_us and reason_now is not None
        gaps.append(Gap(at_us, end_us, str(reason_now) if until_now and spans else reason))
    return Coverage(tuple(spans), tuple(gaps))


def as_recorded(pieces: Iterable[Piece]) -> list[Piece]:
    """The same as if nothing had been deleted: what a class session was judged by does not change with its footage."""
    return [replace(piece, deleted=False) for piece in pieces]


def _extend(gaps: list[Gap], start_us: int, end_us: int) -> None:
    """Add what was deleted; what follows another deletion without a break is one gap with it."""
    if gaps and gaps[-1].reason == DELETED and gaps[-1].end_us == start_us:
        gaps[-1] = replace(gaps[-1], end_us=end_us)
    else:
        gaps.append(Gap(start_us, end_us, DELETED))
