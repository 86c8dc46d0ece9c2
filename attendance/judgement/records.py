"""The attendance record of a class session, made from its findings by a pure function.

Equal inputs make equal records. A head count is evidence about a room, never about a person: where the room
contradicts the sign-ins, people are put under review, and their credited minutes stay as they are until a supervisor
has decided. Not here: gathering the inputs (gathering.py), storing records (versions.py).
Formulas: docs/design/judgement.md.
"""

from dataclasses import asdict, dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any, Literal

from shike.attendance.judgement.contradictions import ContradictionKind
from shike.attendance.judgement.findings import SessionFindings
from shike.attendance.judgement.inputs import GROWTH_US, MINUTE_US, Person, SessionInputs, digest
from shike.attendance.judgement.presence import Stay
from shike.attendance.judgement.room_record import RoomRecord
from shike.attendance.judgement.thresholds import Thresholds
from shike.capture.spans import Span

Status = Literal["awaited", "present", "late", "left_early", "leave", "absent", "review"]
Mark = Literal["late", "left_early", "no_sign_out", "leave"]


@dataclass(frozen=True, slots=True)
class ReviewWindow:
    """A time in which the room contradicts the sign-ins, and the code of the flag for it. Times in µs UTC."""

    code: ContradictionKind
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """One trainee in one class session. Times in µs UTC; `lesson_hours` is a decimal number as text.

    `review`: codes of what a supervisor must look at. The credited minutes are what the sign-ins give, also under
    review. A stay without a sign-out gives none, and puts the person under review.
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
class AttendanceRecord:
    """The result of one class session, with the digest of its inputs and the version of its limits.

    `final`: the session is settled. `review`: contradictions that no supervisor has rejected.
    """

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


def make_record(findings: SessionFindings) -> AttendanceRecord:
    """The record of a class session. A pure function: equal findings make equal records."""
    inputs, thresholds = findings.inputs, findings.thresholds
    standing = tuple(window for window in _review_windows(findings) if not _rejected(window, inputs))
    planned = _credited((Stay(inputs.start_us, inputs.end_us),), inputs)
    return AttendanceRecord(
        session_id=inputs.session_id,
        settings_version=thresholds.version,
        inputs_digest=digest(inputs, thresholds),
        final=inputs.now_us is None,
        planned_minutes=planned,
        planned_lesson_hours=lesson_hours(planned, thresholds),
        people=tuple(_person(person, findings, standing) for person in sorted(inputs.expected)),
        room=findings.room,
        review=standing,
    )


def lesson_hours(minutes: int, thresholds: Thresholds) -> str:
    """Minutes as lesson hours (课时), rounded as the limits say, as text: "1.5"."""
    step = thresholds.lesson_hour_step
    rounding = ROUND_DOWN if thresholds.lesson_hour_rounding == "down" else ROUND_HALF_UP
    steps = (Decimal(minutes) / thresholds.lesson_hour_min / step).quantize(Decimal(1), rounding)
    return str(steps * step)


def _review_windows(findings: SessionFindings) -> tuple[ReviewWindow, ...]:
    empty = findings.empty_room
    windows = [ReviewWindow("SIGNIN_GT_COUNT", each.start_us, each.end_us) for each in findings.unseen]
    if empty is not None and empty.signed_in:
        windows.append(ReviewWindow("EMPTY_ROOM", empty.start_us, empty.end_us))
    return tuple(sorted(windows, key=lambda each: (each.start_us, each.code)))


def _rejected(window: ReviewWindow, inputs: SessionInputs) -> bool:
    """Whether a supervisor has rejected this window. A window that has grown far beyond theirs is a new case."""
    return any(
        each.code == window.code
        and each.start_us - GROWTH_US < window.start_us < each.end_us
        and window.end_us <= each.end_us + GROWTH_US
        for each in inputs.rejected
    )


def _person(person: Person, findings: SessionFindings, windows: tuple[ReviewWindow, ...]) -> PersonRecord:
    inputs, thresholds = findings.inputs, findings.thresholds
    own = findings.stays.get(person.trainee_id, ())
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
    marks: list[Mark] = ["leave"] if person.on_leave else []
    if not own:
        return tuple(marks)
    grace_us = thresholds.person_grace_min * MINUTE_US
    if own[0].start_us > inputs.start_us + grace_us:
        marks.append("late")
    left_us = own[-1].end_us
    if left_us is not None and left_us < inputs.end_us - grace_us:
        marks.append("left_early")
    # A sign-out may still come in until the session is settled.
    if left_us is None and inputs.now_us is None:
        marks.append("no_sign_out")
    return tuple(marks)


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


def _working(inputs: SessionInputs) -> list[Span]:
    """The planned time with its breaks cut out."""
    spans, at_us = [], inputs.start_us
    for begin, until in sorted(inputs.breaks):
        if begin > at_us:
            spans.append((at_us, min(begin, inputs.end_us)))
        at_us = max(at_us, until)
    if at_us < inputs.end_us:
        spans.append((at_us, inputs.end_us))
    return spans
