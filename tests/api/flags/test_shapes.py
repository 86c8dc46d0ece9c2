"""Flags that are stored are served with the same values and limits, whatever rules had raised them."""

from typing import Any, get_args

import pytest

from shike.api.flags.shapes import FlagOut
from shike.attendance.judgement.flag_facts import FlagCode

BEGIN = {"share": 0.5, "stretch_min": 5, "margin_min": 15}
BEGUN = "2026-11-20T00:46:10.000000Z"
STORED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "EMPTY_ROOM": (
        {"empty_samples": 58, "samples": 60, "share": 0.9667, "most_seen": 2, "signed_in": 20},
        {"most_people": 1, "share": 0.8, "margin_min": 15},
    ),
    "LATE_START": (
        {"planned_at": "2026-11-20T00:30:00.000000Z", "begun_at": BEGUN, "late_min": 16, "count": 6, "signed_in": 8},
        BEGIN,
    ),
    "EARLY_END": ({"planned_at": BEGUN, "ended_at": None, "early_min": 60, "count": None, "signed_in": None}, BEGIN),
    "LOW_TURNOUT": (
        {"median": 20, "median_low": 19.5, "median_high": 21, "expected": 28, "share": 0.7143},
        {"yellow": 0.9, "red": 0.8},
    ),
    "SIGNIN_GT_COUNT": (
        {"minutes": 16, "at": BEGUN, "signed_in": 26, "count": 20, "high": 21, "unseen": 5},
        {"people": 3, "share": 0.15, "minutes": 15},
    ),
    "CAMERA_DOWN": (
        {
            "seconds": 300,
            "reason": "no_data",
            "cameras": [
                {"camera_id": "front", "seconds": 300, "reason": "no_data"},
                {"camera_id": "rear", "seconds": 90, "reason": "disk_full"},
            ],
        },
        {"seconds": 60},
    ),
    "VIDEO_GAP": ({"seconds": 200, "coverage": None}, {"seconds": 120, "coverage": 0.95}),
    "LOW_CONFIDENCE": ({"valid_minutes": 20, "minutes": 40, "share": 0.5}, {"share": 0.6}),
}
"""Values and limits of each code as the rules flags-1 and flags-2 have stored them."""
COMMON = {
    "id": "flag",
    "severity": "red",
    "state": "open",
    "live": False,
    "class_session_id": None,
    "class_id": None,
    "class_name": None,
    "class_number": None,
    "sequence": None,
    "room_id": "room",
    "room_name": "room",
    "institution_id": "institution",
    "institution_name": "institution",
    "camera_id": None,
    "from": BEGUN,
    "to": BEGUN,
    "moment_at": BEGUN,
    "rule_version": "flags-1 default-1",
    "opened_at": BEGUN,
    "updated_at": BEGUN,
}


def test_every_code_has_a_stored_example() -> None:
    assert set(STORED) == set(get_args(FlagCode))


@pytest.mark.parametrize("code", STORED)
def test_stored_values_and_limits_are_served_unchanged(code: str) -> None:
    values, limits = STORED[code]
    stored = {**values, "limits": limits}
    flag = {**COMMON, "code": code, "values": stored, "limits": stored["limits"]}
    served = FlagOut.model_validate(flag).model_dump(mode="json", by_alias=True)
    assert served.keys() == flag.keys()
    assert (served["code"], served["values"], served["limits"]) == (code, values, limits)
    types = [(type(value), type(served["values"][name])) for name, value in values.items()]
    assert all(before is after for before, after in types)
