"""create_app: puts the HTTP application together: routers, guard, errors, browser app, parts of the running service.

Here: the list of routers and the start and end of the service. Not here: the process that runs it (serve.py), what a
route may ask for (current.py). Design: docs/design/api.md.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

from fastapi import Depends, FastAPI

from shike.api import errors
from shike.api.accounts import administration, me
from shike.api.auth import audit_events
from shike.api.auth.guard import guard, require_table
from shike.api.auth.login import LoginGate
from shike.api.auth.setup import issue_code, needs_setup, retire_code
from shike.api.browser_app import BrowserApp
from shike.api.classes import class_sessions, enrolments, imports, session_detail, sign_ins, trainees, training_classes
from shike.api.current import CountPicture, Current, Prober
from shike.api.database import Database
from shike.api.flags import acceptance, queue
from shike.api.live import events, stream, wall
from shike.api.live.feeds import Feeds
from shike.api.live.news import News
from shike.api.metrics import exposition, health
from shike.api.metrics.gauges import Gauges
from shike.api.playback import export, footage, timeline
from shike.api.playback.looks import Looks
from shike.api.recording import camera_status, needs, policies, report
from shike.api.recording.disk import FootageVolume
from shike.api.registry import cameras, institutions, probe, regions, rooms, start
from shike.api.requests import RequestEdge
from shike.api.retention import alarm, deletions, holds, rules
from shike.api.settings import Settings
from shike.api.subsidy import decisions
from shike.api.wire import operation_id
from shike.attendance.footage.index import Footage
from shike.attendance.footage.stretches import Stretches
from shike.attendance.training.identities import Identities
from shike.capture.archive.files import Archive
from shike.capture.archive.spool import Spool
from shike.capture.clock import Clock, SystemClock
from shike.capture.recorder import health as capture_health
from shike.capture.source.probe import probe as probe_stream
from shike.capture.vault import Vault

# One router per noun. probe comes before cameras: else "probe" in "/api/cameras/probe" would be read as an id.
ROUTERS = (
    health.router,
    start.router,
    me.router,
    regions.router,
    institutions.router,
    rooms.router,
    policies.router,
    needs.router,
    probe.router,
    cameras.router,
    training_classes.router,
    enrolments.router,
    trainees.router,
    class_sessions.router,
    session_detail.router,
    queue.router,
    acceptance.router,
    sign_ins.router,
    imports.router,
    administration.router,
    audit_events.router,
    wall.router,
    events.router,
    stream.router,
    timeline.router,
    footage.router,
    export.router,
    camera_status.router,
    report.router,
    decisions.router,
    rules.router,
    alarm.router,
    holds.router,
    deletions.router,
    exposition.router,
)


def create_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    prober: Prober = probe_stream,
    counter: CountPicture | None = None,
    announce: Callable[[str], None] = lambda _line: None,
    browser_app: BrowserApp | None = None,
) -> FastAPI:
    """The application. It touches neither disk nor database before it is started; the database must be migrated.

    `announce` receives lines for the server's console (the setup code). Raises UnlistedRoute if the table of rights
    lacks a route.
    """
    app = FastAPI(
        title="Shike",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(guard)],
        generate_unique_id_function=operation_id,
        lifespan=partial(
            living, settings=settings, clock=clock or SystemClock(), prober=prober, counter=counter, announce=announce
        ),
        max_body_size=settings.max_body_bytes,
    )
    for router in ROUTERS:
        app.include_router(router)
    require_table(app)
    app.mount("/", browser_app or BrowserApp(), name="browser_app")
    errors.install(app)
    app.add_middleware(RequestEdge)
    return app


@asynccontextmanager
async def living(
    app: FastAPI,
    settings: Settings,
    clock: Clock,
    prober: Prober,
    counter: CountPicture | None,
    announce: Callable[[str], None],
) -> AsyncIterator[None]:
    """Starts the service and ends it; on a first run it also announces the setup code."""
    current = app.state.current = started(settings, clock, prober, counter)
    export.clear(settings.data_dir / export.FOLDER)
    with current.database.reading() as db:
        first_run = needs_setup(db)
    if first_run:
        announce(f"Setup code (for the first account, in the browser): {issue_code(settings.state_dir)}")
    else:
        retire_code(settings.state_dir)
    polling = asyncio.create_task(current.part(News).run())
    try:
        yield
    finally:
        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling
        current.database.dispose()


def started(settings: Settings, clock: Clock, prober: Prober, counter: CountPicture | None) -> Current:
    """The running service with all its parts."""
    database = Database.at(settings.database)
    archive, spool = Archive(settings.footage_dir), Spool(settings.spool_dir)
    current = Current(
        settings,
        clock,
        database,
        footage=Footage(archive, spool, database.reading),
        stretches=Stretches(archive, spool, database.reading),
        identities=Identities.at(settings.keys_dir),
        vault=Vault.at(settings.keys_dir),
        read_health=partial(capture_health.read, settings.state_dir),
        prober=prober,
        count_picture=counter,
    )
    volume = FootageVolume(settings.footage_dir, database, clock)
    current.add(volume)
    current.add(LoginGate(database, clock, settings))
    current.add(Gauges(current, volume))
    current.add(Feeds(archive))
    current.add(Looks(database, clock))
    current.add(News(database, clock, current.read_health, settings.event_poll_seconds))
    return current
