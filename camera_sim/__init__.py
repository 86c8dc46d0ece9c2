"""The simulated camera: an RTSP server that shows prepared clips endlessly.

Belongs here: what a camera does on the wire (RTSP, RTP, RTCP), rightly and wrongly, the order in which a clip's
groups of pictures are shown, the log of frames sent. Does not belong here: anything of the product; this package
imports none of its rooms, so that what measures the product shares no code with it. Design: docs/design/camera-sim.md.
"""

from shike.camera_sim.config import Mount, SimConfig, mounts_in
from shike.camera_sim.faults import Faults
from shike.camera_sim.media.clip import Clip, ClipError, read_clip
from shike.camera_sim.sim import CameraSim

__all__ = ["CameraSim", "Clip", "ClipError", "Faults", "Mount", "SimConfig", "mounts_in", "read_clip"]
