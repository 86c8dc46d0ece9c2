"""Classes, sessions, people and sign-ins that are entered by hand, through the service."""

from datetime import timedelta
from typing import Any

import pytest

from shike.capture.moment import rfc3339
from tests.api.enrolled import START
from tests.api.service import Service, World

YEARS_S = 3600 * 24 * 365 * 4  # after these years the class of the world has begun
ID_NUMBER = "341124199003072947"


def class_body(world: World, **changed: Any) -> dict[str, Any]:
    return {
        "institution_id": world.institutions[0],
        "number": "2030-02",
        "name": "Cooks",
        "project_type": "upgrade",
        "occupation": "中式烹调师",
        "level": "中级工",
        "starts_on": "2030-02-04",
        "ends_on": "2030-02-08",
        "planned_lesson_hours": 40,
        "funding_year": 2030,
    } | changed


def session_body(world: World, **changed: Any) -> dict[str, Any]:
    return {
        "class_id": world.planned[0].class_id,
        "room_id": world.rooms[0],
        "starts_at": "2030-01-08T01:00:00Z",
        "ends_at": "2030-01-08T03:30:00Z",
        "breaks": [{"from": "2030-01-08T02:00:00Z", "to": "2030-01-08T02:10:00Z"}],
    } | changed


def problem(answer: Any) -> tuple[int, str, str]:
    error = answer.json()["errors"][0]
    return answer.status_code, error["field"], error["code"]


def test_a_class_is_created_listed_and_changed(empty: Service, world: World) -> None:
    client = empty.client("institution")
    made = client.post("/api/classes", json=class_body(world)).json()
    assert (made["state"], made["enrolled"], made["class_sessions"]) == ("training", 0, 0)
    assert [row["number"] for row in client.get("/api/classes").json()["items"]] == ["2030-02", "2030-01"]
    assert [row["id"] for row in client.get("/api/classes?q=030-02").json()["items"]] == [made["id"]]
    changed = client.patch(f"/api/classes/{made['id']}", json={"name": "Chefs", "ends_on": "2030-02-09"}).json()
    assert changed == made | {"name": "Chefs", "ends_on": "2030-02-09"}
    lines = empty.client("auditor").get("/api/audit-events?action=registry_changed").json()["items"]
    assert lines[0]["detail"]["changed"] == {"name": ["Cooks", "Chefs"], "ends_on": ["2030-02-08", "2030-02-09"]}


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"number": "2030-01"}, "number", "taken"),
        ({"ends_on": "2030-02-01"}, "ends_on", "before_start"),
        ({"level": None}, "level", "required"),
        ({"starts_on": "yesterday"}, "starts_on", "date_from_datetime_parsing"),
        ({"planned_lesson_hours": 0}, "planned_lesson_hours", "greater_than_equal"),
    ],
)
def test_an_invalid_class_is_refused_with_its_field(
    empty: Service, world: World, changed: dict[str, Any], field: str, code: str
) -> None:
    answer = empty.client("institution").post("/api/classes", json=class_body(world, **changed))
    assert problem(answer) == (422, field, code)


def test_an_institution_cannot_enter_the_review_of_the_county(empty: Service, world: World) -> None:
    path, body = f"/api/classes/{world.planned[0].class_id}", {"county_review_ref": "人社审〔2030〕1号"}
    assert empty.client("institution").patch(path, json=body).json()["code"] == "review_is_the_countys"
    assert empty.client("administrator").patch(path, json=body).json()["county_review_ref"] == "人社审〔2030〕1号"


def test_an_institution_cannot_change_what_a_subsidy_depends_on_once_the_class_has_begun(
    empty: Service, world: World
) -> None:
    empty.clock.move(YEARS_S)
    path, body = f"/api/classes/{world.planned[0].class_id}", {"planned_lesson_hours": 20}
    assert empty.client("institution").patch(path, json=body).json()["code"] == "already_started"
    assert empty.client("institution").patch(path, json={"name": "Chefs"}).status_code == 200
    assert empty.client("administrator").patch(path, json=body).json()["planned_lesson_hours"] == 20


def test_a_class_cannot_be_moved_away_from_the_days_of_its_sessions(empty: Service, world: World) -> None:
    path = f"/api/classes/{world.planned[0].class_id}"
    answer = empty.client("administrator").patch(path, json={"starts_on": "2030-01-08"})
    assert (answer.status_code, answer.json()["code"]) == (409, "sessions_outside")


def test_a_class_session_is_created_found_by_its_day_and_changed(empty: Service, world: World) -> None:
    client = empty.client("institution")
    made = client.post("/api/class-sessions", json=session_body(world, teacher="李老师")).json()
    assert (made["sequence"], made["state"], made["kind"]) == (2, "planned", "theory")
    assert made["breaks"] == [{"from": "2030-01-08T02:00:00.000000Z", "to": "2030-01-08T02:10:00.000000Z"}]
    listed = client.get("/api/class-sessions", params={"date": "2030-01-08"}).json()["items"]
    assert listed == [made] == [client.get(f"/api/class-sessions/{made['id']}").json()]
    path = f"/api/class-sessions/{made['id']}"
    changed = client.patch(path, json={"room_id": None, "kind": "practice", "breaks": []}).json()
    assert changed == made | {"room_id": None, "room_name": None, "kind": "practice", "breaks": []}
    assert client.patch(path, json={"state": "cancelled"}).json()["state"] == "cancelled"
    assert problem(client.patch(path, json={"kind": "theory"})) == (422, "sequence", "cancelled")
    assert client.patch(path, json={"state": "planned"}).json()["state"] == "planned"


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"ends_at": "2030-01-08T01:00:00Z"}, "ends_at", "not_after_start"),
        ({"ends_at": "2030-01-09T01:00:00Z"}, "ends_at", "too_long"),
        ({"breaks": [{"from": "2030-01-08T00:00:00Z", "to": "2030-01-08T02:10:00Z"}]}, "breaks", "outside_session"),
        ({"sequence": 1}, "sequence", "taken"),
        (
            {"starts_at": "2030-03-08T01:00:00Z", "ends_at": "2030-03-08T02:00:00Z", "breaks": []},
            "starts_at",
            "outside_class",
        ),
        (
            {"starts_at": rfc3339(START), "ends_at": rfc3339(START + timedelta(hours=1)), "breaks": []},
            "starts_at",
            "overlaps",
        ),
    ],
)
def test_an_invalid_class_session_is_refused_with_its_field(
    empty: Service, world: World, changed: dict[str, Any], field: str, code: str
) -> None:
    answer = empty.client("institution").post("/api/class-sessions", json=session_body(world, **changed))
    assert problem(answer) == (422, field, code)


def test_two_classes_cannot_be_in_one_room_at_once(empty: Service, world: World) -> None:
    client = empty.client("institution")
    other = client.post("/api/classes", json=class_body(world, starts_on="2030-01-07", ends_on="2030-01-11")).json()
    body = session_body(
        world, class_id=other["id"], starts_at=rfc3339(START), ends_at=rfc3339(START + timedelta(hours=1))
    )
    assert problem(client.post("/api/class-sessions", json=body | {"breaks": []})) == (422, "room_id", "room_taken")


def test_a_class_session_needs_a_room_of_its_own_institution(empty: Service, world: World) -> None:
    body = session_body(world, room_id=world.rooms[1])
    assert problem(empty.client("institution").post("/api/class-sessions", json=body)) == (422, "room_id", "not_found")
    answer = empty.client("administrator").post("/api/class-sessions", json=body)
    assert problem(answer) == (422, "room_id", "other_institution")


def test_only_an_administrator_changes_the_plan_of_a_session_that_has_begun(empty: Service, world: World) -> None:
    empty.clock.move(YEARS_S)
    path = f"/api/class-sessions/{world.planned[0].class_session_id}"
    for body in ({"starts_at": rfc3339(START + timedelta(minutes=30))}, {"state": "cancelled"}):
        assert problem(empty.client("institution").patch(path, json=body)) == (422, "sequence", "already_started")
        assert empty.client("administrator").patch(path, json=body).status_code == 200


def test_a_person_is_enrolled_once_and_leaves_on_a_day(empty: Service, world: World) -> None:
    client, path = empty.client("institution"), f"/api/classes/{world.planned[0].class_id}/enrolments"
    body = {
        "name": "张三",
        "id_number": "３４１１２４１９９００３０７２９４７ ",
        "phone": "13800000001",
        "employer": "甲厂",
    }
    made = client.post(path, json=body).json()
    assert (made["id_number_masked"], made["state"], made["joined_on"]) == (
        "341124********2947",
        "enrolled",
        "2030-01-07",
    )
    assert client.post(path, json=body).json()["code"] == "already_enrolled"
    enrolment = f"/api/enrolments/{made['id']}"
    assert client.patch(enrolment, json={"left_on": "2030-01-09"}).json()["state"] == "left"
    assert client.get(f"/api/classes/{world.planned[0].class_id}").json()["enrolled"] == 1
    assert problem(client.patch(enrolment, json={"left_on": "2030-01-01"})) == (422, "left_on", "before_joined")
    assert client.patch(enrolment, json={"left_on": None, "result": "passed"}).json()["state"] == "enrolled"


def test_a_wrong_id_number_is_refused_and_never_repeated(empty: Service, world: World) -> None:
    path = f"/api/classes/{world.planned[0].class_id}/enrolments"
    wrong = ID_NUMBER[:-1] + "0"
    for body in ({"name": "张三", "id_number": wrong}, {"name": "张三", "id_number": wrong, "employee": 1}):
        answer = empty.client("institution").post(path, json=body)
        assert answer.status_code == 422
        assert wrong not in answer.text
    assert problem(empty.client("institution").post(path, json={"name": "张三", "id_number": wrong}))[2] == "checksum"


def test_people_are_found_by_name_or_last_four_digits_and_never_by_a_whole_id_number(
    empty: Service, world: World
) -> None:
    client = empty.client("institution")
    path = f"/api/classes/{world.planned[0].class_id}/enrolments"
    made = client.post(path, json={"name": "张三", "id_number": ID_NUMBER, "phone": "13800000001"}).json()
    for asked in ("张", "2947"):
        trainees = client.get("/api/trainees", params={"q": asked}).json()["items"]
        assert [row["id"] for row in trainees] == [made["trainee_id"]]
    assert problem(client.get("/api/trainees", params={"q": ID_NUMBER})) == (422, "q", "too_personal")
    detail = client.get(f"/api/trainees/{made['trainee_id']}").json()
    assert [row["number"] for row in detail["classes"]] == ["2030-01"]
    assert detail["phone"] == "13800000001"
    assert empty.client("supervisor").get(f"/api/trainees/{made['trainee_id']}").json()["phone"] == "138****0001"
    assert client.patch(f"/api/trainees/{made['trainee_id']}", json={"phone": None}).json()["phone"] is None


def test_a_sign_in_by_hand_needs_a_reason_and_a_correction_names_the_event_that_it_replaces(
    empty: Service, world: World
) -> None:
    empty.clock.move(YEARS_S)
    client, planned = empty.client("institution"), world.planned[0]
    path = f"/api/class-sessions/{planned.class_session_id}/sign-events"
    body = {"trainee_id": planned.trainee_id, "kind": "in", "at": rfc3339(START)}
    assert problem(client.post(path, json=body)) == (422, "reason", "missing")
    first = client.post(path, json=body | {"reason": "the reader was broken"}).json()
    assert (first["method"], first["operator"], first["corrected_by_id"]) == ("hand", "Institution", None)
    assert client.post(path, json=body | {"reason": "again"}).json()["code"] == "already_noted"
    later = body | {"at": rfc3339(START + timedelta(minutes=5)), "reason": "a slip", "corrects_id": first["id"]}
    second = client.post(path, json=later).json()
    events = client.get(path).json()["items"]
    assert [(row["id"], row["corrected_by_id"]) for row in events] == [
        (first["id"], second["id"]),
        (second["id"], None),
    ]
    third = client.post(path, json=later | {"at": rfc3339(START + timedelta(minutes=6))})
    assert third.json()["code"] == "already_corrected"


@pytest.mark.parametrize(
    ("minutes", "code"), [(60 * 24, "outside_session"), (60 * 24 * 365 * 5, "in_future"), (-60 * 5, "outside_session")]
)
def test_a_sign_in_far_from_its_session_is_refused(empty: Service, world: World, minutes: int, code: str) -> None:
    empty.clock.move(YEARS_S)
    planned = world.planned[0]
    body = {
        "trainee_id": planned.trainee_id,
        "kind": "in",
        "reason": "why",
        "at": rfc3339(START + timedelta(minutes=minutes)),
    }
    path = f"/api/class-sessions/{planned.class_session_id}/sign-events"
    assert problem(empty.client("institution").post(path, json=body)) == (422, "at", code)


def test_leave_is_entered_once_for_a_person_on_the_roster_and_can_be_deleted(empty: Service, world: World) -> None:
    client, planned = empty.client("institution"), world.planned[0]
    path, body = f"/api/class-sessions/{planned.class_session_id}/leaves", {"reason": "ill"}
    assert client.post(path, json=body | {"trainee_id": planned.trainee_id}).json()["code"] == "already_on_leave"
    assert client.delete(f"/api/leaves/{planned.leave_id}").status_code == 204
    made = client.post(path, json=body | {"trainee_id": planned.trainee_id}).json()
    assert (made["name"], made["approved_by"]) == ("Somebody", "Institution")
    other = world.planned[1].trainee_id
    assert problem(client.post(path, json=body | {"trainee_id": other})) == (422, "trainee_id", "not_enrolled")


def test_a_room_with_class_sessions_cannot_be_removed(empty: Service, world: World) -> None:
    client = empty.client("administrator")
    room = client.post("/api/rooms", json={"institution_id": world.institutions[0], "name": "Kitchen"}).json()
    client.post("/api/class-sessions", json=session_body(world, room_id=room["id"]))
    assert client.delete(f"/api/rooms/{room['id']}").json()["code"] == "has_class_sessions"
