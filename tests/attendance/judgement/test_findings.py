"""A judgement computes its findings once; the record and the flags take them as they are."""

import sys
from collections import Counter
from types import CodeType, FrameType

from hypothesis import given

from shike.attendance.judgement import contradictions, findings, flags, minutes, presence, records, room_record
from shike.attendance.judgement.inputs import SessionInputs

from .judged import THRESHOLDS
from .test_properties import class_sessions

ONCE = (
    minutes.minutes_of,
    minutes.confidence,
    presence.stays,
    presence.SignedIn.__init__,
    contradictions.empty_room,
    contradictions.unseen,
    findings.recorded_spans,
    room_record.room_record,
)


def calls(inputs: SessionInputs) -> Counter[CodeType]:
    """How often each function ran in one judgement."""
    counted: Counter[CodeType] = Counter()

    def count(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            counted[frame.f_code] += 1

    sys.setprofile(count)
    try:
        computed = findings.findings_of(inputs, THRESHOLDS)
        records.make_record(computed)
        flags.flags_of(computed)
    finally:
        sys.setprofile(None)
    return counted


@given(class_sessions())
def test_each_finding_is_computed_once_per_judgement(inputs: SessionInputs) -> None:
    counted = calls(inputs)
    times = {function.__qualname__: counted[function.__code__] for function in ONCE}
    accuses = int(findings.findings_of(inputs, THRESHOLDS).may_accuse)
    assert times == dict.fromkeys(times, 1) | {"empty_room": accuses, "unseen": accuses}
