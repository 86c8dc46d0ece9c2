"""The simulated camera: an RTSP server that plays prepared clips endlessly.

Here: RTSP, RTP and RTCP as cameras speak them, with and without faults; the order in which a clip's groups of pictures
are sent; the log of frames sent. Not here: the product. This package imports none of its code, so that a measurement of
the product does not use the code that it measures. Design: docs/design/camera-sim.md.
"""

from shike.camera_sim.config import Mount, SimConfig, mounts_in
from shike.camera_sim.faults import Faults
from shike.camera_sim.media.clip import Clip, ClipError, read_clip
from shike.camera_sim.sim import CameraSim

__all__ = ["CameraSim", "Clip", "ClipError", "Faults", "Mount", "SimConfig", "mounts_in", "read_clip"]
