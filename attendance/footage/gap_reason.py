"""Why time was not recorded. This module decides the reason of every gap, in three steps:

1. `ended_before_range`: why nothing was being recorded when the range began.
2. `Hole.stopped_by`: why recording stopped, as far as recordings, recorder and the camera's switch tell it. Here
   `stopped` becomes `switched_off`.
3. `gap_reason`: what registry and timetable add: `not_registered`, `off_schedule`, `not_started`.

Pure functions. Not here: where the gaps lie (coverage.py), which reasons count against the recording
(recording/report.py), words for people (api/recording/reason_words.py and the browser app).
Design: docs/design/footage.md, "Coverage".
"""

from dataclasses import dataclass

from shike.attendance.footage.stream_facts import StreamFacts

DELETED = "deleted_by_rule"
NOT_RECORDED = "not_recorded"
NOT_REGISTERED = "not_registered"
NOT_STARTED = "not_started"
OFF_SCHEDULE = "off_schedule"
SEGMENT_LOST = "segment_lost"
SWITCHED_OFF = "switched_off"
UNKNOWN = "unknown"

# Gaps with these reasons are not cut at the timetable: deleted footage was recorded, and `not_recorded` is no fault.
WHOLE = frozenset({DELETED, NOT_RECORDED})
# How recording ends when somebody switches the camera off.
_ENDED_BY_SWITCHING_OFF = frozenset({"stopped", "settings_changed", NOT_RECORDED})


@dataclass(frozen=True, slots=True)
class Hole:
    """Time without footage, before registry and timetable divide it into gaps. Times in µs UTC.

    `ended_before`: why the last live run before it ended. `in_run`: it lies between two segments of one run.
    `deleted`: a rule has deleted its footage. `cause_now`: the present cause by the recorder, if the hole is open now.
    `switched_off`: it lasts to the end of what is known, and the camera is disabled.
    """

    start_us: int
    end_us: int
    ended_before: str
    in_run: bool = False
    deleted: bool = False
    cause_now: str | None = None
    switched_off: bool = False

    @property
    def stopped_by(self) -> str:
        """The reason by recordings and recorder alone, without registry and timetable. The first that applies."""
        if self.deleted:
            return DELETED
        if self.in_run:
            return SEGMENT_LOST
        reason = self.cause_now or self.ended_before
        return SWITCHED_OFF if self.switched_off and reason in _ENDED_BY_SWITCHING_OFF else reason


def gap_reason(hole: Hole, *, registered: bool, due: bool) -> str:
    """The reason of a part of a hole. The first that applies.

    `registered`: the registry knew the camera in that part. `due`: the room was to be recorded in it.
    """
    if not registered:
        return NOT_REGISTERED
    if hole.stopped_by in WHOLE:
        return hole.stopped_by
    if not due:
        return OFF_SCHEDULE
    # Recording had stopped by the timetable and did not come back when it should have.
    return NOT_STARTED if hole.stopped_by == OFF_SCHEDULE else hole.stopped_by


def ended_before_range(facts: StreamFacts) -> str:
    """Why there was no recording when the range began.

    If the camera was recorded before, the reason is the end of its last live run. Otherwise:
    - Never recorded up to now: the present cause by the recorder, if there is one and the range is not over. Else
      `not_recorded` for a room that is always recorded, `off_schedule` for a room with a timetable.
    - Recorded for the first time within the range: the present cause does not explain the time before. The reason is
      `off_schedule`, but `not_recorded` if recording was due all the time up to that first run.
    """
    if facts.ended_before is not None:
        return facts.ended_before
    first_us = min((each.start_us for each in facts.recorded if each.origin == "live"), default=None)
    if first_us is None:
        cause = facts.cause_now if facts.end_us >= facts.now_us else None
        return cause or (NOT_RECORDED if facts.due is None else OFF_SCHEDULE)
    begun_us = max(facts.start_us, facts.registered_us)
    always = facts.due is None or any(begin <= begun_us and first_us <= end for begin, end in facts.due)
    return NOT_RECORDED if always else OFF_SCHEDULE
