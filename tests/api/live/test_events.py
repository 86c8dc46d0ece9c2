"""News over a WebSocket: only to those in scope, only while they have the right."""

import json
from dataclasses import replace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection

from shike.api.moment import now
from shike.attendance.tables.counting import SampleRow
from shike.capture.recorder import health
from shike.capture.recorder.health import StreamHealth
from tests.api.service import Service, World


def sample(service: Service, world: World, number: int, count: int) -> SampleRow:
    moment = now(service.clock)
    return SampleRow(
        camera_id=world.cameras[number],
        stream="main",
        run_id=world.runs[number],
        picture_at=moment,
        count=count,
        low=count - 1,
        high=count + 2,
        boxes=[],
        model="test",
        model_digest="0" * 64,
        threshold=0.2,
        node="test",
        created_at=moment,
    )


def next_of(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of a kind."""
    while True:
        message: dict[str, Any] = json.loads(socket.recv(10))
        if message["type"] == kind:
            return message


def recording(service: Service, camera_id: str) -> StreamHealth:
    return StreamHealth(camera_id, "main", "recording", service.clock.now(), fps=25.0)


def test_a_count_goes_to_those_in_scope_and_to_nobody_else(empty: Service, world: World) -> None:
    with (
        empty.socket("/api/events", empty.token("institution")) as first,
        empty.socket("/api/events", empty.token("second institution")) as second,
    ):
        for socket in (first, second):
            assert next_of(socket, "time")["now"].endswith("Z")
        empty.add(sample(empty, world, 0, 11))
        empty.add(sample(empty, world, 1, 22))
        for socket, number, count in ((first, 0, 11), (second, 1, 22)):
            message = next_of(socket, "count")
            assert (message["camera_id"], message["count"], message["low"]) == (world.cameras[number], count, count - 1)
        with pytest.raises(TimeoutError):
            first.recv(0.3)


def test_states_are_told_on_arrival_and_again_when_they_change(empty: Service, world: World) -> None:
    first, second = (recording(empty, camera) for camera in world.cameras)
    empty.settings.state_dir.mkdir(exist_ok=True)
    health.write(empty.settings.state_dir, "0", [first, second])
    with empty.socket("/api/events", empty.token("institution")) as socket:
        seen = next_of(socket, "camera_state")
        assert (seen["camera_id"], seen["stream"], seen["state"]) == (world.cameras[0], "main", "recording")
        silent = replace(first, state="backing_off", cause="no_data", attempt=1)
        health.write(empty.settings.state_dir, "0", [silent, second])
        while (seen := next_of(socket, "camera_state"))["state"] == "recording":
            pass
        assert (seen["camera_id"], seen["cause"], seen["attempt"]) == (world.cameras[0], "no_data", 1)


def test_a_closed_account_is_cut_off(empty: Service, world: World) -> None:
    with empty.socket("/api/events", empty.token("institution")) as socket:
        next_of(socket, "time")
        path = f"/api/accounts/{world.accounts['institution']}"
        empty.client("administrator").patch(path, json={"active": False})
        with pytest.raises(ConnectionClosedError) as closed:
            next_of(socket, "never")
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401


def test_the_wall_shows_state_and_latest_count(empty: Service, world: World) -> None:
    empty.settings.state_dir.mkdir(exist_ok=True)
    health.write(empty.settings.state_dir, "0", [recording(empty, world.cameras[0])])
    empty.add(sample(empty, world, 0, 5))
    empty.add(sample(empty, world, 0, 7))
    (item,) = empty.client("institution").get("/api/wall").json()["items"]
    assert (item["state"]["state"], item["state"]["fps"], item["count"]["count"]) == ("recording", 25.0, 7)
    empty.clock.move(11 * 60)
    (item,) = empty.client("institution").get("/api/wall").json()["items"]
    assert item["count"] is None
