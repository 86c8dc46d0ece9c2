"""What a class session came to: counts, sign-ins and timetable → AttendanceRecord, a pure function.

Made twice from the same inputs it is equal. A head count proves a room, never a person: where the room contradicts
the sign-ins people are put under review, and what they are credited stays as it is until a person has decided.
Not here: gathering and keeping (evaluation.py). Formulas: docs/design/judgement.md.
"""

from dataclasses import asdict, dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any, Literal

from shike.attendance.judgement.contradictions import (
    ContradictionKind,
    confidence,
    empty_room,
    unseen,
)
from shike.attendance.judgement.inputs import (
    GROWTH_US,
    MINUTE_US,
    Person,
    SessionInputs,
    digest,
)
from shike.attendance.judgement.minutes import minutes_of, samples_in
from shike.attendance.judgement.presence import Stay, stays
from shike.attendance.judgement.thresholds import Thresholds
from shike.capture.spans import Span, merged

Status = Literal["awaited", "present", "late", "left_early", "leave", "absent", "review"]
Mark = Literal["late", "left_early", "no_sign_out", "leave"]


@dataclass(frozen=True, slots=True)
class ReviewWindow:
    """A time in which the room contradicts the sign-ins, and the code of the flag that says so."""

    code: ContradictionKind
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """One trainee in one class session. `lesson_hours` is a decimal in text; `review` names what must be looked at.

    Under review the credited minutes are what the sign-ins say: a person decides what becomes of them. Without a
    sign-out there is nothing to credit, which is for a person to decide too.
    """

    trainee_id: str
    status: Status
    marks: tuple[Mark, ...]
    first_in_us: int | None
    last_out_us: int | None
    credited_minutes: int
    lesson_hours: str
    review: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """The room over the class session. Medians are over the valid samples, None without one; shares in 0..1."""

    accepted: bool
    cameras: int
    expected: int
    minutes: int
    valid_minutes: int
    valid_share: float
    median: float | None
    median_low: float | None
    median_high: float | None
    covered_share: float | None


@dataclass(frozen=True, slots=True)
class AttendanceRecord:
    """Everything about one class session, and from which inputs and limits it was made."""

    session_id: str
    settings_version: str
    inputs_digest: str
    final: bool
    planned_minutes: int
    planned_lesson_hours: str
    people: tuple[PersonRecord, ...]
    room: RoomRecord
    review: tuple[ReviewWindow, ...]

    def body(self) -> dict[str, Any]:
        """The record as JSON values."""
        return asdict(self)


def make_record(inputs: SessionInputs, thresholds: Thresholds) -> AttendanceRecord:
    """The record of a class session. A pure function: equal inputs and limits make equal records."""
    windows = _review_windows(inputs, thresholds)
    standing = tuple(window for window in windows if not _rejected(window, inputs))
    of = stays(inputs.signs)
    planned = _credited((Stay(inputs.start_us, inputs.end_us),), inputs)
    return AttendanceRecord(
        session_id=inputs.session_id,
        settings_version=thresholds.version,
        inputs_digest=digest(inputs, thresholds),
        final=inputs.now_us is None,
        planned_minutes=planned,
        planned_lesson_hours=lesson_hours(planned, thresholds),
        people=tuple(
            _person(person, of.get(person.trainee_id, ()), inputs, standing, thresholds)
            for person in sorted(inputs.expected)
        ),
        room=_room(inputs, thresholds),
        review=standing,
    )


def lesson_hours(minutes: int, thresholds: Thresholds) -> str:
    """Lesson hours of some minutes, rounded as the limits say, in text: "1.5"."""
    step = thresholds.lesson_hour_step
    rounding = ROUND_DOWN if thresholds.lesson_hour_rounding == "down" else ROUND_HALF_UP
    steps = (Decimal(minutes) / thresholds.lesson_hour_min / step).quantize(Decimal(1), rounding)
    return str(steps * step)


def recorded_spans(inputs: SessionInputs, start_us: int, end_us: int) -> tuple[Span, ...]:
    """The time within [start, end) of which at least one camera of the room has footage."""
    spans = (span for each in inputs.coverage for span in each.spans)
    return merged((max(span.start_us, start_us), min(span.end_us, end_us)) for span in spans)


def _review_windows(inputs: SessionInputs, thresholds: Thresholds) -> tuple[ReviewWindow, ...]:
    empty = empty_room(inputs, thresholds)
    found = [ReviewWindow("SIGNIN_GT_COUNT", each.start_us, each.end_us) for each in unseen(inputs, thresholds)]
    if empty is not None and empty.signed_in:
        found.append(ReviewWindow("EMPTY_ROOM", empty.start_us, empty.end_us))
    return tuple(sorted(found, key=lambda each: (each.start_us, each.code)))


def _rejected(window: ReviewWindow, inputs: SessionInputs) -> bool:
    """Whether a person has rejected this window; what goes far beyond what they saw is a new case."""
    return any(
        each.code == window.code
        and each.start_us - GROWTH_US < window.start_us < each.end_us
        and window.end_us <= each.end_us + GROWTH_US
        for each in inputs.rejected
    )


def _person(
    person: Person,
    own: tuple[Stay, ...],
    inputs: SessionInputs,
    windows: tuple[ReviewWindow, ...],
    thresholds: Thresholds,
) -> PersonRecord:
    contradicted = tuple(dict.fromkeys(window.code for window in windows if _touches(own, window)))
    marks = _marks(person, own, inputs, thresholds)
    review = (*contradicted, *(("no_sign_out",) if "no_sign_out" in marks else ()))
    minutes = _credited(own, inputs)
    ends = [stay.end_us for stay in own if stay.end_us is not None]
    return PersonRecord(
        trainee_id=person.trainee_id,
        status=_status(person, own, marks, bool(review), inputs, thresholds),
        marks=marks,
        first_in_us=own[0].start_us if own else None,
        last_out_us=max(ends) if ends and own[-1].end_us is not None else None,
        credited_minutes=minutes,
        lesson_hours=lesson_hours(minutes, thresholds),
        review=review,
    )


def _touches(own: tuple[Stay, ...], window: ReviewWindow) -> bool:
    return any(stay.start_us < window.end_us and (stay.end_us is None or stay.end_us > window.start_us) for stay in own)


def _marks(person: Person, own: tuple[Stay, ...], inputs: SessionInputs, thresholds: Thresholds) -> tuple[Mark, ...]:
    found: list[Mark] = ["leave"] if person.on_leave else []
    if not own:
        return tuple(found)
    grace_us = thresholds.person_grace_min * MINUTE_US
    if own[0].start_us > inputs.start_us + grace_us:
        found.append("late")
    left_us = own[-1].end_us
    if left_us is not None and left_us < inputs.end_us - grace_us:
        found.append("left_early")
    # Someone may still sign out for as long as the session is awaited.
    if left_us is None and inputs.now_us is None:
        found.append("no_sign_out")
    return tuple(found)


def _status(
    person: Person,
    own: tuple[Stay, ...],
    marks: tuple[Mark, ...],
    under_review: bool,
    inputs: SessionInputs,
    thresholds: Thresholds,
) -> Status:
    if under_review:
        return "review"
    if not own:
        if person.on_leave:
            return "leave"
        given_up_us = inputs.start_us + thresholds.person_grace_min * MINUTE_US
        return "absent" if inputs.ended or inputs.until_us > given_up_us else "awaited"
    if "late" in marks:
        return "late"
    return "left_early" if "left_early" in marks else "present"


def _credited(own: tuple[Stay, ...], inputs: SessionInputs) -> int:
    """Whole minutes of stays within the plan, breaks left out; a stay without an end counts up to now while running."""
    total_us = 0
    for stay in own:
        end_us = stay.end_us
        if end_us is None:
            if inputs.now_us is None:
                continue
            end_us = inputs.until_us
        for start_us, until_us in _working(inputs):
            total_us += max(0, min(end_us, until_us) - max(stay.start_us, start_us))
    return total_us // MINUTE_US


def _working(inputs: SessionInputs) -> list[tuple[int, int]]:
    """The planned time with its breaks cut out."""
    found, at_us = [], inputs.start_us
    for begin, until in sorted(inputs.breaks):
        if begin > at_us:
            found.append((at_us, min(begin, inputs.end_us)))
        at_us = max(at_us, until)
    if at_us < inputs.end_us:
        found.append((at_us, inputs.end_us))
    return found


def _room(inputs: SessionInputs, thresholds: Thresholds) -> RoomRecord:
    minutes = minutes_of(inputs, thresholds)
    samples, sure = samples_in(minutes), confidence(minutes)
    length_us = inputs.until_us - inputs.watched_from_us
    spans = recorded_spans(inputs, inputs.watched_from_us, inputs.until_us)
    covered_us = sum(until - begin for begin, until in spans)
    return RoomRecord(
        accepted=inputs.accepted,
        cameras=len(inputs.coverage),
        expected=inputs.present_expected,
        minutes=sure.minutes,
        valid_minutes=sure.valid,
        valid_share=sure.share,
        median=median(each.count for each in samples) if samples else None,
        median_low=median(each.low for each in samples) if samples else None,
        median_high=median(each.high for each in samples) if samples else None,
        covered_share=covered_us / length_us if inputs.coverage and length_us else None,
    )
