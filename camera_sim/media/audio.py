"""The audio of a simulated camera: a beep of 0.2 s at the start of every second, UTC.

It is encoded once, as a loop of whole seconds, and packetised. The time of the beep in a recording shows how far audio
and pictures are apart.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

import av
import numpy as np
from numpy.typing import NDArray

from shike.camera_sim.rtp.packets import Packetised, framed

AudioKind = Literal["pcma", "pcmu", "aac", "aac-adts", "aac-latm"]
KINDS: tuple[AudioKind, ...] = get_args(AudioKind)
BEEP_HZ = 440
BEEP_S = 0.2
_AAC_RATE, _AAC_SAMPLES = 16_000, 1024
_AAC_LOOP = 125  # frames of 64 ms: eight seconds
_AAC_PRIMING = 1  # the encoder's first packet holds no samples
_AAC_RATE_INDEX = 8  # of 16 kHz, ISO 14496-3 table 1.18
_G711_RATE, _G711_SAMPLES = 8_000, 160


@dataclass(frozen=True)
class SoundLoop:
    """A loop of packets. Packet n, counted from 1970, begins at n × ``samples`` / ``rate_hz`` seconds."""

    payload_type: int
    rtpmap: str
    fmtp: str
    rate_hz: int
    samples: int
    packets: tuple[Packetised, ...]

    def packet(self, number: int) -> Packetised:
        """The packet with this number."""
        return self.packets[number % len(self.packets)]

    def begins_us(self, number: int) -> int:
        """When a packet's first sample is due (µs UTC)."""
        return number * self.samples * 1_000_000 // self.rate_hz

    def next_number(self, now_us: int) -> int:
        """The number of the first packet that is due at or after a time."""
        return -(-now_us * self.rate_hz // (self.samples * 1_000_000))


@lru_cache
def sound(kind: AudioKind) -> SoundLoop:
    """The beep in one coding. ``aac-adts``: RFC 3640 with an ADTS header in each unit, as some cameras send it."""
    if kind in ("pcma", "pcmu"):
        number, codec = (8, "pcm_alaw") if kind == "pcma" else (0, "pcm_mulaw")
        coded = b"".join(data for data, _ in _encoded(codec, _G711_RATE, _beep(_G711_RATE, 1), "s16"))
        chunks = [coded[at : at + _G711_SAMPLES] for at in range(0, len(coded), _G711_SAMPLES)]
        packets = tuple(framed([chunk], number) for chunk in chunks)
        return SoundLoop(number, f"{kind.upper()}/{_G711_RATE}", "", _G711_RATE, _G711_SAMPLES, packets)
    units, config = _aac_loop()
    if kind == "aac-latm":
        # StreamMuxConfig (ISO 14496-3, 1.7.3.1) of one AAC-LC programme in one channel.
        mux = bytes((0x40, 0x00, 0x20 | _AAC_RATE_INDEX, 0x10, 0x3F, 0xC0)).hex()
        packets = tuple(framed([_latm_size(len(unit)) + unit], 97) for unit in units)
        fmtp = f"profile-level-id=15;object=2;cpresent=0;config={mux}"
        return SoundLoop(97, f"MP4A-LATM/{_AAC_RATE}/1", fmtp, _AAC_RATE, _AAC_SAMPLES, packets)
    if kind == "aac-adts":
        units = [_adts(len(unit)) + unit for unit in units]
    # RFC 3640, AAC-hbr: the length of the headers in bits, one header of 13 bits of size and 3 of index, the unit.
    packets = tuple(framed([struct.pack("!HH", 16, len(unit) << 3) + unit], 97) for unit in units)
    lengths = "sizelength=13;indexlength=3;indexdeltalength=3"
    fmtp = f"streamtype=5;profile-level-id=1;mode=AAC-hbr;{lengths};config={config}"
    return SoundLoop(97, f"mpeg4-generic/{_AAC_RATE}/1", fmtp, _AAC_RATE, _AAC_SAMPLES, packets)


def _beep(rate_hz: int, seconds: int) -> NDArray[np.float32]:
    """Samples (-1..1) with the beep in every second."""
    at = np.arange(rate_hz * seconds) / rate_hz
    return (0.5 * np.sin(2 * np.pi * BEEP_HZ * at) * (at % 1 < BEEP_S)).astype(np.float32)


def _aac_loop() -> tuple[list[bytes], str]:
    """The units of one loop, taken from the second of two rounds, and the decoder configuration in hexadecimal."""
    once = _beep(_AAC_RATE, _AAC_LOOP * _AAC_SAMPLES // _AAC_RATE)
    packets = list(_encoded("aac", _AAC_RATE, np.concatenate([once, once, once[:_AAC_SAMPLES]]), "fltp"))
    first = _AAC_LOOP + _AAC_PRIMING
    return [data for data, _ in packets[first : first + _AAC_LOOP]], packets[0][1].hex()


def _encoded(codec: str, rate_hz: int, samples: NDArray[np.float32], layout: str) -> Iterator[tuple[bytes, bytes]]:
    """The packets of an encoder, each with the encoder's configuration."""
    context: Any = av.CodecContext.create(codec, "w")
    context.sample_rate, context.format, context.layout = rate_hz, layout, "mono"
    if codec == "aac":
        context.bit_rate = 32_000
    wanted = samples if layout == "fltp" else (samples * 32767).astype(np.int16)
    step = _AAC_SAMPLES if codec == "aac" else len(wanted)
    for start in range(0, len(wanted), step):
        frame = av.AudioFrame.from_ndarray(wanted[None, start : start + step], format=layout, layout="mono")
        frame.sample_rate, frame.pts = rate_hz, start
        for packet in context.encode(frame):
            yield bytes(packet), bytes(context.extradata or b"")
    for packet in context.encode(None):
        yield bytes(packet), bytes(context.extradata or b"")


def _adts(size: int) -> bytes:
    """An ADTS header (ISO 13818-7, 6.2): AAC-LC, one channel, no checksum."""
    size += 7
    return bytes(
        (
            *(0xFF, 0xF1, 1 << 6 | _AAC_RATE_INDEX << 2),
            *(1 << 6 | size >> 11, size >> 3 & 0xFF, (size & 7) << 5 | 0x1F, 0xFC),
        )
    )


def _latm_size(size: int) -> bytes:
    return b"\xff" * (size // 255) + bytes((size % 255,))
