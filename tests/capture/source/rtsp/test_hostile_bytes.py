"""Hostile bytes: whatever comes, a reader raises nothing but StreamCorrupt, and its memory and time are bounded."""

import random
import time
import tracemalloc

import pytest

from shike.capture.source.rtsp.description import Codec
from shike.capture.source.rtsp.errors import StreamCorrupt
from shike.capture.source.rtsp.packets import Packets

from .sending import SPS, Sender, aggregate, feed, fragments_of, framed, read, slice_of, track
from .test_packets import short_stream

KEY = slice_of(0, key=True)


@pytest.mark.parametrize("content", [b"\0", b"RTSP", b"$\0\xff\xff", framed(0, b"\x80\x60\0\1" + bytes(40))])
def test_endless_bytes_without_a_picture_end_the_connection(content: bytes) -> None:
    with pytest.raises(StreamCorrupt):
        read(content * (17 * (1 << 20) // len(content)))


@pytest.mark.parametrize("unit", [KEY, SPS])
def test_endless_units_end_the_connection_before_they_fill_the_memory(unit: bytes) -> None:
    begin, middle = fragments_of(unit[:1] + bytes(30_000), 10_000)[:2]
    sender, packets = Sender(), Packets(track(), 0)
    feed(packets, sender.packet(begin))
    tracemalloc.start()
    try:
        with pytest.raises(StreamCorrupt):
            for _ in range(3000):
                feed(packets, sender.packet(middle))
                sender.sent.clear()
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_endless_parameter_sets_end_the_connection() -> None:
    sender, packets = Sender(), Packets(track(), 0)
    with pytest.raises(StreamCorrupt):
        for _ in range(1000):
            feed(packets, sender.payloads(SPS + bytes(60_000)))
            sender.sent.clear()


def test_endless_tiny_parameter_sets_end_the_connection_before_they_take_its_time() -> None:
    sender, packets = Sender(), Packets(track(), 0)
    with pytest.raises(StreamCorrupt):
        for _ in range(20):
            feed(packets, sender.payloads(aggregate(*[b"\x67\x42"] * 100)))


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_random_bytes_raise_nothing_but_a_corrupt_stream(codec: Codec) -> None:
    chance = random.Random(11)
    good = short_stream(codec) * 2
    for _ in range(1500):
        data = bytearray(good)
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(len(data))
            match chance.randrange(4):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.randrange(60)]
                case 2:
                    data[at:at] = chance.randbytes(chance.randrange(60))
                case _:
                    data[at:at] = data[chance.randrange(len(data)) :][:200]
        _survives(bytes(data), codec, chance)
    for _ in range(1500):
        sender, data = Sender(), bytearray()
        for _ in range(chance.randrange(12)):
            head = chance.choice((b"\x7c", b"\x78", b"\x65", b"\x41", b"\x62\x01", b"\x60\x01", b"\x26\x01", b""))
            payload = head + chance.randbytes(chance.randrange(30))
            sender.time += chance.choice((0, 3600, 1 << 31, -3600)) & 0xFFFF_FFFF
            sender.time &= 0xFFFF_FFFF
            data += sender.packet(payload, marker=chance.random() < 0.3, flags=chance.choice((0, 0, 0, 0x10, 0x20, 1)))
        _survives(bytes(data), codec, chance)


def _survives(data: bytes, codec: Codec, chance: random.Random) -> None:
    packets = Packets(track(codec), 0)
    try:
        pictures = feed(packets, data, at_once=chance.randint(1, 400))
    except StreamCorrupt:
        return
    assert sum(each.size for each in pictures) < 4 * len(data) + 1000
    assert all(each.with_start_codes() and each.size for each in pictures)
    assert len(packets.room()) < 1 << 20


@pytest.mark.parametrize(
    "content",
    [b"$", b"RTSP", b"RTSP/1.0 200 OK\r\n", b"$\0\0\x14\x80\x60", framed(2, b"foreign"), b"GET_$\0\xff\xff\x80\x60"],
)
def test_twice_the_bytes_take_about_twice_the_time(content: bytes) -> None:
    def seconds(size: int) -> float:
        data, started = content * (size // len(content)), time.process_time()
        try:
            read(data, at_once=4096)
        except StreamCorrupt:
            pytest.fail("the stream is too short for this error")
        return time.process_time() - started

    small = min(seconds(1 << 18) for _ in range(2))
    # Four times the bytes; what grows with the square would take sixteen times as long.
    assert seconds(1 << 20) < 10 * small + 0.2
