"""RTSP messages (RFC 2326): reading a request from a connection, and a response as bytes."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
}


class MessageError(Exception):
    """The bytes are no RTSP request; the connection is to be closed."""


@dataclass(frozen=True)
class Request:
    """A request. ``uri`` as the client sent it; ``headers`` by lower-case name."""

    method: str
    uri: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """The address's path without leading and trailing slashes."""
        return unquote(urlsplit(self.uri).path).strip("/")


async def read_request(reader: asyncio.StreamReader) -> Request:
    """The next request. Skips the interleaved packets (receiver reports) that clients send between requests.

    Raises MessageError for other bytes, asyncio.IncompleteReadError if the client closed the connection.
    """
    first = await reader.readexactly(1)
    while first == b"$":
        size = int.from_bytes((await reader.readexactly(3))[1:], "big")
        await reader.readexactly(size)
        first = await reader.readexactly(1)
    try:
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("utf-8")
        start, *lines = head.strip().split("\r\n")
        method, uri, _version = start.split(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        await reader.readexactly(int(headers.get("content-length", "0")))
    except (ValueError, asyncio.LimitOverrunError) as error:
        raise MessageError("not an RTSP request") from error
    return Request(method, uri, headers)


def response(request: Request, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """A response to ``request`` with its sequence number."""
    lines = [f"RTSP/1.0 {status} {_REASONS[status]}", f"CSeq: {request.headers.get('cseq', '0')}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
