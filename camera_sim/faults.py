"""The faults of one path of a simulated camera; tests set them while the camera plays.

Every field may be set from any thread. A fault marked "once" resets its field when it has happened.
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
    """One path's faults. By default there are none."""

    # ── connecting ──
    refuse: int | None = None
    """Answer DESCRIBE and SETUP with this status (401, 404, 453)."""
    viewers: int | None = None
    """At most this many sessions at a time; the next SETUP is answered with 453."""
    transports: tuple[Transport, ...] = ("tcp", "udp")
    """The transports that the camera offers; SETUP of another is answered with 461."""
    down: bool = False
    """The camera has no power: connections break, and new ones are closed."""

    # ── sending ──
    silent: bool = False
    """Connections stay open and nothing is sent: the encoder hangs."""
    mute: bool = False
    """The announced audio is not sent."""
    trickle_bytes_s: int | None = None
    """The line sends this many bytes a second; the camera drops the pictures that it makes meanwhile."""
    cut: bool = False
    """Once: send half of the next picture, then close the connection."""
    garbage: int = 0
    """Once: send this many random bytes before the next picture (TCP only)."""
    show: Clip | None = None
    """From the next group of pictures on, send this clip, as if the coding parameters had been changed."""
    at_once: bool = False
    """Begin with a keyframe at once after PLAY, however long the groups are."""

    # ── clock ──
    shift_us: int = 0
    """Added to the RTP time: a change makes it jump."""
    drift_ppm: int = 0
    """The camera's clock runs too fast by this much."""
    wraps_in_s: float | None = None
    """For the next session: RTP time passes 2^32 after this many seconds."""
    untimed_frames: int = 0
    """Once: this many pictures carry the time of the picture before them."""
    backward_frames: int = 0
    """Once: this many pictures carry a time that is ``backward_us`` too early."""
    backward_us: int = 300_000

    _since_us: int = field(default_factory=now_us)
    _last_us: int = 0

    def camera_us(self, at_us: int) -> int:
        """The camera's media clock (µs) at a time of this machine's clock."""
        return at_us + self.shift_us + (at_us - self._since_us) * self.drift_ppm // 1_000_000

    def picture_us(self, taken_us: int) -> int:
        """The time (µs) that the next picture carries."""
        camera_us = self.camera_us(taken_us)
        if self.untimed_frames > 0:
            self.untimed_frames -= 1
            return self._last_us or camera_us
        if self.backward_frames > 0:
            self.backward_frames -= 1
            return camera_us - self.backward_us
        self._last_us = camera_us
        return camera_us

    def clock_base(self, first: int, clock_hz: int) -> int:
        """The first RTP time: ``first``, a random number of 32 bits, unless ``wraps_in_s`` is set."""
        if self.wraps_in_s is None:
            return first
        return -(self.camera_us(now_us() + int(self.wraps_in_s * 1_000_000)) * clock_hz // 1_000_000) & 0xFFFFFFFF

    def taken_cut(self) -> bool:
        """Whether to cut off this picture; resets ``cut``."""
        cut, self.cut = self.cut, False
        return cut

    def taken_garbage(self) -> int:
        """How many random bytes to send before this picture; resets ``garbage``."""
        size, self.garbage = self.garbage, 0
        return size
