"""Trying the address of a camera before it is saved: what each stream sends, a picture, and a count of people in it.

Not here: connecting (capture/source/probe.py) and counting (the `count_picture` of the running service).
"""

import logging
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel

from shike.api.auth.guard import CurrentViewer
from shike.api.auth.passwords import Password
from shike.api.auth.scopes import load
from shike.api.auth.viewer import Viewer
from shike.api.current import (
    CountPicture,
    CurrentCounter,
    CurrentDatabase,
    CurrentProber,
    CurrentSettings,
    CurrentVault,
)
from shike.api.database import Database
from shike.api.errors import Conflict
from shike.api.processes import pipeline
from shike.api.registry.cameras import CameraUsername, Host, Port, StreamPath, slashed
from shike.api.settings import Settings
from shike.api.wire import PROBLEM, Body, Id
from shike.attendance.counting.errors import CountingError
from shike.attendance.counting.headcount import count_heads
from shike.attendance.tables.registry import CameraRow
from shike.capture.source.address import Address
from shike.capture.source.probe import Probed
from shike.capture.vault import Vault

log = logging.getLogger(__name__)
router = APIRouter(tags=["cameras"], responses=PROBLEM)


class ProbeIn(Body):
    """An address to try. With `camera_id` and no password, that camera's stored password is used, on its host only."""

    host: Host
    port: Port = 554
    username: CameraUsername = ""
    password: Password | None = None
    main_path: StreamPath
    sub_path: StreamPath | None = None
    camera_id: Id | None = None


class ProbeCount(BaseModel):
    count: int
    low: int
    high: int


class StreamProbe(BaseModel):
    """The result of one stream. `code`: the cause code if `ok` is false. `picture`: a JPEG in base64."""

    ok: bool
    took_ms: int
    code: str | None = None
    detail: str | None = None
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    keyframe_interval_s: float | None = None
    bitrate_bps: int | None = None
    clock_offset_ms: int | None = None
    audio: bool | None = None
    simulated: bool = False
    picture: str | None = None
    count: ProbeCount | None = None


class CameraProbe(BaseModel):
    main: StreamProbe
    sub: StreamProbe | None


@router.post("/api/cameras/probe")
def probe_camera(
    body: ProbeIn,
    viewer: CurrentViewer,
    database: CurrentDatabase,
    vault: CurrentVault,
    settings: CurrentSettings,
    prober: CurrentProber,
    counter: CurrentCounter,
) -> CameraProbe:
    """Connect to both streams at once and return what they send. Stores nothing; takes up to the probe timeout."""
    password = password_of(body, database, viewer, vault)
    paths = [slashed(body.main_path) or "/", slashed(body.sub_path)]
    addresses = [Address(body.host, body.port, path, body.username, password) for path in paths if path]
    with ThreadPoolExecutor(len(addresses)) as pool:
        probed = list(pool.map(lambda address: prober(address, settings.probe_timeout_seconds), addresses))
    main = stream_probe(probed[0], counter)
    return CameraProbe(main=main, sub=stream_probe(probed[1], None) if len(probed) > 1 else None)


def password_of(body: ProbeIn, database: Database, viewer: Viewer, vault: Vault) -> str:
    """The password to try. A stored one is sent only to the host and port for which it was stored."""
    if body.password is not None:
        return body.password.get_secret_value()
    if body.camera_id is None:
        return ""
    with database.reading() as db:
        camera = load(db, viewer, CameraRow, body.camera_id)
    if camera.password_encrypted is not None and (camera.host, camera.port) != (body.host, body.port):
        raise Conflict("the address changed, so the password is asked for again", code="password_needed")
    return vault.open(camera.password_encrypted)


def stream_probe(probed: Probed, counter: CountPicture | None) -> StreamProbe:
    """One stream as the response shows it, with a count if there is a picture and a counter."""
    result = StreamProbe.model_validate(probed, from_attributes=True)
    if counter is not None and probed.picture is not None:
        encoded = np.frombuffer(b64decode(probed.picture), np.uint8)
        counted = counter(np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8))
        if counted.count is not None and counted.low is not None and counted.high is not None:
            result.count = ProbeCount(count=counted.count, low=counted.low, high=counted.high)
    return result


def trial_counter(settings: Settings) -> CountPicture | None:
    """A counter for the pictures of probes; None, and a line in the log, if no detector is installed."""
    try:
        detector = pipeline.detector(settings)
    except CountingError as error:
        log.warning("no trial counts when a camera is added: %s", error)
        return None
    return lambda image: count_heads(image, detector)
