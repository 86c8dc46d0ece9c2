"""Pieces of footage → the stretches that an export copies: one per unbroken part of a run, from a keyframe on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shike.api.playback.playlist import entries
from shike.api.playback.time_range import Range
from shike.attendance.footage.index import Footage, Piece
from shike.capture.archive.export import ExportedRun
from shike.capture.archive.segment import Fragment

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Part:
    """From one fragment to another of one piece, both included."""

    piece: Piece
    first: Fragment
    last: Fragment


def stretches(footage: Footage, pieces: Iterable[Piece], asked: Range) -> Iterator[ExportedRun]:
    """What lies in the range. Bytes are read when a stretch's chunks are."""
    runs: list[list[_Part]] = []
    for piece in pieces:
        found = list(entries(piece.fragments, asked.start_us, asked.end_us))
        if not found:
            continue
        part = _Part(piece, found[0].fragments[0], found[-1].fragments[-1])
        if runs and runs[-1][-1].piece.run_id == piece.run_id:
            runs[-1].append(part)
        else:
            runs.append([part])
    for parts in runs:
        first = parts[0].piece
        yield ExportedRun(
            run_id=first.run_id,
            origin=first.origin,
            simulated=first.simulated,
            init=footage.init(first),
            start_us=parts[0].first.wall_us,
            end_us=parts[-1].last.wall_end_us,
            chunks=_chunks(footage, parts),
        )


def _chunks(footage: Footage, parts: list[_Part]) -> Iterator[bytes]:
    for part in parts:
        end = part.last.end
        for at in range(part.first.offset, end, _CHUNK_BYTES):
            yield footage.archive.read(part.piece.key, at, min(_CHUNK_BYTES, end - at))
