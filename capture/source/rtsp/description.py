"""What a camera says that it sends (SDP, RFC 8866): the video track that can be read plainly."""

import re
from base64 import b64decode
from dataclasses import dataclass, replace
from typing import Literal

from shike.capture.source.rtsp.not_plain import NotPlain

Codec = Literal["h264", "hevc"]
_NAMES: dict[str, Codec] = {"H264": "h264", "H265": "hevc", "HEVC": "hevc"}
_PAYLOAD_TYPE = re.compile(r"[0-9]{1,2}|1[01][0-9]|12[0-7]")
_SETS = ("sprop-vps", "sprop-sps", "sprop-pps")


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The video of a session. `sets`: parameter sets without start codes; `control` as the camera wrote it."""

    title: str
    codec: Codec
    payload_type: int
    clock_hz: int
    control: str
    session_control: str
    sets: tuple[bytes, ...]
    announces_audio: bool = False


def read_description(text: str) -> VideoTrack:
    """The first video track. NotPlain where there is none that is read plainly."""
    title, session_control = "", "*"
    media: list[dict[str, list[str]]] = []
    kinds: list[str] = []
    for line in text.splitlines():
        name, _, value = line.strip().partition("=")
        if name == "s":
            title = value.strip()
        elif name == "m":
            kinds.append(value)
            media.append({})
        elif name == "a":
            key, _, said = value.partition(":")
            if media:
                media[-1].setdefault(key.strip().lower(), []).append(said.strip())
            elif key == "control":
                session_control = said.strip()
    for line, attributes in zip(kinds, media, strict=True):
        if line.split()[:1] == ["video"]:
            has_audio = any(other.split()[:1] == ["audio"] for other in kinds)
            return replace(_track(title, session_control, line.split(), attributes), announces_audio=has_audio)
    raise NotPlain("no video is announced")


def _track(title: str, session_control: str, line: list[str], attributes: dict[str, list[str]]) -> VideoTrack:
    if len(line) < 4 or not _PAYLOAD_TYPE.fullmatch(line[3]):
        raise NotPlain("the video is announced without a payload type")
    if not line[2].upper().startswith("RTP/AVP"):
        raise NotPlain(f"the video is sent as {line[2]}")
    payload_type = int(line[3])
    maps = dict(each.split(None, 1) for each in attributes.get("rtpmap", []) if len(each.split(None, 1)) == 2)
    name, _, clock = maps.get(line[3], "").partition("/")
    codec, clock = _NAMES.get(name.upper()), clock.partition("/")[0]
    if codec is None or clock != "90000":
        raise NotPlain(f"the video is {name or 'not named'} at {clock or 'no'} Hz")
    formats = dict(each.split(None, 1) for each in attributes.get("fmtp", []) if len(each.split(None, 1)) == 2)
    said = dict(_pair(each) for each in formats.get(line[3], "").split(";"))
    if said.get("packetization-mode", "0") not in ("0", "1") or said.get("sprop-max-don-diff", "0") != "0":
        raise NotPlain("its packets may be interleaved")
    try:
        if codec == "h264":
            sets = [b64decode(each) for each in said.get("sprop-parameter-sets", "").split(",") if each]
        else:
            sets = [b64decode(each) for name in _SETS for each in said.get(name, "").split(",") if each]
    except ValueError:  # no base64, or not even ASCII
        sets = []  # most cameras repeat them before every keyframe
    control = attributes.get("control", [""])[0]
    return VideoTrack(title, codec, payload_type, 90_000, control, session_control, tuple(filter(None, sets)))


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.strip().partition("=")
    return name.strip().lower(), value.strip()
