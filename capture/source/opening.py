"""Opening a camera or a file: the only place where media from outside comes in, and where its reader is chosen."""

from collections.abc import Callable
from pathlib import Path

from shike.capture.clock import Clock
from shike.capture.schedule import G711
from shike.capture.source.address import Address
from shike.capture.source.ffmpeg import FFmpegSource
from shike.capture.source.open_stream import Source, nobody_asks
from shike.capture.source.plain import PlainSource, Ways
from shike.capture.source.rtsp.not_plain import NotPlain


def open_camera(
    address: Address,
    clock: Clock,
    timeout_s: float = 10.0,
    audio: G711 | None = None,
    ways: Ways | None = None,
    passed_over: Callable[[], None] = nobody_asks,
) -> Source:
    """Connect to a camera. SourceError with a cause code if it refuses or does not answer.

    `audio` says what is done with G.711; None leaves audio out altogether: the camera is not even asked for it.
    `passed_over` is called for pictures that no recording can begin with, and may raise.
    """
    ways = ways or Ways()
    if audio is None and ways.plain:
        try:
            source = PlainSource.open(address, clock, timeout_s, ways, passed_over)
            ways.why_not = None
            return source
        except NotPlain as error:
            ways.plain, ways.why_not = not error.lasting, str(error)
        passed_over()  # the one who waits is alive: FFmpeg may take as long again
    return FFmpegSource.open_camera(address, clock, timeout_s, audio)


def open_file(path: Path, clock: Clock) -> FFmpegSource:
    """Open a recorded file. SourceError if it is not video that can be stored as it is."""
    return FFmpegSource.open_file(path, clock)
