"""When a stream is recorded: windows of time, and what lies between them.

Here: what a shard must know to decide by its own clock. Not here: where windows come from
(attendance.recording_policy).
"""

from collections.abc import Sequence
from typing import Literal

Window = tuple[int, int]
"""[from, to) in µs UTC."""
G711 = Literal["transcode", "drop"]
"""What is done with G.711 audio, which MP4 cannot hold: made into AAC, or left out."""
NEVER_US = 2**62


def rest_at(windows: Sequence[Window], now_us: int) -> Window | None:
    """The pause that a moment lies in, None inside a window. Without a window before it begins at 0, without one after
    it ends at NEVER_US. Windows are in order and do not overlap.
    """
    begin_us = 0
    for from_us, to_us in windows:
        if now_us < from_us:
            return begin_us, from_us
        if now_us < to_us:
            return None
        begin_us = to_us
    return begin_us, NEVER_US
