"""`Source`: an open stream of one camera or file, read packet by packet, each packet with the time it arrived.

A recorder opens a source, takes what it needs to know of the coding from `video`, and iterates `packets()`. It does not
see which reader is behind it: `FFmpegSource` (`ffmpeg`) or `PlainSource` (`plain`). `opening` opens a source.

Every error is a SourceError with a cause code. It never passes on the words of FFmpeg or of a camera: they may hold the
address. Design: docs/design/capture.md.
"""

import ctypes
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import NamedTuple, Self

from av.video.stream import VideoStream

from shike.capture.mp4.coded_picture import AnyPicture
from shike.capture.source.audio import Sound
from shike.capture.source.timeline import Arrival

SIMULATED_TITLE = "shike-camera-sim"
CODECS = ("h264", "hevc")
_malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not every C library has it


class TimedPacket(NamedTuple):
    """A packet, when it arrived, and the camera's own clock for it (µs UTC) where a sender report gives one."""

    packet: AnyPicture
    arrival: Arrival
    camera_clock_us: int | None


def ignore_skipped() -> None:
    """The default for `on_skipped`: do nothing."""


class Source(ABC):
    """An open stream. Use it as a context manager; iterate `packets()` once."""

    video: VideoStream
    """How the pictures are coded: the template for muxers and for detecting changed parameters."""
    sound: Sound | None = None
    """The stream's audio, where it was asked for and the stream has it."""
    simulated: bool = False
    announces_audio: bool | None = None
    """Whether the camera offers audio; None where the reader did not look."""
    connected_s: float | None = None
    """When the camera had accepted PLAY, on the steady clock; None where the reader does not know it."""

    @property
    def lost(self) -> int:
        """How many gaps there were in what arrived, as far as the reader can tell."""
        return 0

    @abstractmethod
    def packets(self, on_skipped: Callable[[], None] = ignore_skipped) -> Iterator[TimedPacket]:
        """Packets, from the first keyframe on. SourceError when the connection ends or falls silent.

        `on_skipped` is called for each packet before the first keyframe. It may raise, so that the caller can limit the
        wait: some cameras send no keyframe for a long time.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the connection or file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def give_memory_back() -> None:
    """Return freed memory to the system. FFmpeg decodes some pictures as it opens a stream; the C library would keep
    that memory in the process.
    """
    if _malloc_trim is not None:
        _malloc_trim(0)
