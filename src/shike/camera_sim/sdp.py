"""The session description (RFC 8866) a simulated camera answers DESCRIBE with."""

import base64

from shike.camera_sim.clip import Clip
from shike.camera_sim.rtp import CLOCK_HZ, PAYLOAD_TYPE

SESSION_NAME = "shike-camera-sim"
"""The title by which anybody can tell a simulated camera from a real one."""

TRACK = "track0"


def describe(clip: Clip) -> bytes:
    """The description of one clip's stream."""
    sets = ",".join(base64.b64encode(data).decode() for data in (clip.sps, clip.pps))
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        f"s={SESSION_NAME}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"b=AS:{max(1, clip.bitrate_bps // 1000)}",
        f"a=rtpmap:{PAYLOAD_TYPE} H264/{CLOCK_HZ}",
        f"a=fmtp:{PAYLOAD_TYPE} packetization-mode=1;profile-level-id={clip.sps[1:4].hex()};"
        f"sprop-parameter-sets={sets}",
        f"a=framerate:{clip.fps:g}",
        f"a=framesize:{PAYLOAD_TYPE} {clip.width}-{clip.height}",
        f"a=control:{TRACK}",
    ]
    return ("\r\n".join(lines) + "\r\n").encode()
