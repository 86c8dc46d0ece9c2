"""Live view over a real WebSocket: the bytes that are being recorded, as they are recorded."""

import json
import socket as sockets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection, connect

from shike.api.auth.guard import COOKIE
from shike.api.live.feeds import Feeds
from shike.camera_sim import CameraSim
from shike.capture.mp4 import boxes
from shike.capture.recorder import health
from shike.capture.recorder.camera import CameraThread
from tests.api.service import Service, World, new_camera
from tests.recorded import CAMERA, FRAME_US, Sent, position, sent_frames, strips, wait_until
from tests.recording import camera_thread, sharing

LIVE = f"/api/cameras/{CAMERA}/live?stream=main"


@dataclass
class Watched:
    """What one viewer received."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    init: bytes = b""
    fragments: list[bytes] = field(default_factory=list)

    def take(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self.messages.append(json.loads(message))
        elif boxes.walk(message).__next__().kind == b"ftyp":
            self.init = message
        else:
            self.fragments.append(message)

    def kinds(self) -> list[str]:
        return [each["type"] for each in self.messages]

    @property
    def media(self) -> bytes:
        return self.init + b"".join(self.fragments)


def watch(socket: ClientConnection, fragments: int) -> Watched:
    watched = Watched()
    while len(watched.fragments) < fragments:
        watched.take(socket.recv(30))
    return watched


def is_key(fragment: bytes) -> bool:
    return boxes.moof_facts(fragment, boxes.find(fragment, b"moof")).is_key


@pytest.fixture
def filming(empty: Service, world: World, sim: CameraSim) -> Iterator[CameraThread]:
    """The first room has a camera that is being recorded."""
    camera = new_camera(world.rooms[0], "Front", empty)
    camera.id = CAMERA
    empty.add(camera)
    recording = sharing(empty.settings.data_dir)
    thread = camera_thread(sim, recording)
    thread.start()
    wait_until(lambda: (o := recording.archive.tail(CAMERA, "main")) and len(o.fragments) > 2, "a second is written")
    empty.settings.state_dir.mkdir(exist_ok=True)
    health.write(empty.settings.state_dir, "s0", [thread.health])
    yield thread
    thread.stop()
    thread.join(20)


def sent(service: Service) -> list[Sent]:
    return sent_frames(service.settings.data_dir / "sent.jsonl")


def test_a_viewer_gets_the_init_section_and_then_fragments_from_the_last_keyframe_on(
    empty: Service, filming: CameraThread
) -> None:
    with empty.socket(LIVE, empty.token("institution")) as socket:
        watched = watch(socket, 8)
    init = next(each for each in watched.messages if each["type"] == "init")
    assert (init["width"], init["height"], init["stream"]) == (320, 180, "main")
    assert (init["origin"], init["simulated"]) == ("live", True)
    assert init["codec"] == boxes.init_facts(watched.init).codec
    state = next(each for each in watched.messages if each["type"] == "state")
    assert (state["state"], state["cause"]) == ("recording", None)
    assert any(each["type"] == "time" and each["now"].endswith("Z") for each in watched.messages)
    assert is_key(watched.fragments[0])
    frames = strips(watched.media)
    start = position(sent(empty), frames)
    for fragment in watched.fragments[:1]:
        wall_us = boxes.prft_wall_us(fragment, boxes.find(fragment, b"prft"))
        assert abs(wall_us - sent(empty)[start].sent_us) < FRAME_US


def test_a_second_viewer_begins_with_the_last_keyframe_at_once(empty: Service, filming: CameraThread) -> None:
    with empty.socket(LIVE, empty.token("institution")) as first:
        watch(first, 5)
        with empty.socket(LIVE, empty.token("supervisor")) as second:
            watched = watch(second, 4)
        assert is_key(watched.fragments[0])
        position(sent(empty), strips(watched.media))
        assert len(empty.app.state.current.part(Feeds)._feeds) == 1
    wait_until(lambda: not empty.app.state.current.part(Feeds)._feeds, "the feed ends with its last viewer")


def test_a_viewer_who_does_not_read_is_told_what_was_skipped_and_stops_nobody(
    empty: Service, filming: CameraThread
) -> None:
    host, port = empty.host.split(":")
    raw = sockets.socket()
    # With a window this small the server notices at once that the viewer does not read.
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.connect((host, int(port)))
    cookie = {"Cookie": f"{COOKIE}={empty.token('institution')}"}
    # Such a viewer sends no pings either: a missing answer would make the client close the connection.
    slow: dict[str, Any] = {"max_queue": 1, "ping_interval": None}
    with (
        connect(f"ws://{empty.host}{LIVE}", sock=raw, additional_headers=cookie, proxy=None, **slow) as stalled,
        empty.socket(LIVE, empty.token("supervisor")) as other,
    ):
        watched, until = Watched(), time.monotonic() + 20
        while time.monotonic() < until:
            watched.take(other.recv(30))
        assert "skipped" not in watched.kinds()
        frames = strips(watched.media)
        assert len(frames) > 100
        late = Watched()
        while "skipped" not in late.kinds():
            late.take(stalled.recv(30))
        seconds = next(each["seconds"] for each in late.messages if each["type"] == "skipped")
        assert seconds > 1
        late.fragments.clear()
        while len(late.fragments) < 3:
            late.take(stalled.recv(30))
        assert is_key(late.fragments[0])
        assert strips(late.media)


def test_a_new_run_is_told_with_its_own_init_section(empty: Service, filming: CameraThread, sim: CameraSim) -> None:
    with empty.socket(LIVE, empty.token("institution")) as socket:
        before = watch(socket, 3)
        sim.stop()
        wait_until(lambda: filming.health.state == "backing_off", "the loss is noticed")
        health.write(empty.settings.state_dir, "s0", [filming.health])
        while not any(each["type"] == "state" and each["state"] == "backing_off" for each in before.messages):
            before.take(socket.recv(30))
        assert before.messages[-1]["cause"] in ("connection_lost", "unreachable")
        assert before.messages[-1]["next_try_at"] and before.messages[-1]["last_packet_at"]
        sim.start()
        again = Watched()
        while "init" not in again.kinds():
            # Footage of the old run can come after the state that reports its end: the two are not ordered.
            message = socket.recv(60)
            (again if isinstance(message, str) else before).take(message)
        while len(again.fragments) < 3:
            again.take(socket.recv(30))
        assert strips(before.media)
        assert again.init and is_key(again.fragments[0]) and strips(again.media)


def test_opening_and_closing_are_in_the_audit_trail(empty: Service, filming: CameraThread) -> None:
    with empty.socket(LIVE, empty.token("institution")) as socket:
        watch(socket, 3)

    def lines() -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = empty.client("auditor").get("/api/audit-events").json()["items"]
        return [each for each in reversed(events) if each["action"].startswith("live_")]

    wait_until(lambda: len(lines()) == 2, "both are written")
    opened, closed = lines()
    assert (opened["action"], closed["action"]) == ("live_opened", "live_closed")
    assert opened["camera_id"] == closed["camera_id"] == CAMERA
    assert opened["account_name"] == closed["account_name"] == "Institution"
    assert opened["detail"]["stream"] == "main" and closed["detail"]["seconds"] >= 0


def test_who_may_not_look_is_turned_away_and_nothing_is_sent(empty: Service, filming: CameraThread) -> None:
    for token, path, origin, code in [
        (None, LIVE, None, 4401),
        (empty.token("institution"), LIVE, "http://evil.example", 4403),
        (empty.token("second institution"), LIVE, None, 4404),
        (empty.token("institution"), LIVE.replace(CAMERA, "nothing"), None, 4404),
    ]:
        with empty.socket(path, token, origin) as socket, pytest.raises(ConnectionClosedError) as closed:
            socket.recv(10)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == code


def test_a_viewer_who_loses_the_right_is_cut_off(empty: Service, world: World, filming: CameraThread) -> None:
    with empty.socket(LIVE, empty.token("institution")) as socket:
        watch(socket, 2)
        client = empty.client("administrator")
        client.patch(f"/api/accounts/{world.accounts['institution']}", json={"active": False})
        with pytest.raises(ConnectionClosedError) as closed:
            while True:
                socket.recv(10)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401


def test_a_camera_that_is_not_recorded_yet_is_waiting(empty: Service, world: World) -> None:
    with empty.socket(f"/api/cameras/{world.cameras[0]}/live", empty.token("institution")) as socket:
        messages = [json.loads(socket.recv(10)), json.loads(socket.recv(10))]
    assert [each["type"] for each in messages] == ["state", "time"]
    assert (messages[0]["state"], messages[0]["last_packet_at"]) == ("waiting", None)
