"""Writes fragments of one track: moof + mdat of consecutive samples (ISO/IEC 14496-12 §8.8)."""

import struct

SYNC_SAMPLE, OTHER_SAMPLE = 0x02000000, 0x01010000
_DURATION, _SIZE, _FIRST_FLAGS, _OFFSET = 0x100, 0x200, 0x4, 0x1


def fragment(
    sequence: int,
    track_id: int,
    decode_time: int,
    samples: list[tuple[int, int]],
    flags: int,
    payload: list[bytes],
    first_flags: int | None = None,
) -> bytes:
    """`samples`: duration (timescale units) and size (bytes) of each. `payload`: their bytes.

    `flags`: sample flags of every sample; `first_flags`: of the first sample if it differs.
    """
    count = len(samples)
    kind = _OFFSET | _DURATION | _SIZE | (0 if first_flags is None else _FIRST_FLAGS)
    first = b"" if first_flags is None else struct.pack(">I", first_flags)
    rows = struct.pack(f">{2 * count}I", *[number for sample in samples for number in sample])
    trun_size = 20 + len(first) + len(rows)
    traf_size = 8 + 20 + 20 + trun_size
    moof_size = 8 + 16 + traf_size
    # tfhd: default-base-is-moof, default sample flags. The data offset counts from the start of the moof.
    head = struct.pack(
        ">I4s I4sII I4s I4sIII I4sIQ I4sIII",
        *(moof_size, b"moof", 16, b"mfhd", 0, sequence, traf_size, b"traf"),
        *(20, b"tfhd", 0x020020, track_id, flags, 20, b"tfdt", 1 << 24, decode_time),
        *(trun_size, b"trun", kind, count, moof_size + 8),
    )
    size = 8 + sum(map(len, payload))
    return b"".join((head, first, rows, struct.pack(">I4s", size, b"mdat"), *payload))
