"""Every route is called with every role and checked against the tables of routes and roles."""

import re
from collections.abc import Mapping

import httpx
import pytest
from fastapi import FastAPI
from websockets.exceptions import ConnectionClosedError

from shike.api.auth.guard import UnlistedRoute, require_table
from shike.api.auth.roles import ROLES, ROUTES, Permission, Role
from tests.api.service import Service, World

MEMBERS = [role.value for role in Role]
HTTP_ROUTES = [key for key in ROUTES if not key.startswith("WS ")]
SOCKETS = [key.removeprefix("WS ") for key in ROUTES if key.startswith("WS ")]
# Query parameters that some routes require; the others ignore them.
QUERY = {
    "from": "2026-11-20T02:00:00Z",
    "to": "2026-11-20T02:01:00Z",
    "at": "2026-11-20T02:00:00Z",
    "month": "2026-11",
}
# Bodies that pass validation, for routes that validate before they look for the row; the others get an empty body.
BODIES: Mapping[str, Mapping[str, object]] = {
    "POST /api/classes/{class_id}/enrolments": {"name": "Somebody", "id_number": "341124199003072947"},
    "POST /api/class-sessions/{class_session_id}/sign-events": {
        "trainee_id": "0" * 36,
        "kind": "in",
        "at": "2030-01-07T01:00:00Z",
        "reason": "the reader was broken",
    },
    "POST /api/class-sessions/{class_session_id}/leaves": {"trainee_id": "0" * 36, "reason": "ill"},
    "PUT /api/rooms/{room_id}/recording-policy": {
        "mode": "always",
        "margin_before_min": 10,
        "margin_after_min": 10,
        "reason": "evenings too",
    },
    "POST /api/flags/{flag_id}/verdict": {"verdict": "rejected", "note": "the room was moved"},
    "PUT /api/cameras/{camera_id}/importance": {"importance": 3},
    "POST /api/retention/brakes/{brake_id}/confirm": {"until": "2026-11-20T02:00:00Z", "reason": "the rule is meant"},
    "POST /api/holds/{hold_id}/release": {"reason": "the case is closed"},
    "POST /api/rooms/{room_id}/acceptance": {"picture_at": "2026-11-20T02:00:00Z", "true_count": 3},
}


def ask(client: httpx.Client, route: str, world: World, number: int = 0) -> httpx.Response:
    method, path = route.split()
    if method == "GET":
        return client.get(filled(path, world, number), params=QUERY)
    return client.request(method, filled(path, world, number), json=BODIES.get(route, {}))


def filled(path: str, world: World, number: int) -> str:
    """The path with ids of the first (0) or second (1) institution; an unknown id where the world has no such row."""
    ids = {
        "institution_id": world.institutions[number],
        "room_id": world.rooms[number],
        "camera_id": world.cameras[number],
        "stream": "main",
        "day": "20261120",
        "name": f"20261120T020000.000000Z_{world.cameras[number]}_{world.segments[number]}.mp4",
        "run_id": world.runs[number],
        "segment_id": world.segments[number],
        "class_id": world.planned[number].class_id,
        "class_session_id": world.planned[number].class_session_id,
        "trainee_id": world.planned[number].trainee_id,
        "enrolment_id": world.planned[number].enrolment_id,
        "leave_id": world.planned[number].leave_id,
        "kind": "roster",
        "account_id": world.accounts[("institution", "second institution")[number]],
    }
    return re.sub(r"{(\w+)}", lambda match: ids.get(match.group(1), world.root), path)


def test_a_route_that_is_not_in_the_table_refuses_to_start() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.get("/api/forgotten")(lambda: None)
    with pytest.raises(UnlistedRoute, match="GET /api/forgotten"):
        require_table(app)


def test_nobody_gets_401_everywhere_but_on_public_routes(empty: Service, world: World) -> None:
    nobody = empty.nobody()
    for route in HTTP_ROUTES:
        status = ask(nobody, route, world).status_code
        if ROUTES[route] is Permission.PUBLIC:
            assert status not in (401, 404) or route == "POST /api/login", route
        else:
            assert status == 401, route


@pytest.mark.parametrize("role", MEMBERS)
def test_a_member_gets_403_exactly_where_the_table_gives_no_right(empty: Service, world: World, role: str) -> None:
    client = empty.client(role)
    for route in sorted(HTTP_ROUTES, key=lambda key: (key.startswith("DELETE"), "logout" in key)):
        needed = ROUTES[route]
        if route == "POST /api/logout":
            continue
        allowed = needed in (Permission.PUBLIC, Permission.MEMBER) or needed in ROLES[Role(role)]
        status = ask(client, route, world).status_code
        expected = "allowed" if allowed else "forbidden"
        assert ("forbidden" if status == 403 else "allowed") == expected or route == "POST /api/start", (route, status)
        assert status != 401 and status < 500, (route, status)


@pytest.mark.parametrize("stranger", ["second institution", "administrator of city 2", "auditor of city 2"])
def test_a_stranger_gets_404_for_every_row_that_their_role_could_open(
    empty: Service, world: World, stranger: str
) -> None:
    client = empty.client(stranger)
    permissions = set(client.get("/api/me").json()["permissions"])
    tried = 0
    for route in HTTP_ROUTES:
        if "_id}" in route and ROUTES[route] in permissions:
            answer = ask(client, route, world)
            assert answer.status_code == 404, (route, answer.text)
            tried += 1
    assert tried >= 2


def test_lists_hold_only_rows_in_scope(empty: Service, world: World) -> None:
    client = empty.client("second institution")
    for path, own in [
        ("/api/institutions", world.institutions[1]),
        ("/api/rooms", world.rooms[1]),
        ("/api/cameras", world.cameras[1]),
        ("/api/classes", world.planned[1].class_id),
        ("/api/class-sessions", world.planned[1].class_session_id),
        ("/api/trainees", world.planned[1].trainee_id),
    ]:
        assert [row["id"] for row in client.get(path).json()["items"]] == [own]
    assert [row["camera_id"] for row in client.get("/api/wall").json()["items"]] == [world.cameras[1]]
    assert [row["id"] for row in client.get("/api/regions").json()["items"]] == [world.cities[1]]


def test_naming_a_row_of_somebody_else_in_a_body_is_like_naming_none(empty: Service, world: World) -> None:
    client = empty.client("administrator of city 2")
    for institution_id in (world.institutions[0], world.root):
        answer = client.post("/api/rooms", json={"institution_id": institution_id, "name": "Room"})
        assert answer.status_code == 422
        assert answer.json()["errors"][0] | {"message": ""} == {
            "field": "institution_id",
            "code": "not_found",
            "message": "",
        }


@pytest.mark.parametrize("path", SOCKETS)
def test_a_websocket_turns_nobody_away_with_4401_and_a_foreign_origin_with_4403(
    empty: Service, world: World, path: str
) -> None:
    filled_path = filled(path, world, 0)
    for token, origin, code in [
        (None, None, 4401),
        (empty.token("administrator"), "http://evil.example", 4403),
    ]:
        with empty.socket(filled_path, token, origin) as socket, pytest.raises(ConnectionClosedError) as closed:
            socket.recv(5)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == code
