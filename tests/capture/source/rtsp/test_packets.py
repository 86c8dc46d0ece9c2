"""From the bytes of a connection to pictures, however the network cuts them. Hostile bytes: test_hostile_bytes."""

import itertools
import random
import struct

import pytest

from shike.capture.source.rtsp.description import Codec
from shike.capture.source.rtsp.packets import Packets

from . import sending
from .sending import (
    AUD,
    FILLER,
    OTHER_PPS,
    PPS,
    PPS_5,
    SEI,
    SPS,
    SPS_5,
    VPS_5,
    Sender,
    aggregate,
    behind_lengths,
    contents,
    feed,
    fragments_of,
    framed,
    read,
    slice_of,
    track,
)

KEY, ONE, TWO, THREE = slice_of(0, key=True), slice_of(1), slice_of(2), slice_of(3)
BASE_S = 1_700_000_000
ANSWER = b"RTSP/1.0 200 OK\r\nCSeq: 9\r\nContent-Length: 3\r\n\r\n$\0\1"


def report(media_time: int, wall_s: int = BASE_S, channel: int = 1) -> bytes:
    content = struct.pack("!BBHIIIIII", 0x80, 200, 6, 7, wall_s + 2_208_988_800, 1 << 31, media_time, 0, 0)
    return framed(channel, content)


def short_stream(codec: Codec) -> bytes:
    """A fragmented keyframe and two pictures, with a sender report and an answer between the packets."""
    sender, key = Sender(), slice_of(0, codec, key=True, size=90)
    sets = (SPS, PPS) if codec == "h264" else (VPS_5, SPS_5, PPS_5)
    first = sender.payloads(aggregate(*sets, codec=codec), *fragments_of(key, 40, codec))
    second = sender.payloads(slice_of(1, codec), slice_of(2, codec, first=False))
    third = sender.payloads(*fragments_of(slice_of(3, codec), 20, codec))
    return first + report(sender.time) + second + ANSWER + third


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_the_pictures_are_the_same_wherever_the_bytes_are_cut(codec: Codec) -> None:
    data = short_stream(codec)
    whole = [contents(each) for each in read(data, codec)]
    assert [key for _, _, key, _ in whole] == [True, False, False]
    assert [later[1] - earlier[1] for earlier, later in itertools.pairwise(whole)] == [3600, 3600]
    for cut in range(1, len(data)):
        packets = Packets(track(codec), 0)
        pictures = feed(packets, data[:cut]) + feed(packets, data[cut:])
        assert [contents(each) for each in pictures] == whole, f"cut at {cut}"
        assert (packets.lost, packets.irregular) == (0, 0)
    assert [contents(each) for each in read(data, codec, at_once=1)] == whole
    begun = Packets(track(codec), 0, data[:100])
    assert [contents(each) for each in begun.take() + feed(begun, data[100:])] == whole


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_picture_holds_all_its_units_each_behind_its_length(codec: Codec) -> None:
    sets = (SPS, PPS) if codec == "h264" else (VPS_5, SPS_5, PPS_5)
    key = slice_of(0, codec, key=True, size=90)
    first, second, _ = read(short_stream(codec), codec)
    assert first.data == behind_lengths(*sets, key)
    assert first.sets == sets
    assert second.data == behind_lengths(slice_of(1, codec), slice_of(2, codec, first=False))
    assert second.sets == ()
    assert first.with_start_codes() == b"".join(b"\0\0\1" + unit for unit in (*sets, key))


def test_a_picture_is_complete_with_its_marker_and_not_later() -> None:
    packets, sender = Packets(track(), 0), Sender()
    assert len(feed(packets, sender.payloads(KEY))) == 1
    assert feed(packets, sender.packet(ONE)) == []


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_picture_with_a_lost_packet_is_left_out_and_its_parameter_sets_are_kept(lost: int) -> None:
    sender = Sender()
    sender.payloads(KEY)
    sender.payloads(aggregate(OTHER_PPS, SEI), *fragments_of(slice_of(9, key=True, size=90), 40))
    sender.payloads(TWO)
    packets = Packets(track(), 0)
    pictures = feed(packets, b"".join(each for at, each in enumerate(sender.sent) if at != 1 + lost))
    assert [each.data for each in pictures] == [behind_lengths(KEY), behind_lengths(OTHER_PPS, TWO)]
    assert pictures[1].sets == (OTHER_PPS,)
    assert not pictures[1].is_keyframe
    assert packets.lost == 1


def test_of_several_slices_those_that_came_are_kept() -> None:
    sender = Sender()
    sender.payloads(ONE, slice_of(2, first=False), slice_of(3, first=False))
    sender.payloads(TWO)
    assert read(sender.sent[0] + sender.sent[2] + sender.sent[3])[0].data == behind_lengths(
        ONE, slice_of(3, first=False)
    )
    packets = Packets(track(), 0)
    pictures = feed(packets, b"".join((sender.sent[0], sender.sent[1], sender.sent[3])))
    assert [each.data for each in pictures] == [behind_lengths(ONE, slice_of(2, first=False)), behind_lengths(TWO)]


def test_a_stream_that_begins_within_a_picture_yields_the_next_one_first() -> None:
    sender = Sender()
    sender.payloads(*fragments_of(slice_of(0, key=True, size=90), 20))
    sender.payloads(ONE)
    packets = Packets(track(), 0)
    assert [each.data for each in feed(packets, b"".join(sender.sent[2:]))] == [behind_lengths(ONE)]
    assert (packets.lost, packets.irregular) == (0, 0)


def test_sources_extension_and_padding_are_removed_from_a_payload() -> None:
    sender = Sender(time=0)
    data = sender.payloads(KEY)
    sender.time += 3600
    data += sender.packet(b"\0\0\0\1" * 2 + ONE, marker=True, flags=2)
    sender.time += 3600
    data += sender.packet(b"\xbe\xde\0\2" + b"extended" + TWO + b"\0\0\0\4", marker=True, flags=0x30)
    sender.time += 3600
    data += sender.packet(b"\0\0\0\4", flags=0x20)  # nothing but padding
    data += sender.packet(THREE, marker=True)
    packets = Packets(track(), 0)
    assert [each.data for each in feed(packets, data)] == [behind_lengths(each) for each in (KEY, ONE, TWO, THREE)]
    assert packets.lost == 0


@pytest.mark.parametrize("flags", [0x0F, 0x10, 0x20, 0x3F])
def test_a_packet_whose_sources_extension_or_padding_exceed_it_is_ignored(flags: int) -> None:
    sender = Sender()
    data = sender.payloads(KEY) + sender.packet(b"\xff" * 8, flags=flags) + sender.payloads(ONE)
    assert [each.data for each in read(data)] == [behind_lengths(KEY), behind_lengths(ONE)]


def test_parameter_sets_with_a_time_of_their_own_belong_to_the_next_picture() -> None:
    sender = Sender()
    data = sender.payloads(SPS, ticks=10) + sender.payloads(PPS, ticks=10) + sender.payloads(KEY, ticks=10)
    (picture,) = read(data)
    assert (picture.data, picture.sets, picture.is_keyframe) == (behind_lengths(SPS, PPS, KEY), (SPS, PPS), True)
    assert picture.dts == 0xFFFF_F000 + 30


def test_markers_on_parameter_sets_end_no_picture() -> None:
    sender = Sender(time=1000)
    data = b"".join(sender.packet(unit, marker=True) for unit in (SPS, PPS, SEI, KEY))
    packets = Packets(track(), 0)
    (picture,) = feed(packets, data)
    assert picture.data == behind_lengths(SPS, PPS, SEI, KEY)
    assert packets.irregular == 0


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_without_markers_the_next_picture_ends_a_picture_and_is_counted(codec: Codec) -> None:
    sender, data = Sender(), b""
    units = [slice_of(at, codec, key=at == 0) for at in range(4)]
    for unit in units:
        sender.time = sender.time + 3600 & 0xFFFF_FFFF
        data += sender.packet(unit)
    packets = Packets(track(codec), 0)
    assert [each.data for each in feed(packets, data)] == [behind_lengths(unit) for unit in units[:3]]
    assert packets.irregular == 3


def test_without_markers_and_times_the_first_slice_begins_a_picture() -> None:
    sender = Sender(time=5)
    packets = Packets(track(), 0)
    pictures = feed(packets, b"".join(sender.packet(unit) for unit in (KEY, ONE, AUD, TWO)))
    assert [each.data for each in pictures] == [behind_lengths(KEY), behind_lengths(ONE)]
    assert packets.irregular == 2


def test_a_marker_on_every_slice_is_counted() -> None:
    sender = Sender(time=5)
    data = sender.packet(KEY, marker=True) + sender.packet(slice_of(1, first=False), marker=True)
    packets = Packets(track(), 0)
    assert [each.data for each in feed(packets, data)] == [behind_lengths(KEY)]
    assert packets.irregular == 1


def test_what_comes_after_the_marker_goes_with_the_next_picture() -> None:
    sender = Sender()
    data = sender.payloads(KEY) + sender.packet(FILLER) + sender.packet(sending.END, marker=True) + sender.payloads(ONE)
    packets = Packets(track(), 0)
    assert [each.data for each in feed(packets, data)] == [behind_lengths(KEY), behind_lengths(FILLER, ONE)]
    assert (packets.lost, packets.irregular) == (0, 0)


def test_a_marker_on_the_end_of_the_sequence_ends_its_picture() -> None:
    assert [each.data for each in read(Sender().payloads(KEY, sending.END))] == [behind_lengths(KEY)]


def test_an_access_unit_delimiter_before_every_picture_is_kept() -> None:
    sender = Sender()
    data = sender.payloads(AUD, SPS, PPS, KEY) + sender.payloads(AUD, ONE)
    assert [each.data for each in read(data)] == [behind_lengths(AUD, SPS, PPS, KEY), behind_lengths(AUD, ONE)]


@pytest.mark.parametrize(
    ("unit", "is_key"),
    [
        (b"\x06\x06\x01\xc4\x80", True),
        (b"\x06\x00\x01\xaa\x01\x02\xbb\xcc\x06\x01\xc4\x80", True),
        (b"\x06\x05\xff\x01" + b"\x06" * 256 + b"\x06\x01\xc4\x80", True),
        (b"\x06\x05\x03\x06\x06\x06\x80", False),
        (b"\x06\xff\xff", False),
    ],
)
def test_a_recovery_point_makes_a_keyframe(unit: bytes, is_key: bool) -> None:
    assert read(Sender().payloads(unit, ONE))[0].is_keyframe == is_key


@pytest.mark.parametrize("kind", [16, 19, 20, 21])
def test_every_picture_that_decoding_can_begin_with_is_a_keyframe_in_h265(kind: int) -> None:
    unit = bytes((kind << 1, 1, 0x80)) + b"picture"
    assert read(Sender().payloads(unit), "hevc")[0].is_keyframe


@pytest.mark.parametrize(("codec", "unit"), [("h264", b"\x7d\x80secret"), ("hevc", b"\x64\x01private")])
def test_packet_types_that_were_not_announced_are_no_units(codec: Codec, unit: bytes) -> None:
    key = slice_of(0, codec, key=True)
    assert read(Sender().payloads(unit, key), codec)[0].data == behind_lengths(key)


def test_the_end_of_an_aggregate_may_be_missing() -> None:
    whole = aggregate(SPS, PPS, KEY)
    for size in range(1, len(whole)):
        pictures = read(Sender().payloads(whole[:size], ONE))
        assert pictures[-1].data.endswith(behind_lengths(ONE))


def test_a_sender_report_gives_the_cameras_clock_across_the_wrap_of_the_media_time() -> None:
    sender, packets = Sender(), Packets(track(), 0)
    feed(packets, sender.payloads(KEY) + report(0x10))
    assert packets.report == (BASE_S * 1_000_000 + 500_000, (1 << 32) + 0x10)
    feed(packets, report(0x20, BASE_S + 1, channel=0))  # a report may come on the pictures' channel, too
    assert packets.report == (BASE_S * 1_000_000 + 1_500_000, (1 << 32) + 0x20)


def test_reports_are_taken_from_the_channel_that_the_camera_named() -> None:
    sender = Sender(channel=6)
    packets = Packets(track(), 6, control_channel=3)
    (picture,) = feed(packets, report(5, channel=7) + sender.payloads(KEY))
    assert packets.report is None
    feed(packets, report(picture.dts & 0xFFFF_FFFF, channel=3))
    assert packets.report == (BASE_S * 1_000_000 + 500_000, picture.dts)


def test_media_time_and_numbers_wrap() -> None:
    sender, data = Sender(), b""
    for number in range(20):
        data += sender.payloads(slice_of(number))
    packets = Packets(track(), 0)
    times = [each.dts for each in feed(packets, data)]
    assert times == [0xFFFF_F000 + 3600 * at for at in range(1, 21)]
    assert packets.lost == 0


def test_a_media_time_that_goes_back_is_passed_on() -> None:
    sender = Sender(time=10_000)
    data = sender.payloads(KEY) + sender.payloads(ONE, ticks=-7200) + sender.payloads(TWO)
    assert [each.dts for each in read(data)] == [13_600, 6_400, 10_000]


@pytest.mark.parametrize(
    "between",
    [
        b"RTSP/1.0 200 OK\r\nCSeq: 5\r\n\r\n",
        ANSWER,
        b"OPTIONS rtsp://client RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        b"SET_PARAMETER * RTSP/1.0\r\ncontent-length : 4\r\n\r\n$$$$",
        framed(2, b"\x80\xe1" + b"audio that was not asked for"),
        framed(4, b"$\0\0\x20\x80\x60metadata"),
        framed(0, b""),
        framed(1, b"\x80\xc9\0\1\0\0\0\1"),
        framed(0, b"\0\0\0\0"),
        Sender(sequence=2).packet(b"of the maker's own", kind=112),
    ],
)
def test_what_a_camera_sends_between_packets_loses_no_picture(between: bytes) -> None:
    sender, data = Sender(), b""
    pictures = [sender.payloads(KEY), sender.payloads(*fragments_of(slice_of(1, size=90), 40)), sender.payloads(TWO)]
    packets = Packets(track(), 0)
    data = pictures[0] + between + sender.sent[1] + between + b"".join(sender.sent[2:]) + between
    expected = [behind_lengths(each) for each in (KEY, slice_of(1, size=90), TWO)]
    assert [each.data for each in feed(packets, data)] == expected
    assert packets.lost == 0
    assert [each.data for each in read(data, at_once=1)] == expected


def test_packets_of_the_makers_own_may_be_counted_among_those_of_the_video() -> None:
    sender = Sender()
    data = sender.payloads(KEY) + sender.packet(b"private", kind=112) + sender.payloads(ONE)
    packets = Packets(track(), 0)
    assert len(feed(packets, data)) == 2
    assert packets.lost == 0


def test_an_answer_among_the_packets_is_kept_for_the_caller() -> None:
    packets = Packets(track(), 0)
    assert packets.answer is None
    feed(packets, Sender().payloads(KEY) + ANSWER + Sender().payloads(ONE))
    assert packets.answer == ANSWER.split(b"\r\n\r\n")[0]


def test_after_noise_the_next_packet_is_found() -> None:
    noise = random.Random(3).randbytes(5000)
    sender = Sender()
    data = sender.payloads(KEY) + noise + sender.payloads(ONE) + b"$" * 300 + sender.payloads(TWO)
    assert [each.data for each in read(data + b"\0" * 5000)] == [behind_lengths(each) for each in (KEY, ONE, TWO)]
