"""What a flag stores, where its playback begins, and at which value exactly each limit is exceeded.

Not here: which class sessions get which flags (test_cases.py).
"""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from shike.attendance.judgement.findings import findings_of
from shike.attendance.judgement.flag_facts import FlagCode, stored_facts
from shike.attendance.judgement.flags import Flag, flags_of
from shike.attendance.judgement.inputs import CameraCoverage, FootageSpan, SessionInputs

from .judged import THRESHOLDS, Case, at, clock

DAY = "2026-11-23T"
BEGIN = {"share": 0.5, "stretch_min": 5, "margin_min": 15}


@dataclass(frozen=True)
class Expected:
    """A class session of 08:00-09:00, the time at which its flag begins to play, and what the flag stores."""

    code: FlagCode
    case: Case
    plays_from: str
    values: dict[str, Any]
    limits: dict[str, Any]


def case(*seen: str, signed_in: str = "20 people 07:55-09:00", recorded: str = "08:00-09:00") -> Case:
    spans = recorded.split(", ")
    return Case("08:00-09:00", planned="08:00-09:00", seen=seen, signed_in=[signed_in], recorded=spans)


EXPECTED = [
    Expected(
        "EMPTY_ROOM",
        case("08:00-08:40 shows 0 (0 to 1)", "08:40-08:45 shows 12 (11 to 13)", "08:45-09:00 shows 0"),
        "08:15",
        {"empty_samples": 50, "samples": 60, "share": 0.8333, "most_seen": 13, "signed_in": 20},
        {"most_people": 1, "share": 0.8, "margin_min": 15},
    ),
    Expected(
        "LATE_START",
        case("08:00-08:20 shows 4", "08:20-09:00 shows 19 (18 to 20)"),
        "08:00",
        {
            "planned_at": f"{DAY}08:00:00.000000Z",
            "begun_at": f"{DAY}08:20:00.000000Z",
            "late_min": 20,
            "count": 19,
            "signed_in": 20,
        },
        BEGIN,
    ),
    Expected(
        "EARLY_END",
        case("08:00-08:39 shows 20", "08:39-09:00 shows 3"),
        "08:39",
        {
            "planned_at": f"{DAY}09:00:00.000000Z",
            "ended_at": f"{DAY}08:38:30.000000Z",
            "early_min": 21,
            "count": 20,
            "signed_in": 20,
        },
        BEGIN,
    ),
    Expected(
        "LOW_TURNOUT",
        case("08:00-08:10 shows 19", "08:10-09:00 shows 14 (13 to 15)", signed_in="15 people 07:55-09:00"),
        "08:10",
        {"median": 14.0, "median_low": 13.0, "median_high": 15.0, "expected": 20, "share": 0.7},
        {"yellow": 0.9, "red": 0.8},
    ),
    Expected(
        "SIGNIN_GT_COUNT",
        case("08:00-08:20 shows 20", "08:20-08:40 shows 14 (13 to 15)", "08:40-09:00 shows 20"),
        "08:20",
        {"minutes": 20, "at": f"{DAY}08:20:00.000000Z", "signed_in": 20, "count": 14, "high": 15, "unseen": 5},
        {"people": 3, "share": 0.15, "minutes": 15},
    ),
    Expected(
        "VIDEO_GAP",
        case("08:00-09:00 shows 20", recorded="08:00-08:20, 08:26-09:00"),
        "08:19:55",
        {"seconds": 360, "coverage": 0.9},
        {"seconds": 120, "coverage": 0.95},
    ),
    Expected(
        "CAMERA_DOWN",
        case("08:00-09:00 shows 20", recorded="08:00-08:20, 08:22-09:00"),
        "08:19:55",
        {
            "seconds": 120,
            "reason": "no_data",
            "cameras": [{"camera_id": "front", "seconds": 120, "reason": "no_data"}],
        },
        {"seconds": 60},
    ),
    Expected(
        "LOW_CONFIDENCE",
        case("08:00-08:33 shows 20", "08:33-09:00 shows nothing countable"),
        "08:00",
        {"valid_minutes": 33, "minutes": 60, "share": 0.55},
        {"share": 0.6},
    ),
]


def only(inputs: SessionInputs, code: FlagCode) -> Flag:
    """The one flag of a code."""
    (flag,) = (flag for flag in flags_of(findings_of(inputs, THRESHOLDS)) if flag.code == code)
    return flag


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: expected.code)
def test_a_flag_stores_these_values_and_limits(expected: Expected) -> None:
    flag = only(expected.case.inputs(), expected.code)
    stored = json.loads(json.dumps(stored_facts(flag.facts)))
    assert stored == {**expected.values, "limits": expected.limits}
    assert flag.moment_us == at(expected.plays_from), clock(flag.moment_us)


def test_a_class_that_never_began_has_no_beginning_and_no_count() -> None:
    inputs = case("08:00-08:45 shows 0 (0 to 2)", "08:45-09:00 shows 3").inputs()
    assert stored_facts(only(inputs, "LATE_START").facts) == {
        "planned_at": f"{DAY}08:00:00.000000Z",
        "begun_at": None,
        "late_min": 60,
        "count": None,
        "signed_in": None,
        "limits": BEGIN,
    }


def test_short_gaps_that_add_up_are_one_flag_of_the_whole_session() -> None:
    spans = "08:00-08:20, 08:22-08:40, 08:41-08:50, 08:51-09:00"
    inputs = case("08:00-09:00 shows 20", recorded=spans).inputs()
    flag = only(inputs, "VIDEO_GAP")
    assert stored_facts(flag.facts)["seconds"] == 120 and stored_facts(flag.facts)["coverage"] == 0.9333
    assert (flag.start_us, flag.end_us, flag.moment_us) == (at("08:00"), at("09:00"), at("08:19:55"))


def test_cameras_that_go_down_together_share_a_flag_that_names_no_single_camera() -> None:
    inputs = case("08:00-09:00 shows 20").inputs()
    down = [("rear", "08:21", "no_data"), ("front", "08:23", "timeout")]
    coverage = tuple(
        CameraCoverage(
            camera,
            (FootageSpan(at("08:00"), at("08:20")), FootageSpan(at(back), at("09:00"))),
            (FootageSpan(at("08:20"), at(back), reason),),
        )
        for camera, back, reason in down
    )
    flag = only(replace(inputs, coverage=coverage), "CAMERA_DOWN")
    values = stored_facts(flag.facts)
    assert (values["seconds"], values["reason"]) == (180, "timeout")
    assert list(values["cameras"]) == [
        {"camera_id": "front", "seconds": 180, "reason": "timeout"},
        {"camera_id": "rear", "seconds": 60, "reason": "no_data"},
    ]
    assert flag.camera_id is None
    alone = only(replace(inputs, coverage=coverage[:1]), "CAMERA_DOWN")
    assert alone.camera_id == "rear"


def codes(inputs: SessionInputs) -> set[FlagCode]:
    return {flag.code for flag in flags_of(findings_of(inputs, THRESHOLDS))}


@pytest.mark.parametrize(
    ("code", "within", "beyond"),
    [
        (
            "LATE_START",
            case("08:00-08:15 shows 0", "08:15-09:00 shows 20"),
            case("08:00-08:16 shows 0", "08:16-09:00 shows 20"),
        ),
        (
            "EARLY_END",
            case("08:00-08:45 shows 20", "08:45-09:00 shows 0"),
            case("08:00-08:44 shows 20", "08:44-09:00 shows 0"),
        ),
        (
            "LOW_CONFIDENCE",
            case("08:00-08:36 shows 20", "08:36-09:00 shows nothing countable"),
            case("08:00-08:35 shows 20", "08:35-09:00 shows nothing countable"),
        ),
        (
            "LOW_TURNOUT",
            case("08:00-09:00 shows 18", signed_in="18 people 07:55-09:00"),
            case("08:00-09:00 shows 17", signed_in="17 people 07:55-09:00"),
        ),
    ],
)
def test_a_limit_itself_is_within_the_limit(code: FlagCode, within: Case, beyond: Case) -> None:
    assert code not in codes(within.inputs())
    assert code in codes(beyond.inputs())


@pytest.mark.parametrize(
    ("code", "seen", "too_early", "in_time"),
    [
        ("LOW_TURNOUT", "08:00-09:00 shows 14", "08:16", "08:17"),
        ("LOW_CONFIDENCE", "08:00-09:00 shows nothing countable", "08:06", "08:07"),
    ],
)
def test_a_running_class_is_not_judged_by_its_first_minutes(
    code: FlagCode, seen: str, too_early: str, in_time: str
) -> None:
    # The last 90 seconds of a running class are not counted yet.
    running = case(seen, signed_in="14 people 07:55-")
    assert code not in codes(replace(running, now=too_early).inputs())
    assert code in codes(replace(running, now=in_time).inputs())


def test_a_turnout_is_red_below_its_red_limit_only() -> None:
    assert (
        only(case("08:00-09:00 shows 16", signed_in="16 people 07:55-09:00").inputs(), "LOW_TURNOUT").severity
        == "yellow"
    )
    assert (
        only(case("08:00-09:00 shows 15", signed_in="15 people 07:55-09:00").inputs(), "LOW_TURNOUT").severity == "red"
    )
