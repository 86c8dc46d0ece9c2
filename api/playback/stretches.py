"""Pieces of footage → the runs that an export copies, each from a keyframe on. Design: docs/design/playback.md."""

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
    """Fragments of one piece, from `first` to `last`, both included."""

    piece: Piece
    first: Fragment
    last: Fragment


def stretches(footage: Footage, pieces: Iterable[Piece], time_range: Range) -> Iterator[ExportedRun]:
    """The footage of a range, by run. Its bytes are read only when the chunks are."""
    runs: list[list[_Part]] = []
    for piece in pieces:
        inside = list(entries(piece.fragments, time_range.start_us, time_range.end_us))
        if not inside:
            continue
        part = _Part(piece, inside[0].fragments[0], inside[-1].fragments[-1])
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
