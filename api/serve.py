"""The process of `shike api`: migrates the database and runs the application with uvicorn.

Not here: the application (main.py). Design: docs/design/api.md.
"""

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
    """The configuration of uvicorn. No access log: its URLs would show who watched what; see the audit trail."""
    return uvicorn.Config(
        create_app(settings, counter=counter, announce=announce),
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level,
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # compression does not make video smaller
        timeout_graceful_shutdown=5,
    )
