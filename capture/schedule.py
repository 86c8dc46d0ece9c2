"""Windows of time in which a stream is recorded, and the pauses between them.

Here: what a shard needs to decide by its own clock. Not here: computing windows from policies
(attendance.recording.policy).
"""

from collections.abc import Sequence
from typing import Literal

Window = tuple[int, int]
"""[from, to) in µs UTC."""
G711 = Literal["transcode", "drop"]
"""What to do with G.711 audio, which MP4 cannot hold: transcode to AAC, or drop."""
NEVER_US = 2**62


def rest_at(windows: Sequence[Window], now_us: int) -> Window | None:
    """The pause around a moment; None inside a window. `windows` are sorted and do not overlap.

    A pause before the first window begins at 0. A pause after the last one ends at NEVER_US.
    """
    begin_us = 0
    for from_us, to_us in windows:
        if now_us < from_us:
            return begin_us, from_us
        if now_us < to_us:
            return None
        begin_us = to_us
    return begin_us, NEVER_US
