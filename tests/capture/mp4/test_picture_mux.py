"""The mux for plain cameras gives, sample by sample, the fragments that FFmpeg's mux gives."""

import io
from dataclasses import dataclass, replace

import av
import pytest
from av.video.stream import VideoStream

from shike.camera_sim.media.clip import read_clip
from shike.camera_sim.rtp.nals import split
from shike.camera_sim.rtp.packets import RtpSource
from shike.capture.mp4 import boxes
from shike.capture.mp4.coded_picture import CodedPicture, as_packet
from shike.capture.mp4.picture_mux import PictureMux
from shike.capture.recorder.segmenter import RunMux
from shike.capture.source.rtsp.description import Codec, VideoTrack
from shike.capture.source.rtsp.packets import Packets
from tests.capture.faults import clips as coded
from tests.capture.source.rtsp.sending import feed

FRAGMENT_S = 0.32
PICTURE_US = 40_000


@dataclass(frozen=True)
class Sample:
    """One picture in a file: decode time and duration in ticks, its NAL units, and the decoded picture."""

    at: int
    lasts: int
    is_key: bool
    units: tuple[bytes, ...]
    shown: bytes


@pytest.fixture(scope="module", params=["plain", "hevc"])
def pictures(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[CodedPicture]:
    """Sixty pictures of a plain camera, 40 ms apart, in groups of twelve."""
    path = tmp_path_factory.mktemp("mux") / "clip.mp4"
    kind = coded.Kind(codec="libx265" if request.param == "hevc" else "libx264", gop_frames=12)
    coded.write(path, kind)
    clip = read_clip(path)
    codec: Codec = "hevc" if request.param == "hevc" else "h264"
    packets, source = Packets(VideoTrack("", codec, 96, 90_000, "", "*", ()), 0), RtpSource(1, 65_500, 0xFFFF_0000)
    frames = [frame for gop in clip.gops[:5] for frame in gop]
    data = b"".join(source.frame(frame.packets, at * PICTURE_US) for at, frame in enumerate(frames))
    pictures = feed(packets, data)
    assert len(pictures) == 60
    return pictures


def template(pictures: list[CodedPicture]) -> av.container.InputContainer:
    codec = "h264" if pictures[0].sets[0][0] & 0x1F == 7 else "hevc"
    return av.open(io.BytesIO(pictures[0].with_start_codes()), "r", format=codec)


def by_hand(pictures: list[CodedPicture]) -> tuple[bytes, list[bytes]]:
    with template(pictures) as container:
        mux = PictureMux(RunMux.init_section(container.streams.video[0], None, None), FRAGMENT_S)
    fragments = [fragment for picture in pictures for fragment in mux.mux(picture)]
    return mux.init, fragments + mux.finish()


def by_ffmpeg(pictures: list[CodedPicture]) -> tuple[bytes, list[bytes]]:
    with template(pictures) as container:
        mux = RunMux(container.streams.video[0], FRAGMENT_S)
        fragments = [fragment for picture in pictures for fragment in mux.mux(as_packet(picture))]
        return mux.init, fragments + mux.finish()


def samples(init: bytes, fragments: list[bytes]) -> list[Sample]:
    """The samples of a file with this init section and these fragments."""
    content = init + b"".join(fragments)
    with av.open(io.BytesIO(content), "r") as container:
        video: VideoStream = container.streams.video[0]
        packets = [packet for packet in container.demux(video) if packet.size]
        assert all(packet.pts == packet.dts for packet in packets)
        units = [_units(bytes(packet), video.codec_context.name) for packet in packets]
        stored = [
            (packet.dts or 0, packet.duration or 0, packet.is_keyframe, content)
            for packet, content in zip(packets, units, strict=True)
        ]
    with av.open(io.BytesIO(content), "r") as container:
        shown = [frame.to_ndarray().tobytes() for frame in container.decode(video=0)]
    assert len(shown) == len(stored)
    return [Sample(*each, picture) for each, picture in zip(stored, shown, strict=True)]


def _units(picture: bytes, codec: str) -> tuple[bytes, ...]:
    """The NAL units of a picture without H.265 parameter sets, which FFmpeg leaves to the init section."""
    return tuple(unit for unit in split(picture, 4) if codec == "h264" or unit[0] >> 1 & 0x3F not in (32, 33, 34))


def shape(fragment: bytes) -> tuple[int, int]:
    """Decode time of the first sample of a fragment, and its number of samples."""
    moof = boxes.find(fragment, b"moof")
    decode_at = fragment.index(b"tfdt", moof.start) + 8
    count_at = fragment.index(b"trun", moof.start) + 8
    return int.from_bytes(fragment[decode_at : decode_at + 8], "big"), int.from_bytes(
        fragment[count_at : count_at + 4], "big"
    )


def test_samples_and_fragments_are_those_of_ffmpegs_mux(pictures: list[CodedPicture]) -> None:
    ours, theirs = by_hand(pictures), by_ffmpeg(pictures)
    assert [shape(each) for each in ours[1]] == [shape(each) for each in theirs[1]]
    actual, expected = samples(*ours), samples(*theirs)
    assert actual[:-1] == expected[:-1]
    assert actual[-1] == replace(expected[-1], lasts=3600)  # FFmpeg does not know the duration of the last picture
    assert [each.is_key for each in actual] == [at % 12 == 0 for at in range(60)]


def test_a_run_may_be_one_picture(pictures: list[CodedPicture]) -> None:
    (ours,), (theirs,) = (samples(*make(pictures[:1])) for make in (by_hand, by_ffmpeg))
    assert (ours.at, ours.is_key, ours.units, ours.shown) == (0, True, theirs.units, theirs.shown)
    assert ours.lasts == 3600


def test_a_run_may_end_anywhere_and_its_pictures_may_be_unevenly_apart(pictures: list[CodedPicture]) -> None:
    uneven = [
        CodedPicture(each.data, each.dts + at * at, each.is_keyframe, each.sets) for at, each in enumerate(pictures)
    ]
    for count in (2, 9, 13, 30):
        ours, theirs = samples(*by_hand(uneven[:count])), samples(*by_ffmpeg(uneven[:count]))
        assert ours[:-1] == theirs[:-1]
        assert (ours[-1].at, ours[-1].units) == (theirs[-1].at, theirs[-1].units)
        assert ours[-1].lasts == ours[-2].lasts


def test_keyframes_begin_fragments_and_none_is_longer_than_a_crash_may_lose(pictures: list[CodedPicture]) -> None:
    init, fragments = by_hand(pictures)
    starts = {shape(each)[0] for each in fragments}
    assert {each.at for each in samples(init, fragments) if each.is_key} <= starts
    for fragment in fragments:
        assert shape(fragment)[1] * PICTURE_US <= 360_000


def test_a_run_without_pictures_has_no_fragment(pictures: list[CodedPicture]) -> None:
    with template(pictures) as container:
        mux = PictureMux(RunMux.init_section(container.streams.video[0], None, None), FRAGMENT_S)
    assert mux.finish() == []
