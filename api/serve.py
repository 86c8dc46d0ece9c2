"""`shike api`: the service as a process."""

import logging
from collections.abc import Callable

import uvicorn

from shike.api.current import CountPicture
from shike.api.main import create_app
from shike.api.migrate import migrate
from shike.api.settings import Settings

log = logging.getLogger(__name__)


def serve(settings: Settings, announce: Callable[[str], None], counter: CountPicture | None = None) -> None:
    """Migrate, then serve until SIGINT or SIGTERM."""
    migrate(settings)
    uvicorn.Server(server_config(settings, announce, counter)).run()


def server_config(settings: Settings, announce: Callable[[str], None], counter: CountPicture | None) -> uvicorn.Config:
    """How uvicorn is run: no access log (addresses hold who watched what; the audit trail is for that)."""
    return uvicorn.Config(
        create_app(settings, counter=counter, announce=announce),
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level,
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # video does not get smaller
        timeout_graceful_shutdown=5,
    )
