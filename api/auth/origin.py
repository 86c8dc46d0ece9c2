"""The origin check: state-changing requests and WebSockets from a browser must come from this server's own pages."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from shike.api.current import SAFE_METHODS

DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


def is_own(connection: HTTPConnection) -> bool:
    """True for safe methods, for programs that send no Origin, and where Origin and Host name the same server.

    Browsers send Origin with every WebSocket and every state-changing request; without one it is not a browser.
    The scheme is not compared: behind a reverse proxy the service cannot know it.
    """
    if connection.scope["type"] == "http" and connection.scope["method"] in SAFE_METHODS:
        return True
    origin = connection.headers.get("origin")
    if origin is None:
        return connection.headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    try:
        sender, host = urlsplit(origin), urlsplit(f"//{connection.headers.get('host', '')}")
        default = DEFAULT_PORTS.get(sender.scheme, 0)
        return bool(sender.hostname) and (sender.hostname, sender.port or default) == (
            host.hostname,
            host.port or default,
        )
    except ValueError:  # the port is not a number
        return False
