"""The guard: checks origin, login and right of every request and WebSocket, by the table roles.ROUTES.

A WebSocket that is refused is accepted first: otherwise the browser could not read the close code (4401, 4403).
Design: docs/design/api.md. Decision: docs/decisions/0002.
"""

from collections.abc import Iterable
from typing import Annotated

from fastapi import Depends, FastAPI, WebSocketException
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from sqlalchemy import update
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute
from starlette.websockets import WebSocket

from shike.api.auth.login import SEEN_EVERY, viewer_of_login
from shike.api.auth.origin import is_own
from shike.api.auth.passwords import hash_token
from shike.api.auth.roles import ROUTES, Permission
from shike.api.auth.tables import LoginSessionRow
from shike.api.auth.viewer import Caller, Viewer
from shike.api.current import current_of
from shike.api.database import Database
from shike.api.errors import ApiError, Forbidden, ForeignOrigin, NotLoggedIn
from shike.api.moment import now
from shike.capture.clock import Clock

COOKIE = "shike_session"
CLOSE_CODES = {NotLoggedIn: 4401, Forbidden: 4403, ForeignOrigin: 4403}


class UnlistedRoute(RuntimeError):
    """The table of rights lacks a route; the service does not start."""


async def guard(connection: HTTPConnection) -> None:
    """Admits a request or raises why not. Stores the viewer in `connection.state.viewer`."""
    try:
        connection.state.viewer = await run_in_threadpool(admit, connection)
    except ApiError as error:
        if connection.scope["type"] == "http":
            raise
        assert isinstance(connection, WebSocket)
        await connection.accept()
        raise WebSocketException(CLOSE_CODES[type(error)]) from error


def admit(connection: HTTPConnection) -> Viewer | None:
    """The viewer of an admitted request; None on a public route without a login. Raises ApiError."""
    if not is_own(connection):
        raise ForeignOrigin()
    permission = permission_of(connection.scope["route"])
    current = current_of(connection)
    viewer = look_up(current.database, current.clock, connection.cookies.get(COOKIE))
    if permission is Permission.PUBLIC:
        return viewer
    if viewer is None:
        raise NotLoggedIn()
    if not viewer.may(permission):
        raise Forbidden()
    return viewer


def look_up(database: Database, clock: Clock, token: str | None) -> Viewer | None:
    """The viewer who holds this token now, or None. Long-lived connections call it again to check their rights."""
    if not token:
        return None
    moment, token_hash = now(clock), hash_token(token)
    with database.reading() as db:
        login = viewer_of_login(db, token_hash, moment)
    if login is None:
        return None
    viewer, last_seen_at = login
    if moment - last_seen_at >= SEEN_EVERY:
        with database.writing() as db:
            db.execute(update(LoginSessionRow).where(LoginSessionRow.id == viewer.login_id).values(last_seen_at=moment))
    return viewer


async def admitted_still(websocket: WebSocket, permission: Permission) -> Viewer:
    """The current viewer of a long-lived connection. WebSocketException 4401 without login, 4403 without the right."""
    current = current_of(websocket)
    viewer = await run_in_threadpool(look_up, current.database, current.clock, websocket.cookies.get(COOKIE))
    if viewer is None:
        raise WebSocketException(CLOSE_CODES[NotLoggedIn])
    if not viewer.may(permission):
        raise WebSocketException(CLOSE_CODES[Forbidden])
    return viewer


def permission_of(route: BaseRoute) -> Permission:
    """The right that a route needs. UnlistedRoute if the table does not have the route."""
    if isinstance(route, APIWebSocketRoute):
        keys = [f"WS {route.path}"]
    elif isinstance(route, APIRoute):
        keys = [f"{method} {route.path}" for method in sorted(route.methods or ())]
    else:
        raise UnlistedRoute(f"{route!r} is neither an API route nor a WebSocket")
    missing = [key for key in keys if key not in ROUTES]
    if missing or len({ROUTES[key] for key in keys}) != 1:
        raise UnlistedRoute(f"not in the table of routes and rights: {', '.join(missing or keys)}")
    return ROUTES[keys[0]]


def routes_of(app: FastAPI) -> Iterable[BaseRoute]:
    """Every route of the application, including those of its routers."""
    return (context.original_route for context in iter_route_contexts(app.routes))


def require_table(app: FastAPI) -> None:
    """Raises UnlistedRoute if the table lacks a route of the application."""
    for route in routes_of(app):
        permission_of(route)


def current_viewer(connection: HTTPConnection) -> Viewer:
    """The viewer whom the guard admitted. NotLoggedIn on a public route without a login."""
    viewer: Viewer | None = connection.state.viewer
    if viewer is None:
        raise NotLoggedIn()
    return viewer


def current_caller(connection: HTTPConnection) -> Caller:
    """The viewer and their IP address, for the audit trail."""
    return Caller(current_viewer(connection), address_of(connection))


def address_of(connection: HTTPConnection) -> str | None:
    """The caller's IP address; uvicorn has already replaced it with the one that a trusted proxy forwarded."""
    return connection.client.host if connection.client else None


CurrentViewer = Annotated[Viewer, Depends(current_viewer)]
CurrentCaller = Annotated[Caller, Depends(current_caller)]
