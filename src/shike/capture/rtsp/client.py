"""The conversation with a camera before it sends (RFC 2326): DESCRIBE, SETUP over this connection, PLAY.

Errors are SourceError with a cause code, or NotPlain where FFmpeg shall try. Addresses never hold the credentials.
"""

import contextlib
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass

from shike.capture.address import Address
from shike.capture.errors import SourceError
from shike.capture.rtsp.authorization import Authorization
from shike.capture.rtsp.description import Track, read_description
from shike.capture.rtsp.not_plain import NotPlain

_MOST_HEAD, _MOST_BODY = 16_384, 65_536
_TOLD_APART = frozenset({401, 403, 404, 453})
_DEFAULT_SESSION_S = 60
_CHANNELS = re.compile(r"interleaved\s*=\s*(\d+)")
_TIMEOUT = re.compile(r"timeout\s*=\s*(\d+)")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: its status, its headers by lower-case name, its body."""

    status: int
    headers: Mapping[str, list[str]]
    body: bytes

    def header(self, name: str) -> str:
        return self.headers.get(name, [""])[0]


class Client:
    """One RTSP connection. After `play` the socket carries packets, which belong to whoever reads them."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        """Connect. SourceError if nobody is there, or nobody answers in time."""
        self._until_s = time.monotonic() + timeout_s
        self._authorization = Authorization(address.username, address.password)
        self._uri = str(
            Address(f"[{address.host}]" if ":" in address.host else address.host, address.port, address.path)
        )
        self._sequence = 0
        self._session = ""
        self._session_uri = self._uri
        self._alive_by = "OPTIONS"
        self.rest = bytearray()
        self.channel = 0
        self.session_s = _DEFAULT_SESSION_S
        try:
            self.socket = socket.create_connection((address.host, address.port), timeout_s)
        except TimeoutError:
            raise SourceError("timeout") from None
        except OSError:
            raise SourceError("unreachable") from None
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def play(self) -> Track:
        """Ask for the video, and have it sent on `channel` of this connection."""
        options = self._ask("OPTIONS", self._uri, {})
        if "GET_PARAMETER" in options.header("public").upper():
            self._alive_by = "GET_PARAMETER"
        described = self._done("DESCRIBE", self._uri, {"Accept": "application/sdp"})
        track = read_description(described.body.decode("utf-8", "replace"))
        base = described.header("content-base") or described.header("content-location") or self._uri
        self._session_uri = _joined(base, track.session_control)
        transport = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
        setup = self._done("SETUP", _joined(base, track.control), transport)
        said = setup.header("transport")
        found = _CHANNELS.search(said)
        if "TCP" not in said.upper() or found is None or int(found[1]) > 254:
            raise NotPlain("it does not send over the connection")
        self.channel = int(found[1])
        session = setup.header("session")
        self._session = session.partition(";")[0].strip()
        if (lasts := _TIMEOUT.search(session)) is not None:
            self.session_s = max(10, int(lasts[1]))
        self._done("PLAY", self._session_uri, {"Range": "npt=0.000-"})
        return track

    def stay(self) -> None:
        """Say that somebody is still there. The answer comes among the packets. OSError if the connection is gone."""
        self.socket.sendall(self._request(self._alive_by, self._session_uri, {}))

    def close(self) -> None:
        """Leave, and close the connection. Whether the camera hears it does not matter."""
        with contextlib.suppress(OSError):
            if self._session:
                self.socket.settimeout(0)
                self.socket.send(self._request("TEARDOWN", self._session_uri, {}))
        self.socket.close()

    def _done(self, method: str, uri: str, headers: Mapping[str, str]) -> Response:
        """Ask for something that must be granted."""
        answer = self._ask(method, uri, headers)
        if answer.status in _TOLD_APART:
            raise SourceError(f"refused_{answer.status}")
        if answer.status != 200:
            raise NotPlain(f"{method} is answered with {answer.status}", lasting=answer.status == 461)
        return answer

    def _ask(self, method: str, uri: str, headers: Mapping[str, str]) -> Response:
        """One request and its answer; once more where the camera wants to know who asks."""
        try:
            for _ in range(3):
                self.socket.settimeout(self._left_s())
                self.socket.sendall(self._request(method, uri, headers))
                answer = self._answer()
                challenges = answer.headers.get("www-authenticate", [])
                if answer.status != 401 or not self._authorization.challenged(challenges):
                    break
            return answer
        except TimeoutError:
            raise SourceError("timeout") from None
        except OSError:
            raise NotPlain("it closed the connection", lasting=False) from None

    def _request(self, method: str, uri: str, headers: Mapping[str, str]) -> bytes:
        self._sequence += 1
        lines = [f"{method} {uri} RTSP/1.0", f"CSeq: {self._sequence}", "User-Agent: Shike"]
        if (login := self._authorization.header(method, uri)) is not None:
            lines.append(f"Authorization: {login}")
        if self._session:
            lines.append(f"Session: {self._session}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _answer(self) -> Response:
        """The next answer; packets that are sent before it are thrown away."""
        while True:
            while self.rest[:1] == b"$":
                size = 4 + int.from_bytes(self._awaited(4)[2:4], "big")
                self._awaited(size)
                del self.rest[:size]
            end = self.rest.find(b"\r\n\r\n")
            if end < 0:
                if len(self.rest) > _MOST_HEAD:
                    raise NotPlain("its answer is no RTSP")
                self._more()
                continue
            start, *lines = self.rest[:end].decode("utf-8", "replace").split("\r\n")
            del self.rest[: end + 4]
            headers: dict[str, list[str]] = {}
            for line in lines:
                name, _, value = line.partition(":")
                headers.setdefault(name.strip().lower(), []).append(value.strip())
            length = headers.get("content-length", ["0"])[0]
            size = int(length) if length.isdigit() else 0
            if size > _MOST_BODY:
                raise NotPlain("its answer is too long")
            body = bytes(self._awaited(size)[:size])
            del self.rest[:size]
            words = start.split(None, 2)
            if len(words) >= 2 and words[0].startswith("RTSP/") and words[1].isdigit():
                return Response(int(words[1]), headers, body)
            if not words:
                raise NotPlain("its answer is no RTSP")  # a request of the camera's is passed over

    def _awaited(self, size: int) -> bytearray:
        while len(self.rest) < size:
            self._more()
        return self.rest

    def _more(self) -> None:
        self.socket.settimeout(self._left_s())
        data = self.socket.recv(65_536)
        if not data:
            raise ConnectionResetError
        self.rest += data

    def _left_s(self) -> float:
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s


def _joined(base: str, control: str) -> str:
    """The address of a track. Cameras mean it to be put behind the base, whatever the base ends with."""
    if control in ("", "*"):
        return base
    if control.lower().startswith("rtsp://"):
        return control
    return f"{base.rstrip('/')}/{control.lstrip('/')}"
