"""A camera on 127.0.0.1 that answers by a script of the test."""

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from shike.capture.source.address import Address

SDP = (
    b"v=0\r\ns=scripted\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    b"a=fmtp:96 packetization-mode=1\r\na=control:trackID=1\r\n"
)
CHALLENGE = 'WWW-Authenticate: Digest realm="cam", nonce="{}"'


@dataclass(frozen=True)
class Request:
    """A request that came: a method, an address, and headers by lower-case name."""

    method: str
    uri: str
    headers: dict[str, str]

    @property
    def login(self) -> str:
        return self.headers.get("authorization", "")


def answer(status: int, *headers: str, body: bytes = b"", cseq: str = "1") -> bytes:
    lines = [f"RTSP/1.0 {status} Reason", f"CSeq: {cseq}", *headers]
    lines += [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def plain(request: Request) -> bytes:
    """The answer of a camera that the plain reader can read."""
    match request.method:
        case "OPTIONS":
            return answer(200, "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
        case "DESCRIBE":
            return answer(200, "Content-Type: application/sdp", body=SDP)
        case "SETUP":
            return answer(200, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 77;timeout=60")
    return answer(200, "Session: 77")


class ScriptedCamera:
    """`script` gives the answer to each request; None closes the connection, b"" sends nothing."""

    def __init__(self, script: Callable[[Request], bytes | None] = plain) -> None:
        self._script = script
        self.requests: list[Request] = []
        self._answered = 0
        self.gone = threading.Event()
        """Set when a connection has ended."""
        self._changed = threading.Condition()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def methods(self) -> list[str]:
        return [each.method for each in self.requests]

    def address(self, path: str = "/live", username: str = "", password: str = "") -> Address:
        return Address("127.0.0.1", self._listening.getsockname()[1], path, username, password)

    def send(self, data: bytes) -> None:
        """Send bytes on the last connection, without a request."""
        self._connections[-1].sendall(data)

    def await_asked(self, count: int) -> list[Request]:
        """All requests, once `count` of them are answered: bytes sent afterwards follow the answers."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._answered >= count, 10), self.methods
            return list(self.requests)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection = self._listening.accept()[0]
                self._connections.append(connection)
                with contextlib.suppress(OSError):
                    self._converse(connection)
                self.gone.set()

    def _converse(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            while start := lines.readline().decode():
                headers: dict[str, str] = {}
                while line := lines.readline().decode().strip():
                    name, _, value = line.partition(":")
                    headers[name.lower()] = value.strip()
                method, uri = start.split()[:2]
                request = Request(method, uri, headers)
                self.requests.append(request)
                reply = self._script(request)
                try:
                    connection.sendall(reply or b"")
                finally:
                    with self._changed:
                        self._answered += 1
                        self._changed.notify_all()
                if reply is None:
                    return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for each in self._connections:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
