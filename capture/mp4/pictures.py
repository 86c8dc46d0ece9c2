"""Recorded bytes → one decoded picture. Keyframes only: a fragment that begins with one needs nothing before it."""

import io
from dataclasses import dataclass

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from shike.capture.errors import FootageError
from shike.capture.mp4 import boxes

_NO_PROBING = {"codec_whitelist": "none"}
"""Opening decodes a picture to find out what the init section already says, which doubles the cost. No decoder is
allowed for that; the one that decodes below is opened apart from it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture: `image` is BGR uint8 of shape (height, width, 3), `wall_us` its evidence time."""

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
