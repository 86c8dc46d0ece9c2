"""What is wrong with a simulated camera at the moment; tests set it while the camera plays.

Every field may be set from any thread. Those that say "once" are reset when it has happened.
"""

import time
from dataclasses import dataclass, field
from typing import Literal

from shike.camera_sim.media.clip import Clip

Transport = Literal["tcp", "udp"]


def now_us() -> int:
    """UTC microseconds of this machine's clock."""
    return time.time_ns() // 1000


@dataclass
class Faults:
    """One path's faults; without any it is a camera that works."""

    # ── who is let in ──
    refuse: int | None = None
    """Answer DESCRIBE and SETUP with this status (401, 404, 453)."""
    viewers: int | None = None
    """So many may have a session at a time; the next is answered 453."""
    transports: tuple[Transport, ...] = ("tcp", "udp")
    """Others are answered 461."""
    down: bool = False
    """As if the camera had no power: connections break, new ones are cut off."""

    # ── what comes ──
    silent: bool = False
    """Connections stay, nothing is sent: an encoder hangs."""
    mute: bool = False
    """The sound that was announced does not come."""
    trickle_bytes_s: int | None = None
    """So slow is the line; pictures that are made meanwhile are lost in the camera."""
    cut: bool = False
    """Once: half of the next picture, then the end of the connection."""
    garbage: int = 0
    """Once: so many bytes of noise before the next picture (TCP only)."""
    show: Clip | None = None
    """From the next group of pictures on: another clip, as if coding parameters had been changed."""
    at_once: bool = False
    """A viewer gets a keyframe at once, however long the groups are."""

    # ── the camera's clock ──
    shift_us: int = 0
    """RTP time jumps by this much against a straight line."""
    drift_ppm: int = 0
    """The camera's clock runs too fast by this much."""
    wraps_in_s: float | None = None
    """For the next session: RTP time passes 2^32 after so many seconds."""
    untimed_frames: int = 0
    """Once: so many pictures carry the time of the one before them."""
    backward_frames: int = 0
    """Once: so many pictures carry a time that lies ``backward_us`` back."""
    backward_us: int = 300_000

    _since_us: int = field(default_factory=now_us)
    _last_us: int = 0

    def camera_us(self, at_us: int) -> int:
        """The camera's media clock at a moment of ours."""
        return at_us + self.shift_us + (at_us - self._since_us) * self.drift_ppm // 1_000_000

    def picture_us(self, taken_us: int) -> int:
        """What the next picture says of when it was taken."""
        said = self.camera_us(taken_us)
        if self.untimed_frames > 0:
            self.untimed_frames -= 1
            return self._last_us or said
        if self.backward_frames > 0:
            self.backward_frames -= 1
            return said - self.backward_us
        self._last_us = said
        return said

    def clock_base(self, first: int, clock_hz: int) -> int:
        """Where RTP time begins: a random number of 32 bits, unless it is to wrap soon."""
        if self.wraps_in_s is None:
            return first
        return -(self.camera_us(now_us() + int(self.wraps_in_s * 1_000_000)) * clock_hz // 1_000_000) & 0xFFFFFFFF

    def taken_cut(self) -> bool:
        """Whether this picture is the one to be cut off."""
        cut, self.cut = self.cut, False
        return cut

    def taken_garbage(self) -> int:
        """How many bytes of noise go before this picture."""
        size, self.garbage = self.garbage, 0
        return size
