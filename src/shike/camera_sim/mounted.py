"""A mounted clip: a path of the server with what it shows at any moment, and the means to fall silent."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from shike.camera_sim.clip import Clip, ClipFrame
from shike.camera_sim.order import GopOrder


@dataclass
class Mounted:
    """``silent`` keeps connections open and sends nothing, like a camera whose encoder hangs."""

    path: str
    clip: Clip
    order: GopOrder
    silent: bool = field(default=False)

    def next_slot(self, now_us: int) -> int:
        """The first slot that begins at or after a moment."""
        return -(-now_us // self.clip.gop_us)

    def frames(self, slot: int) -> Iterator[tuple[int, ClipFrame]]:
        """(due time in UTC microseconds, frame) of one slot."""
        gop = self.clip.gops[self.order.gop_at(slot)]
        start_us = slot * self.clip.gop_us
        for place, frame in enumerate(gop):
            yield start_us + place * self.clip.gop_us // len(gop), frame
