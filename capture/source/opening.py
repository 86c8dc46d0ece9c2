"""Opening a camera or a file: the only place where media enters the product, and where the reader is chosen."""

from collections.abc import Callable
from pathlib import Path

from shike.capture.clock import Clock
from shike.capture.schedule import G711
from shike.capture.source.address import Address
from shike.capture.source.ffmpeg import FFmpegSource
from shike.capture.source.open_stream import Source, ignore_skipped
from shike.capture.source.plain import PlainSource
from shike.capture.source.reader_choice import NotPlain, ReaderChoice


def open_camera(
    address: Address,
    clock: Clock,
    timeout_s: float = 10.0,
    audio: G711 | None = None,
    choice: ReaderChoice | None = None,
    on_skipped: Callable[[], None] = ignore_skipped,
) -> Source:
    """Connect to a camera. SourceError with a cause code if it refuses or does not answer.

    `audio` says what to do with G.711; with None the camera is not asked for audio at all.
    `choice` holds what earlier connections learnt about this camera, and is brought up to date.
    `on_skipped` is called for pictures before the first keyframe, and may raise.
    """
    choice = choice or ReaderChoice()
    if audio is None and choice.try_plain:
        try:
            source = PlainSource.open(address, clock, timeout_s, choice, on_skipped)
            choice.why_ffmpeg = None
            return source
        except NotPlain as error:
            choice.try_plain, choice.why_ffmpeg = not error.lasting, str(error)
        on_skipped()  # a sign of life for the caller: FFmpeg may take as long again
    return FFmpegSource.open_camera(address, clock, timeout_s, audio)


def open_file(path: Path, clock: Clock) -> FFmpegSource:
    """Open a video file. SourceError if its video cannot be stored without encoding it again."""
    return FFmpegSource.open_file(path, clock)
