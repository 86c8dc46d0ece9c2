"""ISO base media file format: reads and writes the few boxes that segment files consist of.

Here: finding boxes; facts from init sections and fragments; the `prft` box of each fragment (ISO/IEC 14496-12 §8.16.5);
two own `uuid` boxes per segment, identity and closing. Not here: files, cameras, the mapping of media to wall time.
Design: docs/design/capture.md; format: docs/reference/files.md.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from shike.capture.errors import FootageError

IDENTITY_UUID = UUID("6f1d6f5c-2a63-4f0e-9d3a-5e8b1c0a7e11").bytes
CLOSING_UUID = UUID("6f1d6f5c-2a63-4f0e-9d3a-5e8b1c0a7e12").bytes
_NTP_UNIX_SECONDS = 2_208_988_800
_SAMPLE_IS_NON_SYNC = 0x10000

Bytes = bytes | bytearray | memoryview


class Box(NamedTuple):
    """A box within a buffer, by offsets: from `start` to `end`, its content from `body`."""

    kind: bytes
    start: int
    body: int
    end: int


@dataclass(frozen=True, slots=True)
class InitFacts:
    """Facts about the video track of an init section. `codec`: RFC 6381 string, e.g. avc1.64001f."""

    codec: str
    width: int
    height: int
    timescale: int
    track_id: int


@dataclass(frozen=True, slots=True)
class MoofFacts:
    """Facts about a `moof`. `decode_time`, `is_key`: of its first sample. Times in timescale units."""

    decode_time: int
    duration: int
    samples: int
    is_key: bool


def walk(data: Bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The whole boxes between two offsets. Stops before the first truncated box."""
    end = len(data) if end is None else end
    at = start
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        body = at + 8
        if size == 1 and at + 16 <= end:
            (size,) = struct.unpack_from(">Q", data, at + 8)
            body = at + 16
        if size < body - at or at + size > end:
            return
        yield Box(kind, at, body, at + size)
        at += size


def find(data: Bytes, *path: bytes, start: int = 0, end: int | None = None) -> Box:
    """The first box at a path of box types. FootageError if there is none."""
    at, until = start, len(data) if end is None else end
    box: Box | None = None
    for kind in path:
        box = next((b for b in walk(data, at, until) if b.kind == kind), None)
        if box is None:
            raise FootageError(f"box {kind.decode('latin-1')} is missing")
        at, until = box.body, box.end
    assert box is not None
    return box


def init_facts(init: bytes) -> InitFacts:
    """Facts about the first track, the video, of an init section (`ftyp` + `moov`)."""
    trak = find(init, b"moov", b"trak")
    tkhd = find(init, b"tkhd", start=trak.body, end=trak.end)
    version = init[tkhd.body]
    (track_id,) = struct.unpack_from(">I", init, tkhd.body + (20 if version else 12))
    mdhd = find(init, b"mdia", b"mdhd", start=trak.body, end=trak.end)
    (timescale,) = struct.unpack_from(">I", init, mdhd.body + (20 if init[mdhd.body] else 12))
    stsd = find(init, b"mdia", b"minf", b"stbl", b"stsd", start=trak.body, end=trak.end)
    entry = next(walk(init, stsd.body + 8, stsd.end))
    width, height = struct.unpack_from(">HH", init, entry.body + 24)
    return InitFacts(_codec_string(init, entry), width, height, timescale, track_id)


def _codec_string(init: bytes, entry: Box) -> str:
    settings_at, tag = entry.body + 78, entry.kind.decode("latin-1")
    if entry.kind == b"avc1":
        body = find(init, b"avcC", start=settings_at, end=entry.end).body
        return f"avc1.{init[body + 1]:02x}{init[body + 2]:02x}{init[body + 3]:02x}"
    if entry.kind in (b"hvc1", b"hev1"):
        body = find(init, b"hvcC", start=settings_at, end=entry.end).body
        profile = init[body + 1]
        space = ["", "A", "B", "C"][profile >> 6]
        (compatible,) = struct.unpack_from(">I", init, body + 2)
        reversed_bits = int(f"{compatible:032b}"[::-1], 2)
        constraints = init[body + 6 : body + 12].rstrip(b"\0")
        tier = "H" if profile & 0x20 else "L"
        text = f"{tag}.{space}{profile & 0x1F}.{reversed_bits:X}.{tier}{init[body + 12]}"
        return text + "".join(f".{byte:X}" for byte in constraints)
    raise FootageError(f"no codec string for sample entry {tag}")


def moof_facts(data: Bytes, moof: Box) -> MoofFacts:
    """Times and key flag of a `moof` with one track."""
    traf = find(data, b"traf", start=moof.body, end=moof.end)
    default_duration = default_flags = 0
    decode_time = duration = samples = 0
    is_key: bool | None = None
    for box in walk(data, traf.body, traf.end):
        if box.kind == b"tfhd":
            default_duration, default_flags = _tfhd_defaults(data, box)
        elif box.kind == b"tfdt":
            wide = data[box.body] == 1
            (decode_time,) = struct.unpack_from(">Q" if wide else ">I", data, box.body + 4)
        elif box.kind == b"trun":
            run_duration, run_samples, first_flags = _trun(data, box, default_duration, default_flags)
            duration += run_duration
            samples += run_samples
            if is_key is None:
                is_key = not first_flags & _SAMPLE_IS_NON_SYNC
    return MoofFacts(decode_time, duration, samples, bool(is_key))


def _tfhd_defaults(data: Bytes, box: Box) -> tuple[int, int]:
    (flags,) = struct.unpack_from(">I", data, box.body)
    at, duration, sample_flags = box.body + 8, 0, 0
    for bit, width in ((0x1, 8), (0x2, 4), (0x8, 4), (0x10, 4), (0x20, 4)):
        if flags & bit:
            if bit == 0x8:
                (duration,) = struct.unpack_from(">I", data, at)
            elif bit == 0x20:
                (sample_flags,) = struct.unpack_from(">I", data, at)
            at += width
    return duration, sample_flags


def _trun(data: Bytes, box: Box, default_duration: int, default_flags: int) -> tuple[int, int, int]:
    flags, count = struct.unpack_from(">II", data, box.body)
    flags &= 0xFFFFFF
    at = box.body + 8 + (4 if flags & 0x1 else 0)
    first_flags = default_flags
    if flags & 0x4:
        (first_flags,) = struct.unpack_from(">I", data, at)
        at += 4
    fields = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
    if flags & 0x400 and count:
        (first_flags,) = struct.unpack_from(">I", data, at + 4 * fields.index(0x400))
    if not flags & 0x100:
        return default_duration * count, count, first_flags
    durations = struct.unpack_from(f">{count * len(fields)}I", data, at)[:: len(fields)]
    return sum(durations), count, first_flags


def prft(track_id: int, wall_us: int, media_time: int) -> bytes:
    """A producer reference time box: `wall_us` (µs since 1970 UTC) of the sample at `media_time`."""
    seconds, micros = divmod(wall_us, 1_000_000)
    # Rounded up, so that reading, which truncates, gives the same microsecond.
    ntp = ((seconds + _NTP_UNIX_SECONDS) << 32) | -(-(micros << 32) // 1_000_000)
    return struct.pack(">I4sIIQQ", 32, b"prft", 1 << 24, track_id, ntp, media_time)


def prft_wall_us(data: Bytes, box: Box) -> int:
    """Wall time of a `prft` box in µs since 1970 UTC."""
    ntp: int = struct.unpack_from(">Q", data, box.body + 8)[0]
    return ((ntp >> 32) - _NTP_UNIX_SECONDS) * 1_000_000 + (((ntp & 0xFFFFFFFF) * 1_000_000) >> 32)


def identity_box(payload: bytes) -> bytes:
    """The `uuid` box with a segment's identity."""
    return _uuid_box(IDENTITY_UUID, payload)


def closing_box(payload: bytes) -> bytes:
    """The `uuid` box at the end of a closed segment file."""
    return _uuid_box(CLOSING_UUID, payload)


def _uuid_box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s16s", 24 + len(payload), b"uuid", kind) + payload
