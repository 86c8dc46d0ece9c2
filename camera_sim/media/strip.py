"""The strip of bits along a sample picture's lower edge: the number of the view and of the frame in its clip.

32 equal cells over the full width, one 45th of the height: 4 bits marker, 4 view, 16 frame number, 8 checksum, most
significant bit first, white is one. The cells are large enough to be read after H.264 at a few hundred kbit/s and in a
sub-stream.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CELLS = 32
ROWS_PER_HEIGHT = 45
_MARKER = 0b1010
_WHITE, _BLACK = 255, 0


@dataclass(frozen=True)
class Strip:
    """The content of a strip: ``view`` 0..15, ``frame`` 0..65535 from the clip's start."""

    view: int
    frame: int


def checksum(view: int, frame: int) -> int:
    """Eight bits by which most wrongly read strips are noticed."""
    return ((view * 31 + (frame & 0xFF) + (frame >> 8)) ^ 0xA5) & 0xFF


def paint(picture: NDArray[np.uint8], strip: Strip) -> None:
    """Draw the strip into ``picture`` (HxW or HxWx3, changed in place)."""
    height, width = picture.shape[:2]
    word = _MARKER << 28 | strip.view << 24 | strip.frame << 8 | checksum(strip.view, strip.frame)
    bits = np.array([word >> (CELLS - 1 - cell) & 1 for cell in range(CELLS)])
    row = np.where(np.repeat(bits, width // CELLS), _WHITE, _BLACK).astype(np.uint8)
    band = picture[height - height // ROWS_PER_HEIGHT :, : row.size]
    band[:] = row if picture.ndim == 2 else row[:, None]


def read(luma: NDArray[Any]) -> Strip | None:
    """Read the strip of a picture's luma plane (HxW); None if there is none or it is damaged."""
    height, width = luma.shape
    rows, cell = height // ROWS_PER_HEIGHT, width // CELLS
    if rows < 4 or cell < 4:
        return None
    band = luma[height - rows + rows // 4 : height - rows // 4, : cell * CELLS].astype(np.float32)
    middles = band.reshape(band.shape[0], CELLS, cell)[:, :, cell // 4 : cell - cell // 4]
    word = 0
    for white in middles.mean(axis=(0, 2)) > 128:
        word = word << 1 | int(white)
    strip = Strip(view=word >> 24 & 0xF, frame=word >> 8 & 0xFFFF)
    if word >> 28 != _MARKER or word & 0xFF != checksum(strip.view, strip.frame):
        return None
    return strip
