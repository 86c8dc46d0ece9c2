"""Audio in fragmented MP4: writes the audio part of a fragment; removes audio from init sections and fragments.

Audio is always track 2. In a fragment its `moof` and `mdat` stand before those of the video, which end the fragment.
Not here: audio from cameras (source.audio). Why audio stands apart: docs/decisions/0011-audio-beside-the-video.md.
"""

import struct

from shike.capture.mp4.boxes import Box, Bytes, find, walk
from shike.capture.mp4.fragments import SYNC_SAMPLE, fragment

AUDIO_TRACK = 2


def audio_fragment(sequence: int, decode_time: int, samples: list[tuple[int, int]], payload: bytes) -> bytes:
    """moof + mdat of consecutive audio frames. `samples`: size (bytes) and duration (audio samples) of each frame."""
    rows = [(duration, size) for size, duration in samples]
    return fragment(sequence, AUDIO_TRACK, decode_time, rows, SYNC_SAMPLE, [payload])


def is_audio(data: Bytes, moof_start: int, moof_end: int) -> bool:
    """Whether the `moof` at these offsets belongs to the audio track."""
    tfhd = find(data, b"moof", b"traf", b"tfhd", start=moof_start, end=moof_end)
    return bool(struct.unpack_from(">I", data, tfhd.body + 4)[0] == AUDIO_TRACK)


def has_audio(init: Bytes) -> bool:
    """Whether an init section has an audio track."""
    moov = find(init, b"moov")
    return sum(box.kind == b"trak" for box in walk(init, moov.body, moov.end)) > 1


def video_only(init: bytes) -> bytes:
    """An init section without its audio track."""
    if not has_audio(init):
        return init
    kept = bytearray()
    for box in walk(init):
        kept += _without_audio_track(init, box.body, box.end) if box.kind == b"moov" else init[box.start : box.end]
    return bytes(kept)


def without_audio(fragment: bytes) -> bytes:
    """A fragment without its audio part."""
    kept = bytearray()
    skipping = False
    for box in walk(fragment):
        if box.kind == b"moof":
            skipping = is_audio(fragment, box.start, box.end)
        if box.kind == b"prft" or not skipping:
            kept += fragment[box.start : box.end]
    return bytes(kept)


def _without_audio_track(init: bytes, start: int, end: int) -> bytes:
    body = bytearray()
    for box in walk(init, start, end):
        content = init[box.start : box.end]
        if box.kind == b"trak" and _track_of_tkhd(init, box.body, box.end) == AUDIO_TRACK:
            continue
        if box.kind == b"mvex":
            inner = [each for each in walk(init, box.body, box.end) if not _is_audio_trex(init, each)]
            content = _box(b"mvex", b"".join(init[each.start : each.end] for each in inner))
        body += content
    return _box(b"moov", bytes(body))


def _track_of_tkhd(init: bytes, start: int, end: int) -> int:
    tkhd = find(init, b"tkhd", start=start, end=end)
    return int(struct.unpack_from(">I", init, tkhd.body + (20 if init[tkhd.body] else 12))[0])


def _is_audio_trex(init: bytes, box: Box) -> bool:
    return box.kind == b"trex" and struct.unpack_from(">I", init, box.body + 4)[0] == AUDIO_TRACK


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content
