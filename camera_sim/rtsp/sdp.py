"""The session description (SDP, RFC 8866) with which a simulated camera answers DESCRIBE."""

import base64

from shike.camera_sim.media.audio import SoundLoop
from shike.camera_sim.media.clip import Clip
from shike.camera_sim.rtp.packets import CLOCK_HZ, PAYLOAD_TYPE

SESSION_NAME = "shike-camera-sim"
"""The session's title: it marks a simulated camera."""

PICTURE_TRACK, SOUND_TRACK = "track0", "track1"


def describe(clip: Clip, sound: SoundLoop | None = None) -> bytes:
    """The description of a clip's stream, and of its audio if there is any."""
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
        f"a=rtpmap:{PAYLOAD_TYPE} {clip.coding.rtp_name}/{CLOCK_HZ}",
        f"a=fmtp:{PAYLOAD_TYPE} {_format(clip)}",
        f"a=framerate:{clip.fps:g}",
        f"a=framesize:{PAYLOAD_TYPE} {clip.width}-{clip.height}",
        f"a=control:{PICTURE_TRACK}",
    ]
    if sound is not None:
        lines += [f"m=audio 0 RTP/AVP {sound.payload_type}", f"a=rtpmap:{sound.payload_type} {sound.rtpmap}"]
        lines += [f"a=fmtp:{sound.payload_type} {sound.fmtp}"] if sound.fmtp else []
        lines += [f"a=control:{SOUND_TRACK}"]
    return ("\r\n".join(lines) + "\r\n").encode()


def _format(clip: Clip) -> str:
    """Format parameters: RFC 6184 for H.264, RFC 7798 for H.265."""
    if clip.coding.name == "h264":
        sets = ",".join(base64.b64encode(data).decode() for data in clip.sets)
        profile = next(data for data in clip.sets if clip.coding.kind(data) == 7)[1:4].hex()
        return f"packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={sets}"
    names = {32: "vps", 33: "sps", 34: "pps"}
    sets_by_name = {names[clip.coding.kind(data)]: base64.b64encode(data).decode() for data in clip.sets}
    return ";".join(f"sprop-{name}={value}" for name, value in sets_by_name.items())
