"""Accounts are made, changed and closed within the caller's scope; nobody can raise their own rights."""

import pytest

from tests.api.service import PASSWORD, Service, World


def body(world: World, **changes: object) -> dict[str, object]:
    scope = {"institution_id": world.institutions[1]}
    new = {"username": "new", "name": "New", "password": PASSWORD, "role": "institution", "scope": scope}
    return new | changes


def test_an_account_is_made_and_can_log_in(empty: Service, world: World) -> None:
    made = empty.client("administrator").post("/api/accounts", json=body(world))
    assert (made.status_code, made.json()["scope_label"]) == (201, "School City 2")
    assert "password" not in made.text and "argon2" not in made.text
    assert empty.nobody().post("/api/login", json={"username": "new", "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize("change", ["role without its scope", "two scopes", "no scope", "taken name"])
def test_an_account_that_makes_no_sense_is_refused(empty: Service, world: World, change: str) -> None:
    changes: dict[str, object] = {
        "role without its scope": {"role": "institution", "scope": {"region_id": world.root}},
        "two scopes": {"scope": {"region_id": world.root, "institution_id": world.institutions[0]}},
        "no scope": {"scope": {}},
        "taken name": {"username": "auditor"},
    }
    answer = empty.client("administrator").post("/api/accounts", json=body(world) | changes[change])  # type: ignore[operator]
    assert answer.status_code == 422


def test_nobody_gives_away_more_than_they_have(empty: Service, world: World) -> None:
    client = empty.client("administrator of city 2")
    for scope in ({"region_id": world.root}, {"region_id": world.cities[0]}):
        answer = client.post("/api/accounts", json=body(world, role="administrator", scope=scope))
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "not_found")
    assert client.post("/api/accounts", json=body(world)).status_code == 201
    seen = {row["username"] for row in client.get("/api/accounts").json()["items"]}
    assert seen == {"administrator of city 2", "auditor of city 2", "second institution", "new"}


def test_nobody_closes_themselves_out(empty: Service, world: World) -> None:
    client = empty.client("administrator")
    for change in ({"active": False}, {"role": "auditor"}):
        answer = client.patch(f"/api/accounts/{world.accounts['administrator']}", json=change)
        assert (answer.status_code, answer.json()["code"]) == (409, "own_account")


def test_a_password_that_is_set_anew_ends_the_sessions(empty: Service, world: World) -> None:
    auditor = empty.client("auditor")
    path = f"/api/accounts/{world.accounts['auditor']}"
    assert empty.client("administrator").patch(path, json={"password": "battery staple"}).status_code == 200
    assert auditor.get("/api/me").status_code == 401


def test_a_changed_role_holds_from_the_next_request(empty: Service, world: World) -> None:
    auditor = empty.client("auditor")
    assert auditor.get("/api/audit-events").status_code == 200
    path = f"/api/accounts/{world.accounts['auditor']}"
    empty.client("administrator").patch(path, json={"role": "supervisor"})
    assert auditor.get("/api/audit-events").status_code == 403
