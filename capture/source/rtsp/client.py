"""The RTSP conversation with a camera (RFC 2326): OPTIONS, DESCRIBE, SETUP on this connection, PLAY, TEARDOWN.

Here: requests and answers. Not here: the packets that follow PLAY (`packets`). Errors: `errors`. No request holds the
credentials in its address.
"""

import contextlib
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass

from shike.capture.source.address import Address
from shike.capture.source.rtsp.authorization import Authorization
from shike.capture.source.rtsp.description import VideoTrack, read_description
from shike.capture.source.rtsp.errors import (
    AnswerTimeout,
    ConnectFailed,
    ConnectionClosed,
    RequestRefused,
    UnsupportedStream,
)

_MOST_HEAD, _MOST_BODY = 16_384, 65_536
_OK = 200
_RANGE_REFUSED = frozenset({400, 457, 501})
_UNAUTHORIZED = 401
_DEFAULT_SESSION_S = 60
_TEARDOWN_S = 0.2
# Asking every 30 s costs nothing, and some cameras end a session earlier than they announce.
_LONGEST_SESSION_S, _SHORTEST_SESSION_S = 60, 10
_MOST_BEFORE_ANSWER = 4 << 20
_CHANNELS = re.compile(r"interleaved\s*=\s*([0-9]{1,3})(?:\s*-\s*([0-9]{1,3}))?")
_TIMEOUT = re.compile(r"timeout\s*=\s*([0-9]{1,9})(?![0-9])")
_NUMBER = re.compile(r"[0-9]{1,9}")
_NOT_IN_URI = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of a camera. `headers`: values by lower-case name."""

    status: int
    headers: Mapping[str, list[str]]
    body: bytes

    def header(self, name: str) -> str:
        return self.headers.get(name, [""])[0]


class Client:
    """One RTSP connection. After `play` the caller reads `received` and then `socket` itself: they hold packets."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        """Connect. ConnectFailed or AnswerTimeout if that fails. `timeout_s` limits all until the answer to PLAY."""
        self._until_s = time.monotonic() + timeout_s
        self._authorization = Authorization(address.username, address.password)
        self._uri = str(
            Address(f"[{address.host}]" if ":" in address.host else address.host, address.port, address.path)
        )
        self._sequence = 0
        self._session = ""
        self._session_uri = self._uri
        self._keep_alive_method, self._may_ask_again = "OPTIONS", False
        self._before_answer = bytearray()  # packets that came before the answer to PLAY
        self.received = bytearray()
        """Bytes that no answer was made of yet; after `play`, the first packets."""
        self.channel, self.control_channel = 0, 1
        self.session_s = _DEFAULT_SESSION_S
        try:
            self.socket = socket.create_connection((address.host, address.port), timeout_s)
        except TimeoutError:
            raise AnswerTimeout from None
        except (OSError, ValueError, OverflowError):  # no such host, or an invalid host name
            raise ConnectFailed from None
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def play(self) -> VideoTrack:
        """Ask the camera to send its video on `channel` of this connection. RtspError if it does not."""
        options = self._ask("OPTIONS", self._uri, {})
        if options.status == _UNAUTHORIZED and self._authorization.tried:
            raise RequestRefused("OPTIONS", options.status)
        if "GET_PARAMETER" in options.header("public").upper():
            self._keep_alive_method = "GET_PARAMETER"
        described = self._ask_granted("DESCRIBE", self._uri, {"Accept": "application/sdp"})
        track = read_description(described.body.decode("utf-8", "replace"))
        base = described.header("content-base") or described.header("content-location") or self._uri
        self._session_uri = control_uri(base, track.session_control)
        transport = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
        setup = self._ask_granted("SETUP", control_uri(base, track.control), transport)
        accepted = setup.header("transport")
        channels = _CHANNELS.search(accepted)
        if "TCP" not in accepted.upper() or channels is None or int(channels[1]) > 255:
            raise UnsupportedStream("it does not send over the connection")
        self.channel = int(channels[1])
        self.control_channel = int(channels[2] or self.channel + 1)
        session = setup.header("session")
        self._session = session.partition(";")[0].strip()
        if (timeout := _TIMEOUT.search(session)) is not None:
            self.session_s = min(_LONGEST_SESSION_S, max(_SHORTEST_SESSION_S, int(timeout[1])))
        self._play()
        self.received = self._before_answer + self.received
        return track

    def _play(self) -> None:
        self._before_answer.clear()
        answer = self._ask("PLAY", self._session_uri, {"Range": "npt=0.000-"})
        if answer.status in _RANGE_REFUSED:
            answer = self._ask("PLAY", self._session_uri, {})
        _granted("PLAY", answer)

    def keep_alive(self) -> None:
        """Keep the session from timing out. The answer comes among the packets. OSError if the connection is gone."""
        self._may_ask_again = True
        self._send_keep_alive()

    def _send_keep_alive(self) -> None:
        self.socket.sendall(self._request(self._keep_alive_method, self._session_uri, {}))

    def take_answer(self, head: bytes) -> None:
        """Take an answer that came among the packets. After a 401, log in again, once for each keep-alive.

        OSError if the connection is gone.
        """
        start, headers = _parsed(head)
        challenges = headers.get("www-authenticate", [])
        if start.split()[1:2] != [str(_UNAUTHORIZED)] or not self._may_ask_again:
            return
        self._may_ask_again = False
        if self._authorization.challenged(challenges):
            self._send_keep_alive()

    def close(self) -> None:
        """Send TEARDOWN, and close the connection. A failure to send it has no consequence."""
        with contextlib.suppress(OSError):
            if self._session:
                self.socket.settimeout(0)
                self.socket.send(self._request("TEARDOWN", self._session_uri, {}))
                self.socket.shutdown(socket.SHUT_WR)
                self._drain(time.monotonic() + _TEARDOWN_S)
        self.socket.close()

    def _drain(self, until_s: float) -> None:
        """Read until the camera closes: closing with unread bytes would reset the connection and lose the request."""
        while (left_s := until_s - time.monotonic()) > 0:
            self.socket.settimeout(left_s)
            if not self.socket.recv(65_536):
                return

    def _ask_granted(self, method: str, uri: str, headers: Mapping[str, str]) -> Response:
        """Send a request that the camera must answer with 200; RequestRefused otherwise."""
        return _granted(method, self._ask(method, uri, headers))

    def _ask(self, method: str, uri: str, headers: Mapping[str, str]) -> Response:
        """Send a request and return its answer; send it again with the login after a 401."""
        try:
            for _ in range(3):
                self.socket.settimeout(self._left_s())
                self.socket.sendall(self._request(method, uri, headers))
                answer = self._answer()
                if answer.status != _UNAUTHORIZED:
                    self._authorization.accepted()
                    break
                if not self._authorization.challenged(answer.headers.get("www-authenticate", [])):
                    break
            return answer
        except TimeoutError:
            raise AnswerTimeout from None
        except OSError:
            raise ConnectionClosed from None

    def _request(self, method: str, uri: str, headers: Mapping[str, str]) -> bytes:
        self._sequence += 1
        uri = _NOT_IN_URI.sub(lambda match: f"%{ord(match[0]):02X}", uri)
        lines = [f"{method} {uri} RTSP/1.0", f"CSeq: {self._sequence}", "User-Agent: Shike"]
        if (login := self._authorization.header(method, uri)) is not None:
            lines.append(f"Authorization: {login}")
        if self._session:
            lines.append(f"Session: {self._session}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _answer(self) -> Response:
        """The next answer. Packets that come before it are kept; requests of the camera are ignored."""
        while True:
            while self.received.startswith((b"$", b"\r", b"\n")):
                size = 4 + int.from_bytes(self._at_least(4)[2:4], "big") if self.received.startswith(b"$") else 1
                packet = self._at_least(size)[:size]
                if size > 1 and len(self._before_answer) < _MOST_BEFORE_ANSWER:
                    self._before_answer += packet
                del self.received[:size]
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                if len(self.received) > _MOST_HEAD:
                    raise UnsupportedStream("its answer is no RTSP")
                self._receive()
                continue
            start, headers = _parsed(self.received[:end])
            del self.received[: end + 4]
            length = headers.get("content-length", ["0"])[0]
            size = int(length) if _NUMBER.fullmatch(length) else 0
            if size > _MOST_BODY:
                raise UnsupportedStream("its answer is too long")
            body = bytes(self._at_least(size)[:size])
            del self.received[:size]
            words = start.split(None, 2)
            is_answer = len(words) >= 2 and words[0].startswith("RTSP/") and _NUMBER.fullmatch(words[1])
            if is_answer and int(words[1]) >= _OK:
                return Response(int(words[1]), headers, body)

    def _at_least(self, size: int) -> bytearray:
        """`received`, once it holds at least `size` bytes."""
        while len(self.received) < size:
            self._receive()
        return self.received

    def _receive(self) -> None:
        self.socket.settimeout(self._left_s())
        data = self.socket.recv(65_536)
        if not data:
            raise ConnectionResetError
        self.received += data

    def _left_s(self) -> float:
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s


def _granted(method: str, answer: Response) -> Response:
    if answer.status != _OK:
        raise RequestRefused(method, answer.status)
    return answer


def _parsed(head: bytes | bytearray) -> tuple[str, dict[str, list[str]]]:
    """The first line of an answer, and its headers by lower-case name."""
    start, *lines = head.decode("utf-8", "replace").split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), []).append(value.strip())
    return start, headers


def control_uri(base: str, control: str) -> str:
    """The address that a control attribute names: it is appended to the base address, as cameras expect.

    RFC 3986 would resolve it otherwise where the base has a query or no final slash.
    """
    if control in ("", "*"):
        return base
    if control.lower().startswith("rtsp://"):
        return control
    return f"{base.rstrip('/')}/{control.lstrip('/')}"
