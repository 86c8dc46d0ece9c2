"""Routes of retention: rules, what the next clean-up will delete, confirming one, the list of deletions."""

import pytest
from sqlalchemy import update

from shike.api.processes.keep import Housekeeper
from shike.attendance.footage.coverage import coverage
from shike.attendance.footage.stream_facts import StreamFacts
from shike.attendance.tables.registry import CameraRow
from shike.capture.moment import rfc3339, to_us
from shike.capture.recorder.desired import Desired
from tests.api.service import Service, World
from tests.api.stocked import Stocked


def test_without_a_rule_the_settings_hold_and_the_page_says_what_is_due(stock: Stocked) -> None:
    stock.record(0, 91, 3), stock.record(0, 1, 10)
    said = stock.service.client("supervisor").get("/api/retention").json()
    assert [(rule["stream"], rule["days"], rule["id"]) for rule in said["defaults"]] == [
        ("main", 90, None),
        ("sub", 14, None),
    ]
    camera = next(each for each in said["cameras"] if each["camera_id"] == stock.world.cameras[0])
    main = camera["main"]
    assert (main["stock"]["segments"], main["stock"]["bytes"]) == (13, 1_300)
    assert (main["due_age"]["segments"], main["due_bytes"]["segments"], main["held_segments"]) == (3, 0, 0)
    assert main["due_age"]["from"] == rfc3339(stock.ago(91)) and main["own"] is False
    assert said["space"]["total"] > said["space"]["free"] > 0 and said["brakes"] == []


def test_a_rule_is_a_new_row_with_who_and_why_and_the_old_one_stays(stock: Stocked) -> None:
    admin, camera = stock.service.client("administrator"), stock.world.cameras[0]
    for days in (30, 60):
        body = {"camera_id": camera, "stream": "main", "days": days, "reason": f"case {days}"}
        assert admin.post("/api/retention/rules", json=body).status_code == 201
    end = {"camera_id": camera, "stream": "main", "follows_default": True, "reason": "over"}
    assert admin.post("/api/retention/rules", json=end).status_code == 201
    rows = admin.get("/api/retention/rules", params={"camera_id": camera}).json()["items"]
    assert [(row["days"], row["follows_default"], row["reason"]) for row in rows] == [
        (None, True, "over"),
        (60, False, "case 60"),
        (30, False, "case 30"),
    ]
    assert {row["set_by_name"] for row in rows} == {"Administrator"}
    lines = stock.service.client("auditor").get("/api/audit-events").json()["items"]
    assert (lines[0]["action"], lines[0]["detail"]["reason"]) == ("retention_changed", "over")


@pytest.mark.parametrize(
    "body",
    [
        {"stream": "main", "days": 0, "reason": "x"},
        {"stream": "main", "days": 30, "reason": " "},
        {"stream": "main", "max_bytes": 5, "reason": "x"},
        {"stream": "main", "follows_default": True, "reason": "x"},
        {"stream": "third", "days": 30, "reason": "x"},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(empty: Service, world: World, body: dict[str, object]) -> None:
    assert empty.client("administrator").post("/api/retention/rules", json=body).status_code == 422


def test_who_sees_a_part_sets_rules_for_that_part_and_no_default(stock: Stocked) -> None:
    client, world = stock.service.client("administrator of city 2"), stock.world
    default = client.post("/api/retention/rules", json={"stream": "main", "days": 1, "reason": "x"})
    assert (default.status_code, default.json()["code"]) == (403, "default_not_yours")
    rule = {"stream": "main", "days": 30, "reason": "x"}
    assert client.post("/api/retention/rules", json=rule | {"camera_id": world.cameras[0]}).status_code == 422
    assert client.post("/api/retention/rules", json=rule | {"camera_id": world.cameras[1]}).status_code == 201
    said = client.get("/api/retention").json()
    assert [each["camera_id"] for each in said["cameras"]] == [world.cameras[1]]
    assert said["space"] is None  # the disk also has footage of other institutions


def alarm(service: Service, who: str) -> tuple[int, int]:
    """The alarm's numbers for an account: cameras that rest for want of space, clean-ups that wait."""
    said = service.client(who).get("/api/retention/alarm").json()
    return said["resting"], said["waiting"]


def test_a_clean_up_that_waits_goes_on_when_an_administrator_says_so(stock: Stocked) -> None:
    stock.record(0, 100, 6), stock.record(0, 1, 5)
    stock.record(1, 1, 100)
    stock.clean()
    admin = stock.service.client("administrator")
    (brake,) = admin.get("/api/retention").json()["brakes"]
    assert (brake["camera_name"], brake["due_segments"], brake["state"]) == (
        "Camera of Room of School City 1",
        6,
        "waiting",
    )
    assert stock.service.client("administrator of city 2").get("/api/retention").json()["brakes"] == []
    assert (alarm(stock.service, "supervisor"), alarm(stock.service, "administrator of city 2")) == ((0, 1), (0, 0))
    path, word = f"/api/retention/brakes/{brake['id']}/confirm", {"until": brake["until"], "reason": "old term"}
    confirmed = admin.post(path, json=word).json()
    assert (confirmed["state"], confirmed["confirmed_by_name"]) == ("confirmed", "Administrator")
    assert admin.post(path, json=word).status_code == 409
    assert alarm(stock.service, "supervisor") == (0, 0)
    stock.clean()
    assert len(stock.left(0)) == 5
    lines = stock.service.client("auditor").get("/api/audit-events", params={"action": "cleanup_confirmed"}).json()
    assert lines["items"][0]["detail"] == {
        "reason": "old term",
        "stream": "main",
        "rule": "rules",
        "segments": 6,
        "bytes": 600,
    }


def test_what_was_deleted_can_be_read_by_day_and_by_segment(stock: Stocked) -> None:
    ids = stock.record(0, 100, 3)
    stock.record(0, 1, 10)
    stock.record(1, 100, 2), stock.record(1, 1, 10)
    stock.clean()
    auditor = stock.service.client("auditor")
    days = auditor.get("/api/deletions").json()["items"]
    assert sorted((day["segments"], day["bytes"], day["rule"], day["missing"]) for day in days) == [
        (2, 200, "age", 0),
        (3, 300, "age", 0),
    ]
    assert all(day["to"] < day["first_deleted_at"] <= day["last_deleted_at"] for day in days)
    assert [day["segments"] for day in auditor.get("/api/deletions", params={"rule": "floor"}).json()["items"]] == []
    of_camera = {"camera_id": stock.world.cameras[0], "rule": "age"}
    assert [day["segments"] for day in auditor.get("/api/deletions", params=of_camera).json()["items"]] == [3]
    path = f"/api/cameras/{stock.world.cameras[0]}/deletions"
    page = auditor.get(path, params={"limit": 2}).json()
    rest = auditor.get(path, params={"limit": 2, "cursor": page["next_cursor"]}).json()
    rows = page["items"] + rest["items"]
    assert sorted(row["segment_id"] for row in rows) == sorted(ids) and rest["next_cursor"] is None
    assert all(row["digest"].startswith("sha256:") and row["link_number"] for row in rows)


def test_the_time_line_shows_what_was_deleted_and_what_is_held(stock: Stocked) -> None:
    stock.record(0, 91, 3), stock.record(0, 1, 10)
    camera = stock.world.cameras[0]
    held = {"camera_id": camera, "from": rfc3339(stock.ago(1)), "to": rfc3339(stock.ago(0.999)), "reason": "case 7"}
    assert stock.service.client("auditor").post("/api/holds", json=held).status_code == 201
    stock.clean()
    query = {"from": rfc3339(stock.ago(91)), "to": rfc3339(stock.ago(90.9))}
    line = stock.service.client("supervisor").get(f"/api/cameras/{camera}/timeline", params=query).json()
    assert line["spans"] == []
    assert [gap["reason"] for gap in line["gaps"]] == ["deleted_by_rule", "stopped"]
    query = {"from": rfc3339(stock.ago(1.01)), "to": rfc3339(stock.ago(0.9))}
    for who, reason in (("supervisor", "case 7"), ("institution", None)):
        line = stock.service.client(who).get(f"/api/cameras/{camera}/timeline", params=query).json()
        assert [(each["from"], each["to"], each["reason"]) for each in line["holds"]] == [
            (held["from"], held["to"], reason)
        ]


def test_cameras_that_rest_for_want_of_space_are_published_and_come_back(stock: Stocked) -> None:
    service, world = stock.service, stock.world
    stock.record(0, 9, 10)
    with service.database.writing() as db:
        db.execute(update(CameraRow).where(CameraRow.id == world.cameras[1]).values(importance=1))
    hold = {"room_id": world.rooms[0], "from": rfc3339(stock.ago(10)), "to": rfc3339(stock.ago(8)), "reason": "x"}
    held = service.client("auditor").post("/api/holds", json=hold).json()
    stock.capacity, stock.floor = 1_400, 500
    housekeeper = Housekeeper(service.settings, service.database, service.clock, stock.space)

    def rests() -> list[str]:
        stock.beaten(housekeeper)
        housekeeper.publish()
        return [each.camera_id for each in Desired.load(service.settings.state_dir).streams if each.rest]

    assert rests() == [world.cameras[1]]
    said = service.client("supervisor").get("/api/retention").json()
    assert [each["camera_id"] for each in said["cameras"] if each["resting"]] == [world.cameras[1]]
    assert alarm(service, "supervisor") == alarm(service, "administrator of city 2") == (1, 0)
    # A new housekeeper knows which cameras rest, and does not let them record for a moment.
    housekeeper = Housekeeper(service.settings, service.database, service.clock, stock.space)
    assert rests() == [world.cameras[1]]
    service.client("auditor").post(f"/api/holds/{held['id']}/release", json={"reason": "closed"})
    assert rests() == [] and len(stock.left()) == 8
    assert alarm(service, "supervisor") == (0, 0)


def test_importance_is_on_record(empty: Service, world: World) -> None:
    admin, path = empty.client("administrator"), f"/api/cameras/{world.cameras[0]}/importance"
    assert admin.put(path, json={"importance": 4}).status_code == 422
    assert admin.put(path, json={"importance": 1}).status_code == 204
    cameras = admin.get("/api/retention").json()["cameras"]
    assert {each["importance"] for each in cameras if each["camera_id"] == world.cameras[0]} == {1}
    line = empty.client("auditor").get("/api/audit-events").json()["items"][0]
    assert (line["action"], line["detail"]) == ("retention_changed", {"before": 2, "importance": 1})


def test_what_recording_needs_is_asked_for_the_days_of_the_default_rule(empty: Service, world: World) -> None:
    admin = empty.client("administrator")
    said = admin.get("/api/recording-needs").json()
    assert (said["days_main"], said["days_sub"]) == (90, 14)
    admin.post("/api/retention/rules", json={"stream": "main", "days": 30, "reason": "less disk"})
    assert admin.get("/api/recording-needs").json()["days_main"] == 30
    assert admin.get("/api/recording-needs", params={"days_main": 7}).json()["days_main"] == 7


def test_a_report_of_a_day_whose_footage_is_deleted_says_so(stock: Stocked) -> None:
    stock.record(0, 91, 3), stock.record(0, 1, 10)
    stock.clean()
    state, key = stock.service.app.state, (stock.world.cameras[0], "main")
    found = state.current.stretches.of_range([key[0]], to_us(stock.ago(91.5)), to_us(stock.ago(90.5)))
    assert [each.deleted for each in found[key]] == [True, True, True]
    covered = coverage(StreamFacts(to_us(stock.ago(91)), to_us(stock.ago(90.9)), to_us(stock.now), found[key]))
    assert [gap.reason for gap in covered.gaps] == ["deleted_by_rule", "stopped"] and covered.spans == ()
