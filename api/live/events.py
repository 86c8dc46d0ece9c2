"""WS /api/events: new counts and changed camera states within the listener's scope, and the server's time.

Here: the socket and its tasks. Not here: finding out what changed (news), the shapes (messages).
Reference for clients: docs/reference/websocket.md.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect, WebSocketException
from starlette.concurrency import run_in_threadpool

from shike.api.auth.guard import admitted_still
from shike.api.auth.roles import Permission
from shike.api.auth.scopes import visible
from shike.api.auth.viewer import Viewer
from shike.api.current import current_of
from shike.api.database import Database
from shike.api.live.messages import TimeMessage, wire
from shike.api.live.news import Listener, News
from shike.api.moment import now
from shike.attendance.tables.registry import CameraRow

router = APIRouter(tags=["events"])

TIME_EVERY_S = 5.0
TRY_AGAIN_LATER = 1013


@router.websocket("/api/events")
async def events(websocket: WebSocket) -> None:
    """Send every change on the wall. Close codes: 4401, 4403, and 1013 for a listener that reads too slowly."""
    current = current_of(websocket)
    news = current.part(News)
    listener = Listener()
    listener.cameras = await run_in_threadpool(cameras_of, current.database, websocket.state.viewer)
    await websocket.accept()
    leave = news.join(listener)
    try:
        for message in await news.states():
            listener.offer(message)
        await first_of(
            send_news(websocket, listener),
            send_time(websocket),
            recheck(websocket, listener, current.settings.permission_recheck_seconds),
            cut_off(listener),
            drain(websocket),
        )
    except WebSocketDisconnect:
        pass
    finally:
        leave()


def cameras_of(database: Database, viewer: Viewer) -> frozenset[str]:
    """The ids of the cameras in a viewer's scope."""
    with database.reading() as db:
        return frozenset(camera.id for camera in db.scalars(visible(viewer, CameraRow)))


async def first_of(*parts: Coroutine[Any, Any, None]) -> None:
    """Run all parts until one ends or fails, stop the others, and raise what ended it."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError, WebSocketDisconnect, WebSocketException):
                await task


async def send_news(websocket: WebSocket, listener: Listener) -> None:
    """Send what is in the queue."""
    while True:
        await websocket.send_json(wire(await listener.queue.get()))


async def send_time(websocket: WebSocket) -> None:
    """Send the server's clock at once and then every `TIME_EVERY_S`."""
    while True:
        await websocket.send_json(wire(TimeMessage(now=now(current_of(websocket).clock))))
        await asyncio.sleep(TIME_EVERY_S)


async def recheck(websocket: WebSocket, listener: Listener, every_s: float) -> None:
    """Check login, right and scope again at intervals. WebSocketException (4401, 4403) once one of them is gone."""
    while True:
        await asyncio.sleep(every_s)
        viewer = await admitted_still(websocket, Permission.LIVE_VIEW)
        listener.cameras = await run_in_threadpool(cameras_of, current_of(websocket).database, viewer)


async def cut_off(listener: Listener) -> None:
    """End with 1013 once the listener's queue has run over."""
    await listener.lost.wait()
    raise WebSocketException(TRY_AGAIN_LATER)


async def drain(websocket: WebSocket) -> None:
    """Read and ignore what the client sends: reading is how a closed connection is noticed."""
    while True:
        await websocket.receive_text()
