"""Decodes one picture from recorded bytes. Keyframes only: they decode without any fragment before them."""

import io
from dataclasses import dataclass

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from shike.capture.errors import FootageError
from shike.capture.mp4 import boxes

_NO_PROBING = {"codec_whitelist": "none"}
"""While opening, FFmpeg would decode a picture to learn what the init section already holds, which doubles the cost.
Without an allowed codec it does not. The decoder below is opened separately."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture. `image`: BGR uint8 of shape (height, width, 3). `wall_us`: its wall time (µs UTC)."""

    image: NDArray[np.uint8]
    wall_us: int

    @property
    def height(self) -> int:
        return int(self.image.shape[0])

    @property
    def width(self) -> int:
        return int(self.image.shape[1])


def decode_keyframe(init: bytes, fragment: bytes) -> Picture:
    """The first picture of a fragment (prft + moof + mdat) that begins with a keyframe. FootageError if it fails."""
    wall_us = boxes.prft_wall_us(fragment, boxes.find(fragment, b"prft"))
    try:
        with av.open(io.BytesIO(init + fragment), "r", format="mp4", options=_NO_PROBING) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            stream.codec_context.skip_frame = "NONKEY"
            for frame in container.decode(stream):
                return Picture(frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False), wall_us)
    except FFmpegError as error:
        raise FootageError(f"a keyframe cannot be decoded: {error.strerror}") from None
    raise FootageError("a fragment holds no keyframe")
