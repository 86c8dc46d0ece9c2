"""An open stream, whoever reads it: its video packets with the moment each arrived.

Errors are SourceError with a cause code; the words of FFmpeg or of a camera are not passed on, because they may hold
the address. Opening: `opening`. Readers: `ffmpeg_source`, `rtsp.source`. Design: docs/design/capture.md.
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


class Timed(NamedTuple):
    """A packet, when it came, and the camera's own clock for it (µs UTC) once a sender report has arrived."""

    packet: AnyPicture
    arrival: Arrival
    camera_clock_us: int | None


def nobody_asks() -> None:
    """Nothing is done for pictures that are passed over."""


class Source(ABC):
    """An open stream. Use as a context manager; iterate `packets()` once."""

    video: VideoStream
    """How the pictures are coded: what a mux, and who looks for changes, goes by."""
    sound: Sound | None = None
    simulated: bool = False
    announces_audio: bool | None = None
    """Whether the camera would send sound if it was asked; None where nobody looked."""
    connected_s: float | None = None
    """When the camera had agreed to send, on the steady clock; None where that is not told from the rest of opening."""

    @property
    def lost(self) -> int:
        """How often something was missing between what came, as far as its reader can tell."""
        return 0

    @abstractmethod
    def packets(self, passed_over: Callable[[], None] = nobody_asks) -> Iterator[Timed]:
        """Packets from the first keyframe on. SourceError when the connection ends or falls silent.

        `passed_over` is called for each before it, and may raise: some cameras have none for a long time.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def give_memory_back() -> None:
    """FFmpeg decodes some pictures as it opens a stream; the C library would keep what they took for good."""
    if _malloc_trim is not None:
        _malloc_trim(0)
