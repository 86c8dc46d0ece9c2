"""The conversation with a camera before it sends (RFC 2326): DESCRIBE, SETUP over this connection, PLAY.

Errors are SourceError with a cause code, or NotPlain where FFmpeg shall try. Addresses never hold the credentials.
"""

import contextlib
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass

from shike.capture.errors import SourceError
from shike.capture.source.address import Address
from shike.capture.source.rtsp.authorization import Authorization
from shike.capture.source.rtsp.description import VideoTrack, read_description
from shike.capture.source.rtsp.not_plain import NotPlain

_MOST_HEAD, _MOST_BODY = 16_384, 65_536
_OK = 200
_RANGE_DISLIKED = frozenset({400, 457, 501})
_TOLD_APART = frozenset({401, 403, 404, 453})
_DEFAULT_SESSION_S = 60
_LEAVE_S = 0.2
# More often than that costs nothing, and some cameras promise more than they keep.
_LONGEST_SESSION_S, _SHORTEST_SESSION_S = 60, 10
_MOST_EARLY = 4 << 20
_CHANNELS = re.compile(r"interleaved\s*=\s*([0-9]{1,3})(?:\s*-\s*([0-9]{1,3}))?")
_TIMEOUT = re.compile(r"timeout\s*=\s*([0-9]{1,9})(?![0-9])")
_NUMBER = re.compile(r"[0-9]{1,9}")
_UNFIT = re.compile(r"[\x00-\x20\x7f]")


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
        self._alive_by, self._may_ask_again = "OPTIONS", False
        self._early = bytearray()  # packets that came before the answer to PLAY
        self.rest = bytearray()
        self.channel, self.control_channel = 0, 1
        self.session_s = _DEFAULT_SESSION_S
        try:
            self.socket = socket.create_connection((address.host, address.port), timeout_s)
        except TimeoutError:
            raise SourceError("timeout") from None
        except (OSError, ValueError, OverflowError):  # no such host, or nothing that could be one
            raise SourceError("unreachable") from None
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def play(self) -> VideoTrack:
        """Ask for the video, and have it sent on `channel` of this connection."""
        options = self._ask("OPTIONS", self._uri, {})
        if options.status == 401 and self._authorization.tried:
            raise SourceError("refused_401")
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
        if "TCP" not in said.upper() or found is None or int(found[1]) > 255:
            raise NotPlain("it does not send over the connection")
        self.channel = int(found[1])
        self.control_channel = int(found[2] or self.channel + 1)
        session = setup.header("session")
        self._session = session.partition(";")[0].strip()
        if (lasts := _TIMEOUT.search(session)) is not None:
            self.session_s = min(_LONGEST_SESSION_S, max(_SHORTEST_SESSION_S, int(lasts[1])))
        self._play()
        self.rest = self._early + self.rest
        return track

    def _play(self) -> None:
        self._early.clear()
        answer = self._ask("PLAY", self._session_uri, {"Range": "npt=0.000-"})
        if answer.status in _RANGE_DISLIKED:
            answer = self._ask("PLAY", self._session_uri, {})
        _grant("PLAY", answer)

    def stay(self) -> None:
        """Say that somebody is still there. The answer comes among the packets. OSError if the connection is gone."""
        self._may_ask_again = True
        self._send_alive()

    def _send_alive(self) -> None:
        self.socket.sendall(self._request(self._alive_by, self._session_uri, {}))

    def answered(self, head: bytes) -> None:
        """An answer that came among the packets: a camera whose nonce has become stale is told the login anew, once.

        OSError if the connection is gone.
        """
        start, headers = _parsed(head)
        challenges = headers.get("www-authenticate", [])
        if start.split()[1:2] != ["401"] or not self._may_ask_again:
            return
        self._may_ask_again = False
        if self._authorization.challenged(challenges):
            self._send_alive()

    def close(self) -> None:
        """Leave, and close the connection. Whether the camera hears it does not matter much."""
        with contextlib.suppress(OSError):
            if self._session:
                self.socket.settimeout(0)
                self.socket.send(self._request("TEARDOWN", self._session_uri, {}))
                self.socket.shutdown(socket.SHUT_WR)
                self._pass_over(time.monotonic() + _LEAVE_S)
        self.socket.close()

    def _pass_over(self, until_s: float) -> None:
        """Read on until the camera closes: a connection with something unread is reset, and the request with it."""
        while (left_s := until_s - time.monotonic()) > 0:
            self.socket.settimeout(left_s)
            if not self.socket.recv(65_536):
                return

    def _done(self, method: str, uri: str, headers: Mapping[str, str]) -> Response:
        """Ask for something that must be granted."""
        return _grant(method, self._ask(method, uri, headers))

    def _ask(self, method: str, uri: str, headers: Mapping[str, str]) -> Response:
        """One request and its answer; once more where the camera wants to know who asks."""
        try:
            for _ in range(3):
                self.socket.settimeout(self._left_s())
                self.socket.sendall(self._request(method, uri, headers))
                answer = self._answer()
                if answer.status != 401:
                    self._authorization.accepted()
                    break
                if not self._authorization.challenged(answer.headers.get("www-authenticate", [])):
                    break
            return answer
        except TimeoutError:
            raise SourceError("timeout") from None
        except OSError:
            raise NotPlain("it closed the connection", lasting=False) from None

    def _request(self, method: str, uri: str, headers: Mapping[str, str]) -> bytes:
        self._sequence += 1
        uri = _UNFIT.sub(lambda found: f"%{ord(found[0]):02X}", uri)
        lines = [f"{method} {uri} RTSP/1.0", f"CSeq: {self._sequence}", "User-Agent: Shike"]
        if (login := self._authorization.header(method, uri)) is not None:
            lines.append(f"Authorization: {login}")
        if self._session:
            lines.append(f"Session: {self._session}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _answer(self) -> Response:
        """The next answer. Packets before it are kept, requests of the camera's are passed over."""
        while True:
            while self.rest.startswith((b"$", b"\r", b"\n")):
                size = 4 + int.from_bytes(self._awaited(4)[2:4], "big") if self.rest.startswith(b"$") else 1
                packet = self._awaited(size)[:size]
                if size > 1 and len(self._early) < _MOST_EARLY:
                    self._early += packet
                del self.rest[:size]
            end = self.rest.find(b"\r\n\r\n")
            if end < 0:
                if len(self.rest) > _MOST_HEAD:
                    raise NotPlain("its answer is no RTSP")
                self._more()
                continue
            start, headers = _parsed(self.rest[:end])
            del self.rest[: end + 4]
            length = headers.get("content-length", ["0"])[0]
            size = int(length) if _NUMBER.fullmatch(length) else 0
            if size > _MOST_BODY:
                raise NotPlain("its answer is too long")
            body = bytes(self._awaited(size)[:size])
            del self.rest[:size]
            words = start.split(None, 2)
            is_answer = len(words) >= 2 and words[0].startswith("RTSP/") and _NUMBER.fullmatch(words[1])
            if is_answer and int(words[1]) >= _OK:
                return Response(int(words[1]), headers, body)

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


def _grant(method: str, answer: Response) -> Response:
    if answer.status in _TOLD_APART:
        raise SourceError(f"refused_{answer.status}")
    if answer.status != _OK:
        raise NotPlain(f"{method} is answered with {answer.status}", lasting=answer.status == 461)
    return answer


def _parsed(head: bytes | bytearray) -> tuple[str, dict[str, list[str]]]:
    """The first line of an answer, and its headers by lower-case name."""
    start, *lines = head.decode("utf-8", "replace").split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), []).append(value.strip())
    return start, headers


def _joined(base: str, control: str) -> str:
    """The address of a track. Cameras mean it to be put behind the base, whatever the base ends with."""
    if control in ("", "*"):
        return base
    if control.lower().startswith("rtsp://"):
        return control
    return f"{base.rstrip('/')}/{control.lstrip('/')}"
