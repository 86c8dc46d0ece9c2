"""The cases in cases/*.yaml, each one a sentence that an officer can check."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from shike.attendance.judgement.flags import flags_of
from shike.attendance.judgement.records import make_record

from .judged import THRESHOLDS, Case, at, clock

CASES = [
    Case.of(document)
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for document in yaml.safe_load(path.read_text(encoding="utf-8"))
]


def test_no_case_is_told_twice() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 25


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    inputs = case.inputs()
    record = make_record(inputs, THRESHOLDS)
    flags = flags_of(inputs, record, THRESHOLDS)
    told = [f"{flag.code} {clock(flag.start_us)}-{clock(flag.end_us)} {flag.severity}" for flag in flags]
    assert sorted(told) == sorted(case.flags)
    assert all(flag.live is (case.now is not None) for flag in flags)
    if case.people:
        assert Counter(person.status for person in record.people) == case.people
    if case.credited_minutes is not None:
        credited = [person.credited_minutes for person in record.people]
        wanted = list(case.credited_minutes)
        assert credited[: len(wanted)] == wanted
    if case.lesson_hours is not None:
        assert [person.lesson_hours for person in record.people][: len(case.lesson_hours)] == list(case.lesson_hours)


def test_a_flag_begins_to_play_where_footage_is() -> None:
    case = Case(
        name="recorded from the second minute on",
        planned="08:00-08:40",
        seen=["08:00-08:16 shows 0", "08:16-08:40 shows 20"],
        signed_in=["20 people 08:16-08:40"],
        recorded=["08:00:02-08:40"],
    )
    inputs = case.inputs()
    (flag,) = flags_of(inputs, make_record(inputs, THRESHOLDS), THRESHOLDS)
    assert (flag.start_us, flag.moment_us) == (at("08:00"), at("08:00:02"))
