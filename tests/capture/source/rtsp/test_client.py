"""The RTSP conversation, with a camera that answers what a test wants. Cause codes: see test_plain."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from shike.capture.source.address import Address
from shike.capture.source.rtsp.client import Client
from shike.capture.source.rtsp.errors import (
    AnswerTimeout,
    ConnectFailed,
    ConnectionClosed,
    RequestRefused,
    RtspError,
    UnsupportedStream,
)

from .scripted import CHALLENGE, SDP, Request, ScriptedCamera, answer, plain
from .sending import framed

SECRET = "s3cret-word"
Script = Callable[[Request], bytes | None]


def but(**answers: bytes | None) -> Script:
    """A plain camera, but for these answers by method."""
    return lambda request: answers[request.method] if request.method in answers else plain(request)


_playing: list[Client] = []


@pytest.fixture(autouse=True)
def close_clients() -> Iterator[None]:
    yield
    while _playing:
        _playing.pop().socket.close()


def played(camera: ScriptedCamera, path: str = "/live", username: str = "", password: str = "") -> Client:
    client = Client(camera.address(path, username, password), 5)
    _playing.append(client)
    client.play()
    return client


def refusal(camera: ScriptedCamera, timeout_s: float = 5.0, *, password: str = SECRET) -> RtspError:
    """The error of a camera that cannot be played; it holds no secret."""
    address = camera.address("/live?token=abc", "viewer", password)
    client = Client(address, timeout_s)
    with pytest.raises(RtspError) as error:
        client.play()
    client.close()
    for secret in (SECRET, "viewer", "127.0.0.1", "token", str(address.port)):
        assert secret not in str(error.value) + repr(error.value) + repr(error.value.__cause__)
    assert error.value.__cause__ is None
    return error.value


def refused(error: RtspError) -> tuple[str, int]:
    assert isinstance(error, RequestRefused), error
    return error.method, error.status


def test_the_whole_conversation_of_a_plain_camera() -> None:
    with ScriptedCamera() as camera:
        base = str(camera.address("/live?a=1"))
        client = played(camera, "/live?a=1")
        client.keep_alive()
        camera.await_asked(5)
        client.close()
        requests = camera.await_asked(6)
    assert [(each.method, each.uri) for each in requests] == [
        ("OPTIONS", base),
        ("DESCRIBE", base),
        ("SETUP", f"{base}/trackID=1"),
        ("PLAY", base),
        ("GET_PARAMETER", base),
        ("TEARDOWN", base),
    ]
    assert [each.headers["cseq"] for each in requests] == ["1", "2", "3", "4", "5", "6"]
    assert [each.headers.get("session") for each in requests] == [None, None, None, "77", "77", "77"]
    assert requests[1].headers["accept"] == "application/sdp"
    assert requests[2].headers["transport"] == "RTP/AVP/TCP;unicast;interleaved=0-1"
    assert client.session_s == 60


def test_a_content_base_is_the_base_address_of_the_tracks_and_the_session() -> None:
    described = answer(200, "content-base:  rtsp://10.1.1.1/inside/ ", body=SDP)
    with ScriptedCamera(but(DESCRIBE=described)) as camera:
        played(camera)
    assert [each.uri for each in camera.requests[2:]] == ["rtsp://10.1.1.1/inside/trackID=1", "rtsp://10.1.1.1/inside/"]


@pytest.mark.parametrize("once", [False, True])
def test_every_method_may_be_challenged_and_each_answer_is_for_its_own_address(once: bool) -> None:
    nonces: list[str] = []

    def script(request: Request) -> bytes:
        if nonces and f'nonce="{nonces[-1]}"' in request.login and f'uri="{request.uri}"' in request.login:
            if once:
                nonces.append("spent")
            return plain(request)
        nonces.append(f"n{len(nonces)}")
        return answer(401, CHALLENGE.format(nonces[-1]))

    with ScriptedCamera(script) as camera:
        played(camera, username="viewer", password=SECRET)
    methods = ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]
    assert camera.methods == ([each for each in methods for _ in range(2)] if once else ["OPTIONS", *methods])
    assert SECRET not in str(camera.requests)


def test_basic_alone_is_enough() -> None:
    def script(request: Request) -> bytes:
        return (
            plain(request) if request.login.startswith("Basic ") else answer(401, 'WWW-Authenticate: Basic realm="/"')
        )

    with ScriptedCamera(script) as camera:
        played(camera, username="viewer", password=SECRET)
    assert camera.methods == ["OPTIONS", "OPTIONS", "DESCRIBE", "SETUP", "PLAY"]


@pytest.mark.parametrize("open_to_all", ["", "OPTIONS"])
def test_a_wrong_password_is_sent_once(open_to_all: str) -> None:
    nonces = iter(range(100))

    def script(request: Request) -> bytes:
        return plain(request) if request.method == open_to_all else answer(401, CHALLENGE.format(next(nonces)))

    with ScriptedCamera(script) as camera:
        assert refused(refusal(camera)) == ("DESCRIBE" if open_to_all else "OPTIONS", 401)
    assert len([each for each in camera.requests if each.login]) == 1


def test_options_may_be_refused_without_a_challenge() -> None:
    with ScriptedCamera(but(OPTIONS=answer(401))) as camera:
        played(camera, username="viewer", password=SECRET)
    assert camera.methods == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]


def test_a_challenge_without_a_user_name_to_answer_it_is_a_refusal() -> None:
    with ScriptedCamera(lambda _: answer(401, CHALLENGE.format(1))) as camera:
        client = Client(camera.address(), 5)
        with pytest.raises(RequestRefused) as error:
            client.play()
        client.close()
    assert error.value.status == 401


@pytest.mark.parametrize("method", ["DESCRIBE", "SETUP", "PLAY"])
@pytest.mark.parametrize("status", [302, 403, 404, 453, 461, 500, 503])
def test_a_refusal_names_the_request_and_the_status(method: str, status: int) -> None:
    with ScriptedCamera(but(**{method: answer(status, "Location: rtsp://elsewhere/")})) as camera:
        assert refused(refusal(camera)) == (method, status)


@pytest.mark.parametrize(
    "transport",
    [
        "",
        "Transport: RTP/AVP;unicast;client_port=5000-5001",
        "Transport: RTP/AVP/TCP;unicast",
        "Transport: RTP/AVP/TCP;interleaved=256-257",
    ],
)
def test_a_camera_that_does_not_send_over_the_connection_is_unsupported(transport: str) -> None:
    with ScriptedCamera(but(SETUP=answer(200, transport, "Session: 1"))) as camera:
        assert isinstance(refusal(camera), UnsupportedStream)


@pytest.mark.parametrize(
    ("interleaved", "channels"), [("2-3", (2, 3)), ("4-9", (4, 9)), ("254-255", (254, 255)), ("6", (6, 7))]
)
def test_the_channels_are_those_that_the_camera_names(interleaved: str, channels: tuple[int, int]) -> None:
    setup = answer(200, f"Transport: RTP/AVP/TCP;unicast;ssrc=1;interleaved={interleaved};mode=play", "Session: 1")
    with ScriptedCamera(but(SETUP=setup)) as camera:
        client = played(camera)
    assert (client.channel, client.control_channel) == channels


@pytest.mark.parametrize(
    ("session", "name", "seconds"),
    [
        ("Session: 1", "1", 60),
        ("Session: ab-c ; timeout=30", "ab-c", 30),
        ("Session: 1;timeout=0", "1", 10),
        ("Session: 1;timeout=999999999", "1", 60),
        ("Session: 1;timeout=" + "9" * 5000, "1", 60),
        ("X: y", None, 60),
    ],
)
def test_the_session_and_how_long_it_lasts(session: str, name: str | None, seconds: int) -> None:
    setup = answer(200, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1", session)
    with ScriptedCamera(but(SETUP=setup)) as camera:
        client = played(camera)
    assert client.session_s == seconds
    assert camera.requests[-1].headers.get("session") == name


def test_packets_before_the_answer_of_play_are_kept() -> None:
    early, late = framed(0, b"\x80\x60early"), framed(0, b"\x80\x60late")
    with ScriptedCamera(but(PLAY=early + early + answer(200) + late)) as camera:
        client = played(camera)
        while not client.received.endswith(late):
            client.received += client.socket.recv(1000)
    assert client.received == early + early + late


def test_a_camera_that_refuses_the_range_header_is_asked_without() -> None:
    def script(request: Request) -> bytes:
        return answer(457) if "range" in request.headers else plain(request)

    with ScriptedCamera(script) as camera:
        played(camera)
    assert camera.methods[-2:] == ["PLAY", "PLAY"]


@pytest.mark.parametrize(
    "before", [b"\r\n", b"\r\n\r\n", answer(100), b"OPTIONS * RTSP/1.0\r\nCSeq: 3\r\nContent-Length: 2\r\n\r\nhi"]
)
def test_what_comes_before_an_answer_is_ignored(before: bytes) -> None:
    with ScriptedCamera(lambda request: before + plain(request)) as camera:
        played(camera)
    assert camera.methods == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]


@pytest.mark.parametrize(
    "described",
    [
        b"x" * 40_000,
        b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 5000,
        b"RTSP/1.0 200 OK\r\nContent-Length: 70000\r\n\r\n",
    ],
)
def test_an_answer_that_is_too_long_or_no_rtsp_is_unsupported(described: bytes) -> None:
    with ScriptedCamera(but(DESCRIBE=described)) as camera:
        assert isinstance(refusal(camera), UnsupportedStream)


@pytest.mark.parametrize("length", ["²", "-1", "x", "9" * 5000])
def test_an_invalid_content_length_counts_as_zero(length: str) -> None:
    with ScriptedCamera(but(OPTIONS=answer(200, f"Content-Length: {length}"))) as camera:
        played(camera)


def test_a_camera_that_closes_the_connection_is_reported() -> None:
    with ScriptedCamera(but(SETUP=None)) as camera:
        assert isinstance(refusal(camera), ConnectionClosed)


def test_a_camera_that_does_not_answer_is_waited_for_until_the_limit() -> None:
    with ScriptedCamera(but(DESCRIBE=b"")) as camera:
        started_s = time.monotonic()
        assert isinstance(refusal(camera, timeout_s=0.3), AnswerTimeout)
        assert time.monotonic() - started_s >= 0.3


def test_packets_instead_of_an_answer_do_not_extend_the_limit() -> None:
    def drip() -> None:
        with contextlib.suppress(OSError):  # the connection has ended
            while True:
                camera.send(framed(0, bytes(100)))
                time.sleep(0.05)

    def script(request: Request) -> bytes:
        if request.method != "PLAY":
            return plain(request)
        threading.Thread(target=drip, daemon=True).start()
        return b""

    with ScriptedCamera(script) as camera:
        assert isinstance(refusal(camera, timeout_s=0.5), AnswerTimeout)


@pytest.mark.parametrize("host", ["127.0.0.1", "a..b", "a\0b", "x" * 80])
def test_a_host_that_does_not_listen_or_does_not_exist_cannot_be_connected(host: str) -> None:
    with ScriptedCamera() as camera:
        port = camera.address().port
    with pytest.raises(ConnectFailed) as error:
        Client(Address(host, port, "/", "viewer", SECRET), 2)
    assert host not in str(error.value)


def test_an_unknown_host_name_cannot_be_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:  # a real name server may be slow, or answer for every name
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ConnectFailed):
        Client(Address("nobody.invalid", 554, "/", "viewer", SECRET), 2)


def test_blanks_and_line_ends_in_an_address_are_percent_encoded() -> None:
    with ScriptedCamera() as camera:
        played(camera, "/a b\r\nX-Evil: 1/课堂")
    assert camera.requests[0].uri.endswith("/a%20b%0D%0AX-Evil:%201/课堂")
    assert "x-evil" not in camera.requests[0].headers


def test_a_stale_nonce_is_renewed_when_the_camera_says_so_among_the_packets() -> None:
    def script(request: Request) -> bytes:
        fresh = "second" if request.method == "GET_PARAMETER" else "first"
        return plain(request) if f'nonce="{fresh}"' in request.login else answer(401, CHALLENGE.format(fresh))

    with ScriptedCamera(script) as camera:
        client = played(camera, username="viewer", password=SECRET)
        client.keep_alive()
        camera.await_asked(6)
        client.take_answer(answer(401, CHALLENGE.format("second")).rstrip())
        requests = camera.await_asked(7)
        assert 'nonce="second"' in requests[-1].login
        client.take_answer(answer(401, CHALLENGE.format("third")).rstrip())  # the same keep-alive again
        client.close()
        assert camera.await_asked(8)[-1].method == "TEARDOWN"


def test_a_camera_without_get_parameter_is_kept_alive_with_options() -> None:
    with ScriptedCamera(but(OPTIONS=answer(200, "Public: OPTIONS, DESCRIBE"))) as camera:
        client = played(camera)
        client.keep_alive()
        assert camera.await_asked(5)[-1].method == "OPTIONS"
