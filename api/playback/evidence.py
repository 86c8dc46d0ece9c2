"""The evidence pack of a range: reads the index and the chain, and calls capture/proof/pack.py to write the pack.

Only sealed footage goes in: footage that the camera's chain has a row of. Design: docs/design/integrity.md, "The pack".
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends

from shike.api.current import CurrentClock, CurrentFootage, CurrentSettings
from shike.api.errors import Conflict, Unavailable
from shike.api.playback.coverage import CurrentCoverage
from shike.api.playback.stretches import stretches
from shike.api.playback.time_range import Range
from shike.attendance.footage.index import Footage, Piece
from shike.attendance.recording.coverage_reader import CoverageRequest
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.export import Label, export_mp4
from shike.capture.archive.segment import StreamName
from shike.capture.errors import FootageError, NoFootage, SigningKeyError
from shike.capture.proof.excerpt import Proof, prove
from shike.capture.proof.pack import Blank, Subject, write_pack
from shike.capture.proof.signing import Signer

# At worst the video, the segments and the pack that holds both exist at once. Recording must not run out of space.
_COPIES = 3
_KEPT_FREE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants exported. `label`: the description in the comment of the video."""

    camera: CameraRow
    stream: StreamName
    time_range: Range
    label: Label


@dataclass(frozen=True, slots=True)
class ExportSources:
    """What an export is made from, within one request."""

    footage: CurrentFootage
    reader: CurrentCoverage
    settings: CurrentSettings
    clock: CurrentClock


CurrentExportSources = Annotated[ExportSources, Depends()]


def make_pack(target: Path, order: Order, sources: ExportSources) -> tuple[str, int]:
    """Write the pack into `target`; returns the digest of its manifest and when its video begins (µs).

    Conflict if nothing of the range is sealed yet, or if the chain or the signing key is faulty. Unavailable if the
    volume has too little space. NoFootage and MixedParameters as for a video.
    """
    time_range, footage = order.time_range, sources.footage
    pieces = footage.pieces(order.camera.id, order.stream, time_range.start_us, time_range.end_us)
    sealed = [piece for piece in pieces if piece.link_number is not None]
    if pieces and not sealed:
        raise Conflict(
            "nothing in this range is sealed yet",
            code="nothing_sealed",
            hint="a segment is sealed when it is closed, about a minute after it began",
        )
    present = [piece for piece in sealed if _size(footage, piece) is not None]
    _require_space(target.parent, sum(_size(footage, piece) or 0 for piece in present))
    signer, proof = _proof(order.camera.id, sealed, sources)
    shown = list(stretches(footage, present, time_range))
    video = target.with_suffix(".mp4")
    os.close(os.open(video, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # as the pack itself: nobody else can read it
    try:
        export_mp4(shown, order.label, video)
        subject = Subject(
            camera_id=order.camera.id,
            camera=order.label.camera,
            stream=order.stream,
            start_us=time_range.start_us,
            end_us=time_range.end_us,
            video_us=(shown[0].start_us, shown[-1].end_us),
            gaps=_gaps(order, sources),
            unsealed=tuple(_unsealed(pieces, time_range)),
            exported_by=order.label.exported_by,
            exported_at_us=sources.clock.now(),
        )
        return write_pack(target, video, footage.archive, proof, subject, signer), shown[0].start_us
    finally:
        video.unlink(missing_ok=True)


def _proof(camera_id: str, sealed: Sequence[Piece], sources: ExportSources) -> tuple[Signer, Proof]:
    chain = sources.footage.archive.chain(camera_id)
    numbers = [piece.link_number for piece in sealed if piece.link_number is not None]
    try:
        signer = Signer.at(sources.settings.keys_dir)
        return signer, prove(chain, camera_id, numbers, signer, sources.clock)
    except NoFootage:
        raise
    except SigningKeyError as error:
        raise Conflict(str(error), code="signing_key", hint=error.hint) from error
    except FootageError as error:
        raise Conflict(str(error), code="chain_unreadable", hint="`shike verify` names the row") from error


def _gaps(order: Order, sources: ExportSources) -> tuple[Blank, ...]:
    """The gaps of the range, as the time line shows them."""
    time_range = order.time_range
    request = CoverageRequest([order.camera], time_range.start_us, time_range.end_us, sources.clock.now(), order.stream)
    (answer,) = sources.reader.read(request)
    return tuple(Blank(gap.start_us, gap.end_us, gap.reason) for gap in answer.coverage.gaps)


def _size(footage: Footage, piece: Piece) -> int | None:
    """Bytes of a piece's file; None if the file is gone. The pack then lists it as absent."""
    try:
        return footage.archive.size(piece.key)
    except NoFootage:
        return None


def _unsealed(pieces: Sequence[Piece], time_range: Range) -> list[Blank]:
    """The parts of the range whose footage has no row in the chain."""
    return [
        Blank(
            max(piece.start_us, time_range.start_us),
            min(piece.end_us, time_range.end_us),
            "being_written" if piece.is_open else "no_row",
        )
        for piece in pieces
        if piece.link_number is None
    ]


def _require_space(folder: Path, footage_bytes: int) -> None:
    needed = _COPIES * footage_bytes + _KEPT_FREE_BYTES
    if shutil.disk_usage(folder).free < needed:
        raise Unavailable(
            f"making this pack needs {needed / 1e9:.1f} GB free on the volume of the data folder",
            code="no_space",
            hint="ask for a shorter range, or make room",
        )
