"""Boxes that this code writes and reads itself."""

import io
import struct

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shike.capture.archive.scan import read_fragments, read_head
from shike.capture.errors import FootageError
from shike.capture.mp4 import boxes
from tests.recording import Recorded

WALLS = st.integers(0, 4_000_000_000_000_000 // 2)


@given(wall_us=WALLS, media_time=st.integers(0, 2**64 - 1), track=st.integers(1, 2**32 - 1))
def test_a_wall_time_comes_back_to_the_microsecond(wall_us: int, media_time: int, track: int) -> None:
    data = boxes.prft(track, wall_us, media_time)
    box = boxes.find(data, b"prft")
    assert (box.start, box.end, data[box.body]) == (0, 32, 1)
    assert boxes.prft_wall_us(data, box) == wall_us
    assert struct.unpack_from(">I", data, box.body + 4) == (track,)
    assert struct.unpack_from(">Q", data, box.body + 16) == (media_time,)


@given(st.binary(max_size=200))
def test_walking_over_anything_ends_and_stays_within_it(data: bytes) -> None:
    at = 0
    for box in boxes.walk(data):
        assert box.start == at and box.start < box.body <= box.end <= len(data)
        at = box.end


def test_a_box_with_a_64_bit_size_is_walked() -> None:
    data = struct.pack(">I4sQ", 1, b"mdat", 20) + b"1234" + struct.pack(">I4s", 8, b"free")
    assert [(box.kind, box.body, box.end) for box in boxes.walk(data)] == [(b"mdat", 16, 20), (b"free", 28, 28)]


def test_a_missing_box_is_named() -> None:
    with pytest.raises(FootageError, match="moov"):
        boxes.find(boxes.prft(1, 0, 0), b"moov")


def init_of(codec: str, options: dict[str, str]) -> tuple[bytes, bytes]:
    """An init section from a real encoder, and the extradata that it was made from."""
    target = io.BytesIO()
    fragmented = {"movflags": "empty_moov+default_base_moof+frag_keyframe"}
    with av.open(target, "w", format="mp4", options=fragmented) as container:
        stream = container.add_stream(codec, rate=25, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        if codec == "libx265":
            stream.codec_context.codec_tag = "hvc1"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((180, 320, 3), np.uint8), "rgb24")))
        container.mux(stream.encode())
        extradata = stream.codec_context.extradata or b""
    data = target.getvalue()
    return data[: boxes.find(data, b"moov").end], extradata


@pytest.mark.parametrize(
    ("profile", "expected"), [("baseline", "avc1.42c0"), ("main", "avc1.4d40"), ("high", "avc1.6400")]
)
def test_h264_is_named_by_profile_constraints_and_level(profile: str, expected: str) -> None:
    init, _ = init_of("libx264", {"profile": profile, "level": "3.1"})
    facts = boxes.init_facts(init)
    assert facts.codec == f"{expected}1f"
    assert (facts.width, facts.height, facts.track_id) == (320, 180, 1)


def test_hevc_is_named_as_browsers_want_it() -> None:
    init, _ = init_of("libx265", {"x265-params": "log-level=none:level-idc=3.1"})
    # Main profile, compatible with Main and Main 10, main tier, level 3.1 = 93.
    assert boxes.init_facts(init).codec.startswith("hvc1.1.6.L93.")


def test_a_torn_tail_is_left_out_wherever_it_is_torn(recorded: Recorded) -> None:
    record = recorded.records[0]
    data = recorded.archive.read(record.key, 0, record.fragments[2].end)
    for cut in range(record.fragments[1].end, record.fragments[2].end, 97):
        fragments = read_fragments(data[record.head_size : cut], record.head_size, record.timescale)
        assert tuple(fragments) == record.fragments[:2]


def test_garbage_after_whole_fragments_is_left_out(recorded: Recorded) -> None:
    record = recorded.records[0]
    second = record.fragments[1]
    data = bytearray(recorded.archive.read(record.key, 0, record.fragments[3].end))
    for kind in (b"moof", b"traf", b"mdat"):
        at = data.index(kind, record.fragments[2].offset)
        damaged = data.copy()
        damaged[at : at + 4] = b"\0\xffzz"
        fragments = read_fragments(bytes(damaged[record.head_size :]), record.head_size, record.timescale)
        assert tuple(fragments)[:2] == record.fragments[:2], kind
        assert all(each in record.fragments for each in fragments), kind
    zeros = bytes(data[: second.end]) + bytes(70_000)
    assert tuple(read_fragments(zeros[record.head_size :], record.head_size, record.timescale)) == record.fragments[:2]


def test_a_head_is_none_while_it_is_being_written_and_an_error_if_it_is_no_head(recorded: Recorded) -> None:
    record = recorded.records[0]
    data = recorded.archive.read(record.key, 0, record.head_size)
    assert all(read_head(data[:cut]) is None for cut in range(len(data)))
    head = read_head(data)
    assert head is not None and head.size == record.head_size and len(head.init) == record.init_size
    with pytest.raises(FootageError):
        read_head(data[: record.init_size] + boxes.prft(1, 0, 0))
    with pytest.raises(FootageError):
        read_head(data[: record.init_size] + boxes.identity_box(b"{}"))
