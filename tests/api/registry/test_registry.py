"""Regions, institutions, rooms and cameras are added and changed, and not deleted while they have evidence."""

import pytest
from sqlalchemy import text

from shike.attendance.training.uscc import uscc_check_character
from shike.capture.vault import Vault
from tests.api.service import Service, World

SECRET = "p@ss:word"


def camera_body(world: World) -> dict[str, object]:
    return {
        "room_id": world.rooms[0],
        "name": "Front",
        "host": "192.0.2.20",
        "username": "admin",
        "password": SECRET,
        "main_path": "Streaming/Channels/101",
        "sub_path": "/Streaming/Channels/102?transport=tcp",
    }


def test_a_region_lies_below_its_parent(empty: Service, world: World) -> None:
    client = empty.client("administrator")
    made = client.post("/api/regions", json={"parent_id": world.cities[0], "name": "County", "level": "county"}).json()
    paths = {row["id"]: row["path"] for row in client.get("/api/regions").json()["items"]}
    assert made["path"] == f"{paths[world.cities[0]]}{made['id']}/"
    answer = client.post("/api/regions", json={"parent_id": made["id"], "name": "City", "level": "city"})
    assert answer.json()["errors"][0]["code"] == "not_below_parent"


@pytest.mark.parametrize(
    ("entered", "code"),
    [
        ("91350100M000100Y43", None),
        (" 91350100m000100y43 ", None),
        ("91350100M000100Y44", "checksum"),
        ("91350100M000100Y4", "length"),
        ("91350100I000100Y43", "character"),
    ],
)
def test_a_credit_code_is_checked_by_its_check_character(
    empty: Service, world: World, entered: str, code: str | None
) -> None:
    body = {"region_id": world.cities[0], "name": "School", "uscc": entered}
    answer = empty.client("administrator").post("/api/institutions", json=body)
    if code is None:
        assert answer.json()["uscc"] == "91350100M000100Y43"
    else:
        assert answer.json()["errors"][0] | {"message": ""} == {"field": "uscc", "code": code, "message": ""}


def test_two_institutions_cannot_have_one_credit_code(empty: Service, world: World) -> None:
    client = empty.client("administrator")
    body = {"region_id": world.cities[0], "name": "School", "uscc": "9111010800000000" + "0"}
    body["uscc"] += uscc_check_character(body["uscc"])
    made = client.post("/api/institutions", json=body)
    assert made.status_code == 201
    assert client.post("/api/institutions", json=body).json()["errors"][0]["code"] == "taken"
    kept = client.patch(f"/api/institutions/{made.json()['id']}", json={"uscc": body["uscc"], "name": "New name"})
    assert (kept.status_code, kept.json()["name"], kept.json()["uscc"]) == (200, "New name", body["uscc"])


def test_a_room_is_made_changed_and_removed(empty: Service, world: World) -> None:
    client = empty.client("administrator")
    made = client.post(
        "/api/rooms", json={"institution_id": world.institutions[0], "name": " 201 ", "seats": 30}
    ).json()
    assert (made["name"], made["seats"], made["camera_count"]) == ("201", 30, 0)
    path = f"/api/rooms/{made['id']}"
    changed = client.patch(path, json={"seats": None, "privacy_notice_posted": True}).json()
    assert (changed["name"], changed["seats"], changed["privacy_notice_posted"]) == ("201", None, True)
    assert client.delete(path).status_code == 204
    assert client.get(path).json()["code"] == "room_not_found"


def test_a_room_with_cameras_and_a_camera_with_footage_stay(empty: Service, world: World) -> None:
    client = empty.client("administrator")
    room = client.delete(f"/api/rooms/{world.rooms[0]}")
    assert (room.status_code, room.json()["code"]) == (409, "has_cameras")
    camera = client.delete(f"/api/cameras/{world.cameras[0]}")
    assert (camera.status_code, camera.json()["code"]) == (409, "has_footage")
    disabled = client.patch(f"/api/cameras/{world.cameras[0]}", json={"enabled": False})
    assert disabled.json()["enabled"] is False
    assert world.cameras[0] not in {item["camera_id"] for item in client.get("/api/wall").json()["items"]}


def test_footage_does_not_move_to_another_institution_with_its_camera(empty: Service, world: World) -> None:
    client = empty.client("administrator")
    path = f"/api/cameras/{world.cameras[0]}"
    moved = client.patch(path, json={"room_id": world.rooms[1]})
    assert (moved.status_code, moved.json()["code"]) == (409, "has_footage")
    next_door = client.post("/api/rooms", json={"institution_id": world.institutions[0], "name": "Next door"}).json()
    assert client.patch(path, json={"room_id": next_door["id"]}).json()["room_name"] == "Next door"


def test_a_camera_that_never_recorded_can_go(empty: Service, world: World) -> None:
    client = empty.client("administrator")
    made = client.post("/api/cameras", json=camera_body(world)).json()
    assert client.delete(f"/api/cameras/{made['id']}").status_code == 204
    assert client.get(f"/api/cameras/{made['id']}").status_code == 404


def test_a_cameras_password_goes_in_sealed_and_never_comes_out(
    empty: Service, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    client = empty.client("administrator")
    made = client.post("/api/cameras", json=camera_body(world))
    path = f"/api/cameras/{made.json()['id']}"
    assert made.json()["has_password"] is True
    answers = [made, client.get(path), client.get("/api/cameras"), client.patch(path, json={"password": SECRET})]
    answers += [client.get("/api/audit-events"), client.post("/api/cameras", json=camera_body(world) | {"port": 0})]
    assert not any(SECRET in answer.text for answer in answers)
    assert SECRET not in caplog.text
    with empty.database.reading() as db:
        sealed = db.execute(text("SELECT password_encrypted FROM camera WHERE name = 'Front'")).scalar_one()
    assert SECRET.encode() not in sealed
    assert Vault.at(empty.settings.keys_dir).open(sealed) == SECRET
    assert {key.stat().st_mode & 0o777 for key in empty.settings.keys_dir.iterdir()} == {0o600}
    assert client.patch(path, json={"password": ""}).json()["has_password"] is False


def test_addresses_are_for_those_who_may_change_them(empty: Service, world: World) -> None:
    path = f"/api/cameras/{world.cameras[0]}"
    assert empty.client("administrator").get(path).json()["host"] == "192.0.2.10"
    for role in ("supervisor", "auditor", "institution"):
        seen = empty.client(role).get(path).json()
        assert [seen[field] for field in ("host", "port", "username", "main_path", "sub_path")] == [None] * 5


def test_a_camera_changed_meanwhile_is_not_overwritten(empty: Service, world: World) -> None:
    client = empty.client("administrator")
    path = f"/api/cameras/{world.cameras[0]}"
    first = client.get(path).json()
    assert client.patch(path, json={"name": "A", "version": first["version"]}).json()["version"] == 2
    late = client.patch(path, json={"name": "B", "version": first["version"]})
    assert (late.status_code, late.json()["code"]) == (409, "stale")


def test_stream_paths_get_their_slash_and_an_address_with_spaces_is_refused(empty: Service, world: World) -> None:
    client = empty.client("administrator")
    made = client.post("/api/cameras", json=camera_body(world)).json()
    assert made["main_path"] == "/Streaming/Channels/101"
    wrong = client.post("/api/cameras", json=camera_body(world) | {"host": "rtsp://x"})
    assert wrong.json()["errors"][0]["field"] == "host"
