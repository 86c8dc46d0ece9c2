"""What of a time range was recorded, and why the rest was not: a pure function of pieces or stretches.

A gap is the space between two runs, between two segments of a run of which one was lost, or what a rule has deleted.
Every gap has a reason.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from shike.capture.schedule import Window

DELETED = "deleted_by_rule"
# Two segments of a run follow one another without a break; half a second is the length of a lost fragment.
SEAM_US = 500_000
# Two runs that one connection goes on through touch to within a picture.
_TOUCHING_US = 100_000
# Connecting and waiting for a keyframe take some seconds from the moment that recording is due.
_STARTING_US = 15_000_000


class Recorded(Protocol):
    """Footage of one run; `ends_run`: why the run ended with it. A piece (footage) or a stretch (stretches)."""

    @property
    def run_id(self) -> str: ...
    @property
    def start_us(self) -> int: ...
    @property
    def end_us(self) -> int: ...
    @property
    def origin(self) -> str: ...
    @property
    def simulated(self) -> bool: ...
    @property
    def is_open(self) -> bool: ...
    @property
    def ends_run(self) -> str | None: ...
    @property
    def deleted(self) -> bool: ...


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
    """Spans and gaps of a range, each in order of time."""

    spans: tuple[RecordedSpan, ...]
    gaps: tuple[Gap, ...]

    @property
    def seconds(self) -> float:
        return sum(span.end_us - span.start_us for span in self.spans) / 1_000_000


def coverage(
    pieces: Iterable[Recorded],
    start_us: int,
    end_us: int,
    now_us: int,
    reason_before: str | None,
    reason_now: str | None,
) -> Coverage:
    """Spans and gaps of [start, end), the part after now left out. What a rule has deleted is a gap that says so.

    `reason_before`: why the last live run before the range ended, None if nothing was recorded before it. How an
    import ended is no reason for what follows it: a gap is called the same whether something was imported or not.
    `reason_now`: what the camera says at this moment, for the gap that reaches up to now.
    """
    end_us = min(end_us, now_us)
    spans: list[RecordedSpan] = []
    gaps: list[Gap] = []
    at_us, reason, run_id = start_us, reason_before or "not_recorded", ""
    open_until_us: int | None = None
    for piece in sorted(pieces, key=lambda each: each.start_us):
        # Where two writers overlap, the first to begin is shown: spans and gaps never cover a moment twice.
        from_us, to_us = max(piece.start_us, at_us), min(piece.end_us, end_us)
        if to_us <= from_us:
            continue
        same_run = piece.run_id == run_id
        if same_run and from_us - at_us <= SEAM_US:
            from_us = at_us
        elif from_us - at_us > _TOUCHING_US:
            gaps.append(Gap(at_us, from_us, "segment_lost" if same_run else reason))
        if piece.deleted:
            _extend(gaps, from_us, to_us)
        elif same_run and spans and spans[-1].end_us == from_us:
            spans[-1] = replace(spans[-1], end_us=to_us, is_open=piece.is_open)
        else:
            spans.append(RecordedSpan(from_us, to_us, piece.run_id, piece.origin, piece.simulated, piece.is_open))
        at_us, run_id = to_us, piece.run_id
        if piece.origin == "live":
            reason = piece.ends_run or "unknown"
        open_until_us = to_us if piece.is_open else None
    # What is being written is up to half a second behind now: that is no gap.
    if end_us - at_us > (2_000_000 if open_until_us is not None else 0):
        until_now = end_us == now_us and reason_now is not None
        gaps.append(
            Gap(
                at_us, end_us, str(reason_now) if until_now and any(span.origin == "live" for span in spans) else reason
            )
        )
    return Coverage(tuple(spans), tuple(gaps))


def by_schedule(covered: Coverage, due: Sequence[Window] | None) -> Coverage:
    """The same with its gaps cut where recording was due, so that a pause and a failure are not one gap.

    `due`: when the room was to be recorded, None for all the time. Outside of it a gap is `off_schedule`, whatever the
    run before it ended with; inside, a gap that began as `off_schedule` is `not_started`: the camera did not come when
    it should have. What nobody ever recorded (`not_recorded`) stays what it is, and so does what a rule has deleted.
    """
    return replace(covered, gaps=tuple(part for gap in covered.gaps for part in _by_schedule(gap, due)))


def _by_schedule(gap: Gap, due: Sequence[Window] | None) -> Iterator[Gap]:
    if gap.reason in ("not_recorded", DELETED):
        yield gap
        return
    inside = [(gap.start_us, gap.end_us)] if due is None else _within(gap, due)
    if gap.reason == "off_schedule":
        inside = [(begin, end) for begin, end in inside if end < gap.end_us or end - begin > _STARTING_US]
    reason = "not_started" if gap.reason == "off_schedule" else gap.reason
    at_us = gap.start_us
    for begin, end in inside:
        if begin > at_us:
            yield Gap(at_us, begin, "off_schedule")
        yield Gap(begin, end, reason)
        at_us = end
    if gap.end_us > at_us:
        yield Gap(at_us, gap.end_us, "off_schedule")


def _within(gap: Gap, due: Sequence[Window]) -> list[Window]:
    clipped = ((max(begin, gap.start_us), min(end, gap.end_us)) for begin, end in due)
    return [(begin, end) for begin, end in clipped if begin < end]


def _extend(gaps: list[Gap], start_us: int, end_us: int) -> None:
    """Add what was deleted; what follows another deletion without a break is one gap with it."""
    if gaps and gaps[-1].reason == DELETED and start_us - gaps[-1].end_us <= _TOUCHING_US:
        gaps[-1] = replace(gaps[-1], end_us=end_us)
    else:
        gaps.append(Gap(start_us, end_us, DELETED))
