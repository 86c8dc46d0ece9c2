"""Session descriptions, as the makers of cameras write them."""

from base64 import b64encode

import pytest

from shike.capture.source.rtsp.client import control_uri
from shike.capture.source.rtsp.description import VideoTrack, read_description
from shike.capture.source.rtsp.errors import UnsupportedStream

SPS, PPS = b"\x67\x4d\x00\x1f\x95\xa8", b"\x68\xee\x3c\x80"
SETS = f"{b64encode(SPS).decode()},{b64encode(PPS).decode()}"
H264 = f"""m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 profile-level-id=4d001f;packetization-mode=1;sprop-parameter-sets={SETS}
"""
HIKVISION = f"""v=0
o=- 1700000000000000 1700000000000000 IN IP4 192.168.1.64
s=Media Presentation
e=NONE
b=AS:5050
t=0 0
a=control:rtsp://192.168.1.64:554/Streaming/Channels/101/
m=video 0 RTP/AVP 96
c=IN IP4 0.0.0.0
b=AS:5000
a=recvonly
a=x-dimensions:1920,1080
a=control:rtsp://192.168.1.64:554/Streaming/Channels/101/trackID=1
a=rtpmap:96 H264/90000
a=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets={SETS}
m=application 0 RTP/AVP 107
a=control:rtsp://192.168.1.64:554/Streaming/Channels/101/trackID=3
a=rtpmap:107 vnd.onvif.metadata/90000
a=Media_header:MEDIAINFO=494D4B48010200000400000100000000000000000000000000000000000000000000000000000000;
a=appversion:1.0
"""
DAHUA = f"""v=0
o=- 2251938191 2251938191 IN IP4 0.0.0.0
s=Media Server
c=IN IP4 0.0.0.0
t=0 0
a=control:*
a=packetization-supported:DH
a=rtppayload-supported:DH
a=range:npt=now-
m=video 0 RTP/AVP 98
a=control:trackID=0
a=framerate:25.000000
a=rtpmap:98 H265/90000
a=fmtp:98 profile-id=1;sprop-sps={b64encode(b"B" + SPS).decode()};sprop-pps={b64encode(b"D" + PPS).decode()};\
sprop-vps={b64encode(b"@vps").decode()}
a=recvonly
m=audio 0 RTP/AVP 8
a=control:trackID=1
a=rtpmap:8 PCMA/8000
a=recvonly
"""
AXIS = f"""v=0\r
o=- 1188340656180883 1 IN IP4 10.0.0.7\r
s=Session streamed with GStreamer\r
i=rtsp-server\r
t=0 0\r
a=tool:GStreamer\r
a=type:broadcast\r
a=range:npt=now-\r
a=control:rtsp://10.0.0.7/axis-media/media.amp?videocodec=h264\r
m=audio 0 RTP/AVP 97\r
a=rtpmap:97 mpeg4-generic/16000/1\r
a=control:rtsp://10.0.0.7/axis-media/media.amp/stream=1?videocodec=h264\r
m=video 0 RTP/AVP 96\r
c=IN IP4 0.0.0.0\r
b=AS:50000\r
a=rtpmap:96 H264/90000\r
a=fmtp:96 packetization-mode=1;profile-level-id=4d0029;sprop-parameter-sets={SETS}\r
a=ts-refclk:local\r
a=control:rtsp://10.0.0.7/axis-media/media.amp/stream=0?videocodec=h264\r
a=framerate:25.000000\r
"""


def test_a_description_of_hikvision() -> None:
    expected = "rtsp://192.168.1.64:554/Streaming/Channels/101/"
    assert read_description(HIKVISION) == VideoTrack(
        "Media Presentation", "h264", 96, 90_000, f"{expected}trackID=1", expected, (SPS, PPS)
    )


def test_a_description_of_dahua_in_h265() -> None:
    track = read_description(DAHUA)
    assert (track.codec, track.payload_type, track.control, track.session_control) == ("hevc", 98, "trackID=0", "*")
    assert track.sets == (b"@vps", b"B" + SPS, b"D" + PPS)


def test_a_description_of_axis_with_audio_first() -> None:
    track = read_description(AXIS)
    assert track.control == "rtsp://10.0.0.7/axis-media/media.amp/stream=0?videocodec=h264"
    assert track.sets == (SPS, PPS)


def test_a_metadata_track_may_come_before_the_video() -> None:
    first = "m=application 0 RTP/AVP 107\na=control:trackID=3\na=rtpmap:107 vnd.onvif.metadata/90000\n"
    assert read_description(f"v=0\ns=x\n{first}{H264}a=control:trackID=1\n").control == "trackID=1"


def test_the_first_of_two_video_tracks_is_used() -> None:
    text = f"v=0\n{H264}a=control:first\n{H264}a=control:second\n"
    assert read_description(text).control == "first"


def test_controls_may_be_missing_altogether() -> None:
    track = read_description(f"v=0\n{H264}")
    assert (track.control, track.session_control) == ("", "*")


@pytest.mark.parametrize(
    "sets",
    ["", *(f"sprop-parameter-sets={each}" for each in ("", "Z", "!!,??", ",,", "Zé==", "\N{REPLACEMENT CHARACTER}"))],
)
def test_parameter_sets_may_be_missing_or_damaged(sets: str) -> None:
    track = read_description(f"m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=1;{sets}\n")
    assert track.sets == ()


def test_a_camera_may_say_nothing_about_its_format() -> None:
    assert read_description("m=video 0 RTP/AVP 96\na=rtpmap:96 h264/90000\n").codec == "h264"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=0\ns=nothing\n",
        "m=audio 0 RTP/AVP 8\na=rtpmap:8 PCMA/8000\n",
        "m=video 0 RTP/AVP 26\na=control:trackID=1\n",
        "m=video 0 RTP/AVP 96\na=rtpmap:96 JPEG/90000\n",
        "m=video 0 RTP/AVP 96\na=rtpmap:96 H264\n",
        "m=video 0 RTP/AVP 96\na=rtpmap:97 H264/90000\n",
        "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/1000\n",
        "m=video 0 RTP/AVP\na=rtpmap:96 H264/90000\n",
        "m=video 0 RTP/AVP x\n",
        "m=video 0 RTP/AVP ²\na=rtpmap:² H264/90000\n",
        "m=video 0 RTP/SAVP 96\na=rtpmap:96 H264/90000\n",
        "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=2\n",
        "m=video 0 RTP/AVP 96\na=rtpmap:96 H265/90000\na=fmtp:96 sprop-max-don-diff=1\n",
        "m=\n=\na\nm=video\n",
    ],
)
def test_a_stream_that_cannot_be_read_is_unsupported(text: str) -> None:
    with pytest.raises(UnsupportedStream):
        read_description(text)


@pytest.mark.parametrize(
    ("base", "control", "address"),
    [
        ("rtsp://h/live/", "trackID=1", "rtsp://h/live/trackID=1"),
        ("rtsp://h/live", "trackID=1", "rtsp://h/live/trackID=1"),
        ("rtsp://h/cam?channel=1&subtype=0/", "trackID=0", "rtsp://h/cam?channel=1&subtype=0/trackID=0"),
        ("rtsp://h/cam?channel=1", "trackID=0", "rtsp://h/cam?channel=1/trackID=0"),
        ("rtsp://h/live/", "*", "rtsp://h/live/"),
        ("rtsp://h/live/", "", "rtsp://h/live/"),
        ("rtsp://h/live/", "RTSP://other/track", "RTSP://other/track"),
    ],
)
def test_a_control_attribute_is_appended_to_the_base_address(base: str, control: str, address: str) -> None:
    assert control_uri(base, control) == address
