"""Whether a request comes from our own pages: the Origin of what changes state, and of WebSockets, is our Host."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from shike.api.current import SAFE_METHODS

DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


def is_own(connection: HTTPConnection) -> bool:
    """True for safe methods, for programs that send no Origin, and where Origin and Host name the same server.

    Browsers send Origin with every WebSocket and every state-changing request, so a missing one is not a browser's.
    The scheme is not compared: behind a reverse proxy it is not ours to see.
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
    except ValueError:  # a port that is no number
        return False
