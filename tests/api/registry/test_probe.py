"""Trying an address: what the streams send, or why they fail, and which password is used."""

from base64 import b64encode

import cv2
import numpy as np

from shike.attendance.counting.headcount import HeadCount
from shike.capture.source.probe import Probed
from tests.api.service import Service, World

ADDRESS = {"host": "192.0.2.10", "main_path": "/main", "username": "viewer"}


def test_a_refusal_comes_back_as_a_cause(empty: Service, world: World) -> None:
    answer = empty.client("administrator").post("/api/cameras/probe", json=ADDRESS | {"password": "wrong"})
    assert answer.status_code == 200
    assert (answer.json()["main"]["ok"], answer.json()["main"]["code"]) == (False, "refused_401")
    assert answer.json()["sub"] is None


def test_both_streams_are_tried_and_the_picture_is_counted(empty: Service, world: World) -> None:
    _, jpeg = cv2.imencode(".jpg", np.zeros((36, 64, 3), np.uint8))
    picture = b64encode(jpeg.tobytes()).decode()
    empty.camera.result = Probed(True, 100, codec="h264", width=64, height=36, picture=picture)
    empty.app.state.current.count_picture = lambda image: HeadCount(image.shape[0], 30, 40, None, (), 0.2, 5)
    answer = empty.client("administrator").post("/api/cameras/probe", json=ADDRESS | {"sub_path": "/sub"}).json()
    assert answer["main"]["count"] == {"count": 36, "low": 30, "high": 40}
    assert answer["sub"]["ok"] is True
    assert sorted(address.path for address in empty.camera.tried) == ["/main", "/sub"]


def test_the_stored_password_goes_to_its_own_camera_only(empty: Service, world: World) -> None:
    client = empty.client("administrator")
    client.patch(f"/api/cameras/{world.cameras[0]}", json={"password": "stored"})
    body = ADDRESS | {"camera_id": world.cameras[0]}
    assert client.post("/api/cameras/probe", json=body).status_code == 200
    assert empty.camera.tried[-1].password == "stored"
    elsewhere = client.post("/api/cameras/probe", json=body | {"host": "192.0.2.66"})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "password_needed")
    stranger = empty.client("administrator of city 2").post("/api/cameras/probe", json=body)
    assert stranger.status_code == 404
