"""The cases in cases/*.yaml: each one is a class session with the flags and the credit that it must get."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from shike.attendance.judgement.findings import findings_of
from shike.attendance.judgement.flags import flags_of
from shike.attendance.judgement.records import make_record

from .judged import THRESHOLDS, Case, at, clock

CASES = [
    Case.of(document)
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for document in yaml.safe_load(path.read_text(encoding="utf-8"))
]


def test_no_two_cases_have_the_same_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 25


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    findings = findings_of(case.inputs(), THRESHOLDS)
    record, flags = make_record(findings), flags_of(findings)
    raised = [f"{flag.code} {clock(flag.start_us)}-{clock(flag.end_us)} {flag.severity}" for flag in flags]
    assert sorted(raised) == sorted(case.flags)
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
    (flag,) = flags_of(findings_of(case.inputs(), THRESHOLDS))
    assert (flag.start_us, flag.moment_us) == (at("08:00"), at("08:00:02"))
