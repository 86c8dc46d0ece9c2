"""What can go wrong between the client and a camera, as facts about the connection and the stream.

RtspError
├── ConnectFailed      no connection: the host is unknown, unreachable, or refuses
├── AnswerTimeout      no connection or no answer within the time limit
├── ConnectionClosed   the camera closed the connection before it had answered
├── RequestRefused     an answer with another status than 200
├── UnsupportedStream  the camera or its stream needs something that this client does not have
└── StreamCorrupt      what comes after PLAY is no stream of pictures any more

What the product makes of each: capture.source.plain. No error holds an address: it could hold a password.
"""


class RtspError(Exception):
    """Base of this package's errors."""


class ConnectFailed(RtspError):
    """No connection could be made."""


class AnswerTimeout(RtspError):
    """The camera did not connect or answer within the time limit."""


class ConnectionClosed(RtspError):
    """The camera closed the connection before it had answered."""


class RequestRefused(RtspError):
    """The camera answered a request with `status`, which is not 200."""

    def __init__(self, method: str, status: int) -> None:
        super().__init__(f"{method} is answered with {status}")
        self.method, self.status = method, status


class UnsupportedStream(RtspError):
    """The camera or its stream needs something that this client does not have; the message names it."""


class StreamCorrupt(RtspError):
    """No packets are recognised any more, or a picture exceeds every limit."""
