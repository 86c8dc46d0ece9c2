"""Live view: fragments over a WebSocket, the same bytes that are being recorded.

Every viewer has a queue of their own, so a slow viewer never holds up another. A viewer holds no database connection;
the viewer's right is checked again at intervals. Opening and closing are written to the audit trail.
Not here: reading the footage (feeds), the shapes of messages (messages). Design: docs/design/live.md.
Reference for clients: docs/reference/websocket.md.
"""

import asyncio
import time
from contextlib import suppress

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool

from shike.api.auth import audit
from shike.api.auth.guard import COOKIE, CurrentCaller, CurrentViewer, look_up
from shike.api.auth.roles import Permission
from shike.api.auth.scopes import load
from shike.api.auth.viewer import Caller
from shike.api.current import Current, CurrentSettings, Db, current_of
from shike.api.errors import NotFound
from shike.api.live.feeds import FeedFragment, Feeds, Inbox, Skipped
from shike.api.live.messages import SkippedMessage, StateMessage, TimeMessage, init_message, state_message, wire
from shike.api.moment import now
from shike.api.wire import PROBLEM, Id
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.segment import StreamName
from shike.capture.recorder import health

router = APIRouter(tags=["live"])

NOT_LOGGED_IN, FORBIDDEN, NOT_FOUND = 4401, 4403, 4404
_TIME_EVERY_S = 5.0
_STATE_EVERY_S = 0.5


@router.post("/api/cameras/{camera_id}/reconnect", status_code=202, responses=PROBLEM)
def reconnect_camera(camera_id: Id, db: Db, viewer: CurrentViewer, settings: CurrentSettings) -> None:
    """Ask the recorder to try an unreachable camera at once, before its planned next try."""
    camera = load(db, viewer, CameraRow, camera_id)
    nudges = settings.state_dir / "nudges"
    nudges.mkdir(parents=True, exist_ok=True)
    (nudges / camera.id).touch()


@router.websocket("/api/cameras/{camera_id}/live")
async def watch_live(websocket: WebSocket, camera_id: str, caller: CurrentCaller, stream: StreamName = "sub") -> None:
    """Send a stream as it is recorded. Close codes: 4401 not logged in any more, 4403 no right, 4404 no such camera."""
    current = current_of(websocket)
    await websocket.accept()
    try:
        place, name = await run_in_threadpool(_open, current, caller, camera_id, stream)
    except NotFound:
        await websocket.close(NOT_FOUND)
        return
    started = time.monotonic()
    try:
        await _serve(websocket, current, caller, camera_id, name)
    finally:
        seconds = round(time.monotonic() - started, 1)
        with suppress(asyncio.CancelledError):
            await asyncio.shield(run_in_threadpool(_closed, current, caller, place, name, seconds))


def _open(
    current: Current, caller: Caller, camera_id: str, stream: StreamName
) -> tuple[audit.AuditSubject, StreamName]:
    with current.database.writing() as db:
        camera = load(db, caller.viewer, CameraRow, camera_id)
        place = audit.place_of(db, camera)
        name: StreamName = "sub" if stream == "sub" and camera.sub_path else "main"
        audit.write(db, current.clock, caller, "live_opened", place, stream=name)
    return place, name


def _closed(current: Current, caller: Caller, place: audit.AuditSubject, stream: StreamName, seconds: float) -> None:
    with current.database.writing() as db:
        audit.write(db, current.clock, caller, "live_closed", place, stream=stream, seconds=seconds)


async def _serve(websocket: WebSocket, current: Current, caller: Caller, camera_id: str, stream: StreamName) -> None:
    async with current.part(Feeds).watching(camera_id, stream) as inbox:
        lock = asyncio.Lock()
        tasks = [
            asyncio.create_task(work)
            for work in (
                _send_pictures(websocket, inbox, lock),
                _send_state(websocket, current, camera_id, stream, lock),
                _check_right(websocket, current, caller, camera_id),
                _drain(websocket),
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
                    await websocket.send_json(wire(SkippedMessage(seconds=round(item.seconds, 1))))
                else:
                    await websocket.send_json(wire(init_message(item)))
                    await websocket.send_bytes(item.init)


async def _send_state(
    websocket: WebSocket, current: Current, camera_id: str, stream: StreamName, lock: asyncio.Lock
) -> None:
    sent: StateMessage | None = None
    time_at = 0.0
    while True:
        snapshot = await run_in_threadpool(health.read, current.settings.state_dir)
        message = state_message(snapshot.get((camera_id, stream)))
        # Packets arrive all the time: a newer one alone is no change of state.
        mark = message.model_copy(update={"last_packet_at": None})
        async with lock:
            if mark != sent:
                await websocket.send_json(wire(message))
                sent = mark
            if time.monotonic() - time_at >= _TIME_EVERY_S:
                time_at = time.monotonic()
                await websocket.send_json(wire(TimeMessage(now=now(current.clock))))
        await asyncio.sleep(_STATE_EVERY_S)


async def _check_right(websocket: WebSocket, current: Current, caller: Caller, camera_id: str) -> int:
    """Returns the close code once the viewer may not look any more."""
    while True:
        await asyncio.sleep(current.settings.permission_recheck_seconds)
        code = await run_in_threadpool(_refused, current, websocket.cookies.get(COOKIE), camera_id)
        if code is not None:
            return code


def _refused(current: Current, token: str | None, camera_id: str) -> int | None:
    viewer = look_up(current.database, current.clock, token)
    if viewer is None:
        return NOT_LOGGED_IN
    if not viewer.may(Permission.LIVE_VIEW):
        return FORBIDDEN
    try:
        with current.database.reading() as db:
            load(db, viewer, CameraRow, camera_id)
    except NotFound:
        return NOT_FOUND
    return None


async def _drain(websocket: WebSocket) -> None:
    """Read and ignore what the viewer sends; return once the viewer has closed the connection."""
    with suppress(WebSocketDisconnect):
        while True:
            await websocket.receive_text()
