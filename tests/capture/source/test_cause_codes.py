"""Each error of the RTSP client becomes a cause code, or leaves the camera to FFmpeg; none holds address or login."""

import socket
from collections.abc import Callable

import pytest

from shike.capture.clock import SystemClock
from shike.capture.errors import SourceError
from shike.capture.source.address import Address
from shike.capture.source.plain import PlainSource
from shike.capture.source.reader_choice import NotPlain, ReaderChoice

from .rtsp.scripted import CHALLENGE, SDP, Request, ScriptedCamera, answer, plain
from .rtsp.sending import SPS, Sender, aggregate

SECRET = "s3cret-word"


def failure(script: Callable[[Request], bytes | None], timeout_s: float = 5) -> SourceError | NotPlain:
    """Why a camera cannot be opened. The error holds neither the address nor the login."""
    with ScriptedCamera(script) as camera:
        address = camera.address("/live?token=abc", "viewer", SECRET)
        with pytest.raises((SourceError, NotPlain)) as error:
            PlainSource.open(address, SystemClock(), timeout_s, ReaderChoice())
    for secret in (SECRET, "viewer", "127.0.0.1", "token", str(address.port)):
        assert secret not in str(error.value) + repr(error.value)
    assert error.value.__cause__ is None and error.value.__suppress_context__
    assert isinstance(error.value, (SourceError, NotPlain))
    return error.value


def but(**answers: bytes | None) -> Callable[[Request], bytes | None]:
    return lambda request: answers[request.method] if request.method in answers else plain(request)


def cause(error: SourceError | NotPlain) -> str:
    assert isinstance(error, SourceError), error
    return error.cause


@pytest.mark.parametrize("method", ["DESCRIBE", "SETUP", "PLAY"])
@pytest.mark.parametrize("status", [401, 403, 404, 453])
def test_a_refusal_has_a_cause_code_by_its_status(method: str, status: int) -> None:
    assert cause(failure(but(**{method: answer(status)}))) == f"refused_{status}"


@pytest.mark.parametrize("open_to_all", ["", "OPTIONS"])
def test_a_wrong_password_is_a_refusal(open_to_all: str) -> None:
    def script(request: Request) -> bytes:
        return plain(request) if request.method == open_to_all else answer(401, CHALLENGE.format("n"))

    assert cause(failure(script)) == "refused_401"


@pytest.mark.parametrize("method", ["DESCRIBE", "SETUP", "PLAY"])
@pytest.mark.parametrize(("status", "lasting"), [(461, True), (302, False), (500, False), (503, False)])
def test_another_status_is_left_to_ffmpeg(method: str, status: int, lasting: bool) -> None:
    error = failure(but(**{method: answer(status)}))
    assert isinstance(error, NotPlain)
    assert (str(error), error.lasting) == (f"{method} is answered with {status}", lasting)


@pytest.mark.parametrize(
    "answers",
    [
        {"DESCRIBE": answer(200, body=SDP.replace(b"H264", b"JPEG"))},
        {"DESCRIBE": b"x" * 40_000},
        {"DESCRIBE": b"RTSP/1.0 200 OK\r\nContent-Length: 70000\r\n\r\n"},
        {"SETUP": answer(200, "Transport: RTP/AVP;unicast;client_port=5000-5001", "Session: 1")},
    ],
)
def test_a_stream_that_the_client_does_not_support_is_left_to_ffmpeg_for_good(
    answers: dict[str, bytes],
) -> None:
    error = failure(but(**answers))
    assert isinstance(error, NotPlain) and error.lasting


def test_a_camera_that_closes_the_connection_is_left_to_ffmpeg_this_time() -> None:
    error = failure(but(SETUP=None))
    assert isinstance(error, NotPlain) and not error.lasting
    assert str(error) == "it closed the connection"


def test_a_camera_that_does_not_answer_is_a_timeout() -> None:
    assert cause(failure(but(DESCRIBE=b""), timeout_s=0.3)) == "timeout"


def test_a_host_that_does_not_listen_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(SourceError) as error:
        PlainSource.open(Address("127.0.0.1", port, "/", "viewer", SECRET), SystemClock(), 2, ReaderChoice())
    assert error.value.cause == "unreachable" and SECRET not in repr(error.value)


def test_endless_parameter_sets_together_with_the_answer_to_play_are_a_lost_connection() -> None:
    sender = Sender()
    data = b"".join(sender.payloads(aggregate(*[SPS[:2]] * 100)) for _ in range(20))
    assert cause(failure(but(PLAY=answer(200, "Session: 77") + data))) == "connection_lost"
