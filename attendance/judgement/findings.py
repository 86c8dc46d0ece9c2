"""The findings of a judgement: computed once from its inputs; attendance record and flags are both made from them.

Here: one frozen value and the pure function that computes it. Not here: the single computations (minutes.py,
presence.py, contradictions.py, room_record.py), and the results made from them (records.py, flags.py).
Design: docs/design/judgement.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shike.attendance.judgement.contradictions import EmptyRoom, Unseen, empty_room, unseen
from shike.attendance.judgement.inputs import SessionInputs
from shike.attendance.judgement.minutes import Minute, confidence, minutes_of, samples_in
from shike.attendance.judgement.presence import SignedIn, Stay, stays
from shike.attendance.judgement.room_counts import RoomCount
from shike.attendance.judgement.room_record import RoomRecord, room_record
from shike.attendance.judgement.thresholds import Thresholds
from shike.capture.spans import Span, merged


@dataclass(frozen=True, slots=True)
class SessionFindings:
    """Inputs and limits of a class session with all that is computed from them. Times in µs UTC.

    `may_accuse`: the room's counts may speak against people; if not, there is no `empty_room` and no `unseen`.
    `samples`: valid samples of the minutes that may be judged. `recorded`: spans of the plan up to now of which a
    camera of the room has footage; `watched`: the part of it since the room has had a camera.
    """

    inputs: SessionInputs
    thresholds: Thresholds
    minutes: tuple[Minute, ...]
    samples: tuple[RoomCount, ...]
    may_accuse: bool
    stays: Mapping[str, tuple[Stay, ...]]
    signed_in: SignedIn
    empty_room: EmptyRoom | None
    unseen: tuple[Unseen, ...]
    recorded: tuple[Span, ...]
    watched: tuple[Span, ...]
    room: RoomRecord


def findings_of(inputs: SessionInputs, thresholds: Thresholds) -> SessionFindings:
    """The findings of a class session. A pure function: equal inputs and limits make equal records and flags."""
    minutes = minutes_of(inputs, thresholds)
    samples, sure = samples_in(minutes), confidence(minutes)
    may_accuse = inputs.accepted and not sure.is_low(thresholds)
    stays_of = stays(inputs.signs)
    signed_in = SignedIn(stays_of)
    recorded = recorded_spans(inputs)
    watched = merged((max(begin, inputs.watched_from_us), end) for begin, end in recorded)
    return SessionFindings(
        inputs=inputs,
        thresholds=thresholds,
        minutes=minutes,
        samples=samples,
        may_accuse=may_accuse,
        stays=stays_of,
        signed_in=signed_in,
        empty_room=empty_room(inputs, minutes, signed_in, thresholds) if may_accuse else None,
        unseen=unseen(minutes, signed_in, thresholds) if may_accuse else (),
        recorded=recorded,
        watched=watched,
        room=room_record(inputs, samples, sure, watched),
    )


def recorded_spans(inputs: SessionInputs) -> tuple[Span, ...]:
    """The time from the planned start up to now of which at least one camera of the room has footage."""
    spans = (span for each in inputs.coverage for span in each.spans)
    return merged((max(span.start_us, inputs.start_us), min(span.end_us, inputs.until_us)) for span in spans)
