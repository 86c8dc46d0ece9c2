"""The evidence pack of a range: what the index and the chain know of it, put together for capture/pack.

Only sealed footage goes in: that of which the camera's chain has a row. Design: docs/design/integrity.md, "The pack".
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shike.api.errors import Conflict, Unavailable
from shike.api.playback.stretches import stretches
from shike.api.playback.time_range import Range
from shike.api.settings import Settings
from shike.attendance.footage.coverage import coverage
from shike.attendance.footage.index import Footage, Piece
from shike.capture.archive.export import Label, export_mp4
from shike.capture.archive.segment import StreamName
from shike.capture.clock import Clock
from shike.capture.errors import FootageError, NoFootage, SigningKeyError
from shike.capture.proof.excerpt import Proof, prove
from shike.capture.proof.pack import Blank, Subject, write_pack
from shike.capture.proof.signing import Signer
from shike.capture.recorder import health

# The video, the pack that holds it, and the segments: all at once at the worst. Recording must not feel it.
_COPIES = 3
_KEPT_FREE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants a pack of. `label` is what the video says of itself."""

    camera_id: str
    stream: StreamName
    asked: Range
    label: Label


def make_pack(target: Path, order: Order, footage: Footage, settings: Settings, clock: Clock) -> tuple[str, int]:
    """Write the pack into `target`; returns the digest of its manifest and when its video begins (µs).

    Conflict while nothing of the range is sealed, or the chain or the key is not what it should be; Unavailable where
    the volume has no room; NoFootage and MixedParameters as for a video.
    """
    asked = order.asked
    pieces = footage.pieces(order.camera_id, order.stream, asked.start_us, asked.end_us)
    sealed = [piece for piece in pieces if piece.link_number is not None]
    if pieces and not sealed:
        raise Conflict(
            "nothing in this range is sealed yet",
            code="nothing_sealed",
            hint="a segment is sealed when it is closed, about a minute after it began",
        )
    there = [piece for piece in sealed if _size(footage, piece) is not None]
    _require_room(target.parent, sum(_size(footage, piece) or 0 for piece in there))
    signer, proof = _proof(footage, order.camera_id, sealed, settings, clock)
    shown = list(stretches(footage, there, asked))
    video = target.with_suffix(".mp4")
    os.close(os.open(video, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # as the pack's own: nobody else reads it
    try:
        export_mp4(shown, order.label, video)
        subject = Subject(
            camera_id=order.camera_id,
            camera=order.label.camera,
            stream=order.stream,
            start_us=asked.start_us,
            end_us=asked.end_us,
            video_us=(shown[0].start_us, shown[-1].end_us),
            gaps=_gaps(footage, order, pieces, settings, clock),
            unsealed=tuple(_unsealed(pieces, asked)),
            exported_by=order.label.exported_by,
            exported_at_us=clock.now(),
        )
        return write_pack(target, video, footage.archive, proof, subject, signer), shown[0].start_us
    finally:
        video.unlink(missing_ok=True)


def _proof(
    footage: Footage, camera_id: str, sealed: Sequence[Piece], settings: Settings, clock: Clock
) -> tuple[Signer, Proof]:
    chain = footage.archive.chain(camera_id)
    numbers = [piece.link_number for piece in sealed if piece.link_number is not None]
    try:
        signer = Signer.at(settings.keys_dir)
        return signer, prove(chain, camera_id, numbers, signer, clock)
    except NoFootage:
        raise
    except SigningKeyError as error:
        raise Conflict(str(error), code="signing_key", hint=error.hint) from error
    except FootageError as error:
        raise Conflict(str(error), code="chain_unreadable", hint="`shike verify` names the row") from error


def _gaps(
    footage: Footage, order: Order, pieces: Sequence[Piece], settings: Settings, clock: Clock
) -> tuple[Blank, ...]:
    camera_id, stream, asked = order.camera_id, order.stream, order.asked
    state = health.read(settings.state_dir).get((camera_id, stream))
    before = footage.last_end_reason(camera_id, stream, asked.start_us)
    covered = coverage(pieces, asked.start_us, asked.end_us, clock.now(), before, state.cause if state else None)
    return tuple(Blank(gap.start_us, gap.end_us, gap.reason) for gap in covered.gaps)


def _size(footage: Footage, piece: Piece) -> int | None:
    """Bytes of a piece's file; None if it is gone. The pack then names it as absent."""
    try:
        return footage.archive.size(piece.key)
    except NoFootage:
        return None


def _unsealed(pieces: Sequence[Piece], asked: Range) -> list[Blank]:
    """What of the range no row of the chain speaks of."""
    return [
        Blank(
            max(piece.start_us, asked.start_us),
            min(piece.end_us, asked.end_us),
            "being_written" if piece.is_open else "no_row",
        )
        for piece in pieces
        if piece.link_number is None
    ]


def _require_room(folder: Path, footage_bytes: int) -> None:
    needed = _COPIES * footage_bytes + _KEPT_FREE_BYTES
    if shutil.disk_usage(folder).free < needed:
        raise Unavailable(
            f"making this pack needs {needed / 1e9:.1f} GB free on the volume of the data folder",
            code="no_space",
            hint="ask for a shorter range, or make room",
        )
