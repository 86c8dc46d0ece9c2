"""Live view: fragments over a WebSocket, the same bytes that are being recorded.

Every viewer has a queue of their own, so a slow one never holds up another. A viewer holds no database connection;
whether they still may look is asked again on a beat. Opening and closing are written to the audit trail.
Design: docs/design/live.md.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool

from shike.api.auth import audit
from shike.api.auth.guard import COOKIE, CurrentCaller, CurrentViewer, look_up
from shike.api.auth.roles import Permission
from shike.api.auth.scopes import load
from shike.api.auth.viewer import Caller
from shike.api.current import CurrentSettings, Db, current_of
from shike.api.database import Database
from shike.api.errors import NotFound
from shike.api.live.feeds import FeedFragment, Feeds, Inbox, Skipped
from shike.api.settings import Settings
from shike.api.wire import PROBLEM, Id
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.segment import StreamName
from shike.capture.clock import Clock
from shike.capture.moment import rfc3339_us
from shike.capture.recorder import health

router = APIRouter(tags=["live"])

NOT_LOGGED_IN, FORBIDDEN, NOT_FOUND = 4401, 4403, 4404
_TIME_EVERY_S = 5.0
_STATE_EVERY_S = 0.5


@dataclass(frozen=True)
class _House:
    """The application's parts that a live view needs."""

    database: Database
    clock: Clock
    settings: Settings
    feeds: Feeds


@router.post("/api/cameras/{camera_id}/reconnect", status_code=202, responses=PROBLEM)
def reconnect_camera(camera_id: Id, db: Db, viewer: CurrentViewer, settings: CurrentSettings) -> None:
    """Ask the recorder to try an unreachable camera at once instead of at its next turn."""
    camera = load(db, viewer, CameraRow, camera_id)
    nudges = settings.state_dir / "nudges"
    nudges.mkdir(parents=True, exist_ok=True)
    (nudges / camera.id).touch()


@router.websocket("/api/cameras/{camera_id}/live")
async def watch_live(websocket: WebSocket, camera_id: str, caller: CurrentCaller, stream: StreamName = "sub") -> None:
    """Send a stream as it is recorded. Close codes: 4401 not logged in any more, 4403 no right, 4404 no such camera."""
    current = current_of(websocket)
    house = _House(current.database, current.clock, current.settings, current.part(Feeds))
    await websocket.accept()
    try:
        place, name = await run_in_threadpool(_open, house, caller, camera_id, stream)
    except NotFound:
        await websocket.close(NOT_FOUND)
        return
    started = time.monotonic()
    try:
        await _serve(websocket, house, caller, camera_id, name)
    finally:
        seconds = round(time.monotonic() - started, 1)
        with suppress(asyncio.CancelledError):
            await asyncio.shield(run_in_threadpool(_closed, house, caller, place, name, seconds))


def _open(house: _House, caller: Caller, camera_id: str, stream: StreamName) -> tuple[audit.AuditSubject, StreamName]:
    with house.database.writing() as db:
        camera = load(db, caller.viewer, CameraRow, camera_id)
        place = audit.place_of(db, camera)
        name: StreamName = "sub" if stream == "sub" and camera.sub_path else "main"
        audit.write(db, house.clock, caller, "live_opened", place, stream=name)
    return place, name


def _closed(house: _House, caller: Caller, place: audit.AuditSubject, stream: StreamName, seconds: float) -> None:
    with house.database.writing() as db:
        audit.write(db, house.clock, caller, "live_closed", place, stream=stream, seconds=seconds)


async def _serve(websocket: WebSocket, house: _House, caller: Caller, camera_id: str, stream: StreamName) -> None:
    async with house.feeds.watching(camera_id, stream) as inbox:
        lock = asyncio.Lock()
        tasks = [
            asyncio.create_task(work)
            for work in (
                _send_pictures(websocket, inbox, lock),
                _send_state(websocket, house, camera_id, stream, lock),
                _check_right(websocket, house, caller, camera_id),
                _listen(websocket),
            )
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        codes = [task.result() for task in done if not task.cancelled() and task.exception() is None]
        code = next((code for code in codes if code is not None), None)
        if code is not None:
            with suppress(RuntimeError, WebSocketDisconnect):
                await websocket.close(code)


async def _send_pictures(websocket: WebSocket, inbox: Inbox, lock: asyncio.Lock) -> None:
    while True:
        for item in await inbox.take():
            async with lock:
                if isinstance(item, FeedFragment):
                    await websocket.send_bytes(item.data)
                elif isinstance(item, Skipped):
                    await websocket.send_json({"type": "skipped", "seconds": round(item.seconds, 1)})
                else:
                    identity = item.identity
                    message: dict[str, Any] = {
                        "type": "init",
                        "codec": item.codec,
                        "width": item.width,
                        "height": item.height,
                        "run_id": identity.run_id,
                        "stream": identity.stream,
                        "simulated": identity.simulated,
                        "origin": identity.origin,
                    }
                    await websocket.send_json(message)
                    await websocket.send_bytes(item.init)


async def _send_state(
    websocket: WebSocket, house: _House, camera_id: str, stream: StreamName, lock: asyncio.Lock
) -> None:
    told: dict[str, Any] | None = None
    time_at = 0.0
    while True:
        snapshot = await run_in_threadpool(health.read, house.settings.state_dir)
        stream_health = snapshot.get((camera_id, stream))
        message: dict[str, Any] = {
            "type": "state",
            "state": stream_health.state if stream_health else "waiting",
            "cause": stream_health.cause if stream_health else None,
            "since": rfc3339_us(stream_health.since_us) if stream_health else None,
            "next_try_at": rfc3339_us(stream_health.next_try_us) if stream_health else None,
            "attempt": stream_health.attempt if stream_health else 0,
        }
        async with lock:
            if message != told:
                last_packet_us = stream_health.last_packet_us if stream_health else None
                await websocket.send_json(message | {"last_packet_at": rfc3339_us(last_packet_us)})
                told = message
            if time.monotonic() - time_at >= _TIME_EVERY_S:
                time_at = time.monotonic()
                await websocket.send_json({"type": "time", "now": rfc3339_us(house.clock.now())})
        await asyncio.sleep(_STATE_EVERY_S)


async def _check_right(websocket: WebSocket, house: _House, caller: Caller, camera_id: str) -> int:
    """Returns the close code once the viewer may not look any more."""
    while True:
        await asyncio.sleep(house.settings.permission_recheck_seconds)
        code = await run_in_threadpool(_refused, house, websocket.cookies.get(COOKIE), camera_id)
        if code is not None:
            return code


def _refused(house: _House, token: str | None, camera_id: str) -> int | None:
    viewer = look_up(house.database, house.clock, token)
    if viewer is None:
        return NOT_LOGGED_IN
    if not viewer.may(Permission.LIVE_VIEW):
        return FORBIDDEN
    try:
        with house.database.reading() as db:
            load(db, viewer, CameraRow, camera_id)
    except NotFound:
        return NOT_FOUND
    return None


async def _listen(websocket: WebSocket) -> None:
    """What a viewer sends is not needed; that they are gone is."""
    with suppress(WebSocketDisconnect):
        while True:
            await websocket.receive_text()
