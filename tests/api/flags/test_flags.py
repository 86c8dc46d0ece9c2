"""The queue of flags, the evidence of a flag, and verdicts, through the service."""

from typing import Any

import pytest

from shike.capture.moment import rfc3339
from tests.api.observed import Observed, late
from tests.api.service import Service, World


@pytest.fixture
def observed(empty: Service, world: World) -> Observed:
    """A judged session that began sixteen minutes late."""
    observed = Observed.of(empty, world)
    observed.filmed()
    observed.counted(late)
    observed.signed(-2, 40)
    observed.accepted()
    observed.evaluator().evaluate(observed.session_id)
    return observed


def listed(observed: Observed, who: str = "supervisor", **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = observed.service.client(who).get("/api/flags", params=query).json()["items"]
    return items


def test_the_gravest_flag_comes_first(observed: Observed) -> None:
    assert [flag["code"] for flag in listed(observed)] == ["SIGNIN_GT_COUNT", "LATE_START"]
    assert [flag["code"] for flag in listed(observed, severity="yellow")] == ["LATE_START"]
    assert listed(observed, state="confirmed") == []
    assert len(listed(observed, class_session_id=observed.session_id)) == 2


def test_an_institution_sees_only_its_own_flags(observed: Observed) -> None:
    flag = listed(observed, "institution")[0]
    assert listed(observed, "second institution") == []
    stranger = observed.service.client("second institution")
    assert stranger.get(f"/api/flags/{flag['id']}").status_code == 404
    assert observed.service.client("institution").get(f"/api/flags/{flag['id']}").status_code == 200


def test_the_evidence_of_a_late_start(observed: Observed) -> None:
    flag = next(each for each in listed(observed) if each["code"] == "LATE_START")
    evidence = observed.service.client("auditor").get(f"/api/flags/{flag['id']}").json()
    assert evidence["from"] == evidence["moment_at"] == rfc3339(observed.start)
    assert evidence["to"] == rfc3339(observed.at(16))
    assert evidence["why"]["values"]["begun_at"] == rfc3339(observed.at(16))
    assert evidence["why"]["limits"] == {"share": 0.5, "stretch_min": 5, "margin_min": 15}
    assert [picture["label"] for picture in evidence["pictures"]] == ["moment", "middle", "end"]
    assert evidence["counts"][0] == {
        "at": rfc3339(observed.start),
        "count": 0,
        "low": 0,
        "high": 0,
        "valid": True,
        "cameras": [observed.world.cameras[0]],
    }
    assert evidence["expected"] == 20
    assert max(step["n"] for step in evidence["signed"]) == 20
    assert evidence["made"] == {"models": ["centerface"], "rule_version": "flags-2 default-1", "record_version": 1}
    assert [each["what"] for each in evidence["history"]] == ["opened"]


def test_a_verdict_needs_a_note_and_is_written_to_history_and_audit_trail(observed: Observed) -> None:
    client, flag = observed.service.client("supervisor"), listed(observed)[0]
    path = f"/api/flags/{flag['id']}/verdict"
    assert client.post(path, json={"verdict": "confirmed", "note": " "}).status_code == 422
    assert client.post(path, json={"verdict": "open", "note": "看过录像"}).status_code == 422
    answer = client.post(path, json={"verdict": "confirmed", "note": "十六分钟无人"})
    assert answer.json()["state"] == "confirmed"
    client.post(path, json={"verdict": "undecidable", "note": "再看一遍，看不清"})
    history = client.get(f"/api/flags/{flag['id']}").json()["history"]
    assert [(each["what"], each["account_name"]) for each in history[1:]] == [
        ("confirmed", "Supervisor"),
        ("undecidable", "Supervisor"),
    ]
    events = observed.service.client("auditor").get("/api/audit-events", params={"action": "verdict"}).json()["items"]
    assert [event["detail"]["verdict"] for event in events] == ["undecidable", "confirmed"]


def test_an_institution_cannot_give_a_verdict(observed: Observed) -> None:
    flag = listed(observed)[0]
    body = {"verdict": "rejected", "note": "我们没有问题"}
    assert observed.service.client("institution").post(f"/api/flags/{flag['id']}/verdict", json=body).status_code == 403


def test_the_page_of_a_class_session(observed: Observed) -> None:
    page = observed.service.client("institution").get(f"/api/class-sessions/{observed.session_id}/detail").json()
    assert page["session"]["state"] == "final"
    assert (page["expected"], page["enrolled"], page["covered_share"]) == (20, 20, 1.0)
    assert page["room"]["accepted"] and not page["room"]["larger_of_views"]
    assert len(page["counts"]) == 80
    assert page["counts"][-1]["high"] == 20, "the interval is the measured one"
    assert [flag["code"] for flag in page["flags"]] == ["LATE_START", "SIGNIN_GT_COUNT"]
    assert [(camera["spans"][0]["from"], len(camera["spans"])) for camera in page["cameras"]] == [
        (rfc3339(observed.start), 1)
    ]
    record = page["record"]
    assert (record["version"], record["final"], record["planned_minutes"]) == (1, True, 40)
    assert {person["id_number_masked"] for person in record["people"]} == {"341124********2047"}
    assert {tuple(person["review"]) for person in record["people"]} == {("SIGNIN_GT_COUNT",)}
    assert len(page["sign_events"]) == 40
    assert page["signed"][1] == {"at": rfc3339(observed.at(-2)), "n": 20}


def test_a_class_session_out_of_scope_is_not_found(observed: Observed) -> None:
    client = observed.service.client("second institution")
    assert client.get(f"/api/class-sessions/{observed.session_id}/detail").status_code == 404
