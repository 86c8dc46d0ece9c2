"""When a room is recorded: policies and timetable → due now or not, until when and why; windows of a range.

Pure functions; times are µs UTC. Not here: reading the database (plan.py), recording (shike.capture).
Design: docs/design/keep.md, "When to record".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from shike.capture.schedule import G711, NEVER_US, Window, rest_at
from shike.capture.spans import merged

Mode = Literal["always", "timetable"]
Why = Literal["always", "class_session", "margin_before", "margin_after", "off_schedule"]

MINUTE_US = 60_000_000
MARGIN_MIN = 10
"""Minutes before and after a class session, by default."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The recording policy of a room from `valid_from_us` on, until the next policy is in force."""

    mode: Mode = "always"
    margin_before_min: int = MARGIN_MIN
    margin_after_min: int = MARGIN_MIN
    audio: bool = False
    g711: G711 = "transcode"
    valid_from_us: int = 0


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """A class session in a room, breaks included. `known_us`: when it was entered; it could not be recorded before."""

    session_id: str
    start_us: int
    end_us: int
    cancelled: bool = False
    known_us: int = 0


@dataclass(frozen=True, slots=True)
class RecordingDue:
    """Whether a room is to be recorded at a moment, until when that holds (None: no end known), and why.

    `session_id`: the class session that is the reason; off schedule, the one that recording begins for next.
    """

    recorded: bool
    until_us: int | None
    why: Why
    session_id: str | None = None


def policy_in_force(policies: Sequence[Policy], now_us: int) -> Policy:
    """The policy in force at a moment: the last of those that are valid by then. ValueError if there is none."""
    valid = [policy for policy in policies if policy.valid_from_us <= now_us]
    if not valid:
        raise ValueError("no policy is in force")
    # Of two policies that begin together the later one holds, as in `windows`.
    return sorted(valid, key=lambda policy: policy.valid_from_us)[-1]


def recording_due(policy: Policy, class_sessions: Iterable[PlannedSession], now_us: int) -> RecordingDue:
    """Whether a room with this policy is to be recorded at a moment, until when, and why."""
    if policy.mode == "always":
        return RecordingDue(True, None, "always")
    held = sorted(_held(class_sessions), key=lambda each: (each.start_us, each.end_us))
    spans = [(_span(policy, each), each) for each in held]
    pause = rest_at(merged(span for span, _ in spans), now_us)
    if pause is not None:
        next_us = None if pause[1] == NEVER_US else pause[1]
        following = next((each.session_id for span, each in spans if span[0] == next_us), None)
        return RecordingDue(False, next_us, "off_schedule", following)
    until_us = next(end for begin, end in merged(span for span, _ in spans) if begin <= now_us < end)
    around = [each for (begin, end), each in spans if begin <= now_us < end]
    sitting = next((each for each in around if each.start_us <= now_us < each.end_us), None)
    if sitting is not None:
        return RecordingDue(True, until_us, "class_session", sitting.session_id)
    # Where the margins of two sessions overlap, the next session is the reason.
    coming = next((each for each in around if now_us < each.start_us), None)
    if coming is not None:
        return RecordingDue(True, until_us, "margin_before", coming.session_id)
    return RecordingDue(True, until_us, "margin_after", around[-1].session_id)


def windows(
    policies: Sequence[Policy], class_sessions: Iterable[PlannedSession], from_us: int, to_us: int
) -> tuple[Window, ...]:
    """When a room is to be recorded within [from, to), in order. Each moment follows the policy in force then.

    A session that was entered late counts from its entry on: it could not be recorded before.
    """
    held = list(_held(class_sessions))
    ordered = sorted(policies, key=lambda policy: policy.valid_from_us)
    ends = [*(policy.valid_from_us for policy in ordered[1:]), to_us]
    due: list[Window] = []
    for policy, until_us in zip(ordered, ends, strict=True):
        begin_us, end_us = max(from_us, policy.valid_from_us), min(to_us, until_us)
        spans = [(begin_us, end_us)] if policy.mode == "always" else [_span(policy, each) for each in held]
        due += [(max(begin, begin_us), min(end, end_us)) for begin, end in spans]
    return merged(due)


def _held(class_sessions: Iterable[PlannedSession]) -> Iterable[PlannedSession]:
    return (each for each in class_sessions if not each.cancelled)


def _span(policy: Policy, session: PlannedSession) -> Window:
    begin_us = session.start_us - policy.margin_before_min * MINUTE_US
    return max(begin_us, session.known_us), session.end_us + policy.margin_after_min * MINUTE_US
