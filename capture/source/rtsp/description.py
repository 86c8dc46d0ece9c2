"""The session description (SDP, RFC 8866) of a camera: the video track that this client can read."""

import re
from base64 import b64decode
from dataclasses import dataclass, replace
from typing import Literal

from shike.capture.source.rtsp.errors import UnsupportedStream

Codec = Literal["h264", "hevc"]
_NAMES: dict[str, Codec] = {"H264": "h264", "H265": "hevc", "HEVC": "hevc"}
_PAYLOAD_TYPE = re.compile(r"[0-9]{1,2}|1[01][0-9]|12[0-7]")
_HEVC_SETS = ("sprop-vps", "sprop-sps", "sprop-pps")


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The video track of a session.

    `title`: the session's name. `control`, `session_control`: the control attributes as the camera wrote them.
    `sets`: parameter sets without start codes.
    """

    title: str
    codec: Codec
    payload_type: int
    clock_hz: int
    control: str
    session_control: str
    sets: tuple[bytes, ...]
    announces_audio: bool = False


def read_description(text: str) -> VideoTrack:
    """The first video track. UnsupportedStream if there is none, or none that this client can read."""
    title, session_control = "", "*"
    media_lines: list[str] = []
    media_attributes: list[dict[str, list[str]]] = []
    for line in text.splitlines():
        name, _, value = line.strip().partition("=")
        if name == "s":
            title = value.strip()
        elif name == "m":
            media_lines.append(value)
            media_attributes.append({})
        elif name == "a":
            key, _, content = value.partition(":")
            if media_attributes:
                media_attributes[-1].setdefault(key.strip().lower(), []).append(content.strip())
            elif key == "control":
                session_control = content.strip()
    for line, attributes in zip(media_lines, media_attributes, strict=True):
        if line.split()[:1] == ["video"]:
            has_audio = any(other.split()[:1] == ["audio"] for other in media_lines)
            return replace(_track(title, session_control, line.split(), attributes), announces_audio=has_audio)
    raise UnsupportedStream("no video is announced")


def _track(title: str, session_control: str, line: list[str], attributes: dict[str, list[str]]) -> VideoTrack:
    if len(line) < 4 or not _PAYLOAD_TYPE.fullmatch(line[3]):
        raise UnsupportedStream("the video is announced without a payload type")
    if not line[2].upper().startswith("RTP/AVP"):
        raise UnsupportedStream(f"the video is sent as {line[2]}")
    payload_type = int(line[3])
    maps = dict(each.split(None, 1) for each in attributes.get("rtpmap", []) if len(each.split(None, 1)) == 2)
    name, _, clock = maps.get(line[3], "").partition("/")
    codec, clock = _NAMES.get(name.upper()), clock.partition("/")[0]
    if codec is None or clock != "90000":
        raise UnsupportedStream(f"the video is {name or 'not named'} at {clock or 'no'} Hz")
    formats = dict(each.split(None, 1) for each in attributes.get("fmtp", []) if len(each.split(None, 1)) == 2)
    parameters = dict(_pair(each) for each in formats.get(line[3], "").split(";"))
    if parameters.get("packetization-mode", "0") not in ("0", "1") or parameters.get("sprop-max-don-diff", "0") != "0":
        raise UnsupportedStream("its packets may be interleaved")
    try:
        if codec == "h264":
            sets = [b64decode(each) for each in parameters.get("sprop-parameter-sets", "").split(",") if each]
        else:
            sets = [b64decode(each) for name in _HEVC_SETS for each in parameters.get(name, "").split(",") if each]
    except ValueError:  # not base64, or not even ASCII
        sets = []  # most cameras repeat the sets before every keyframe
    control = attributes.get("control", [""])[0]
    return VideoTrack(title, codec, payload_type, 90_000, control, session_control, tuple(filter(None, sets)))


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.strip().partition("=")
    return name.strip().lower(), value.strip()
