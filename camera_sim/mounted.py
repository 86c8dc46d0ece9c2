"""A path of the server while it runs: its clip, the frames due at any time, its audio, its faults, its viewers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from shike.camera_sim.faults import Faults
from shike.camera_sim.media.audio import SoundLoop
from shike.camera_sim.media.clip import Clip, ClipFrame
from shike.camera_sim.media.order import GopOrder, OrderName


@dataclass(frozen=True)
class Showing:
    """A clip and the order in which its groups of pictures are sent. A slot lasts as long as one group."""

    clip: Clip
    order: GopOrder

    def next_slot(self, now_us: int) -> int:
        """The first slot that begins at or after a time."""
        return -(-now_us // self.clip.gop_us)

    def frames(self, slot: int) -> Iterator[tuple[int, ClipFrame]]:
        """(due time in µs UTC, frame) of one slot."""
        gop = self.clip.gops[self.order.gop_at(slot)]
        start_us = slot * self.clip.gop_us
        for place, frame in enumerate(gop):
            yield start_us + place * self.clip.gop_us // len(gop), frame


@dataclass
class Mounted:
    """A path. ``viewers`` holds the connections that have a session."""

    path: str
    clip: Clip
    seed: str
    order: OrderName
    sound: SoundLoop | None = None
    faults: Faults = field(default_factory=Faults)
    viewers: set[object] = field(default_factory=set)
    _showing: Showing | None = None

    @property
    def showing(self) -> Showing:
        """What is sent now: the clip of the faults, if one is set."""
        clip = self.faults.show or self.clip
        if self._showing is None or self._showing.clip is not clip:
            self._showing = Showing(clip, GopOrder(len(clip.gops), self.seed, self.order))
        return self._showing

    def has_room_for(self, viewer: object) -> bool:
        """Whether a viewer has a session or may get one."""
        most = self.faults.viewers
        return most is None or viewer in self.viewers or len(self.viewers) < most
