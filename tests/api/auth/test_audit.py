"""The audit trail: who did what; each reader sees only lines in their scope."""

from tests.api.service import PASSWORD, Service, World


def test_what_happens_is_written_down_newest_first(empty: Service, world: World) -> None:
    browser = empty.nobody()
    browser.post("/api/login", json={"username": "administrator", "password": "wrong"})
    browser.post("/api/login", json={"username": "administrator", "password": PASSWORD})
    browser.patch(f"/api/cameras/{world.cameras[0]}", json={"name": "Renamed"})
    browser.post("/api/logout")
    lines = empty.client("auditor").get("/api/audit-events").json()["items"]
    assert [line["action"] for line in lines] == ["logout", "registry_changed", "login", "login_failed"]
    changed = lines[1]
    assert changed["camera_id"] == world.cameras[0] and changed["institution_id"] == world.institutions[0]
    assert changed["detail"] == {"verb": "updated", "kind": "camera", "changed": ["name"]}
    assert changed["target"].endswith("Renamed") and changed["ip"] == "127.0.0.1"
    assert changed["at"].endswith("Z") and "." in changed["at"]


def test_pages_follow_each_other_without_a_gap(empty: Service, world: World) -> None:
    admin, auditor = empty.client("administrator"), empty.client("auditor")
    for number in range(7):
        admin.patch(f"/api/rooms/{world.rooms[number % 2]}", json={"seats": number + 1})
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = auditor.get("/api/audit-events", params=query).json()
        seen += [line["id"] for line in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == 7 and seen == sorted(seen, reverse=True)


def test_filters_narrow(empty: Service, world: World) -> None:
    admin, auditor = empty.client("administrator"), empty.client("auditor")
    admin.patch(f"/api/cameras/{world.cameras[0]}", json={"name": "One"})
    admin.patch(f"/api/cameras/{world.cameras[1]}", json={"name": "Two"})
    one = auditor.get("/api/audit-events", params={"camera_id": world.cameras[0]}).json()["items"]
    assert [line["camera_id"] for line in one] == [world.cameras[0]]
    assert auditor.get("/api/audit-events", params={"action": "export"}).json()["items"] == []
    at = one[0]["at"]
    assert len(auditor.get("/api/audit-events", params={"from": at}).json()["items"]) == 2
    assert auditor.get("/api/audit-events", params={"to": at}).json()["items"] == []


def test_an_auditor_of_a_city_reads_only_what_concerns_it(empty: Service, world: World) -> None:
    admin = empty.client("administrator")
    for camera in world.cameras:
        admin.patch(f"/api/cameras/{camera}", json={"name": "Renamed"})
    lines = empty.client("auditor of city 2").get("/api/audit-events").json()["items"]
    assert [line["institution_id"] for line in lines] == [world.institutions[1]]
