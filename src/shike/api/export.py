"""A range of footage as one file to take away.

The file is made in the data folder and sent from there; it is gone when it has been sent. Two at a time: making one
reads as fast as the disk gives.
"""

import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import mkstemp
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from shike.api import audit
from shike.api.auth.guard import CurrentCaller, CurrentClock
from shike.api.auth.scopes import load
from shike.api.db import Db, database_of
from shike.api.errors import Conflict, Invalid, NotFound, Unavailable
from shike.api.footage import CurrentFootage
from shike.api.moment import rfc3339_us
from shike.api.playlist import entries
from shike.api.settings import Settings
from shike.api.timerange import Range, asked_range
from shike.api.wire import PROBLEM, Id
from shike.attendance.footage import Footage, Piece
from shike.attendance.tables import Camera, from_us
from shike.capture.errors import MixedParameters, NoFootage
from shike.capture.export import Label, Stretch, export_mp4
from shike.capture.segment import Fragment

router = APIRouter(tags=["playback"], responses=PROBLEM)
_slots = threading.BoundedSemaphore(2)
_CHUNK_BYTES = 1 << 20
FOLDER = "exports"


@dataclass(frozen=True, slots=True)
class _Part:
    """From one fragment to another of one piece, both included."""

    piece: Piece
    first: Fragment
    last: Fragment


@router.get("/api/cameras/{camera_id}/export", response_class=StreamingResponse)
def export_footage(
    camera_id: Id,
    asked: Annotated[Range, Depends(asked_range)],
    db: Db,
    caller: CurrentCaller,
    clock: CurrentClock,
    footage: CurrentFootage,
    request: Request,
    stream: Literal["main", "sub"] = "main",
) -> StreamingResponse:
    """One MP4 of the range, copied and not transcoded, from the keyframe at or before its start."""
    settings: Settings = request.app.state.settings
    if asked.seconds > settings.max_export_hours * 3600:
        raise Invalid("to", "too_long", f"at most {settings.max_export_hours:g} hours at once")
    camera = load(db, caller.viewer, Camera, camera_id)
    place = audit.place_of(db, camera)
    stretches = list(_stretches(footage, camera_id, stream, asked))
    label = Label(
        camera=place.target or camera.name,
        camera_id=camera_id,
        stream=stream,
        exported_by=caller.viewer.username,
        exported_at=str(rfc3339_us(clock.now())),
    )
    target = _make(settings.data_dir / FOLDER, stretches, label)
    shown = {"from": rfc3339_us(asked.start_us), "to": rfc3339_us(asked.end_us), "bytes": target.stat().st_size}
    with database_of(request).writing() as writing:
        audit.write(writing, clock, caller, "export", place, stream=stream, **shown)
    start = from_us(stretches[0].start_us) + timedelta(hours=8)
    name = re.sub(r"[^\w.-]+", "-", f"{place.target}-{start:%Y%m%d-%H%M%S}") + ".mp4"
    return _handed_out(target, name)


def clear(folder: Path) -> None:
    """Remove what an earlier process left while it was making an export."""
    for path in folder.glob("*.mp4"):
        path.unlink()


def _handed_out(target: Path, name: str) -> StreamingResponse:
    """The file's bytes. It has no name on disk any more: whatever becomes of the download, nothing stays behind."""
    file = target.open("rb")
    size = target.stat().st_size
    target.unlink()

    def chunks() -> Iterator[bytes]:
        with file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    headers = {"Content-Length": str(size), "Content-Disposition": f"attachment; filename*=utf-8''{quote(name)}"}
    return StreamingResponse(chunks(), headers=headers, media_type="video/mp4")


def _make(folder: Path, stretches: list[Stretch], label: Label) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if not _slots.acquire(timeout=30):
        raise Unavailable("two exports are being made; try again in a minute", code="busy")
    handle, name = mkstemp(suffix=".mp4", dir=folder)
    os.close(handle)
    target = Path(name)
    try:
        export_mp4(stretches, label, target)
    except NoFootage as error:
        target.unlink()
        raise NotFound(str(error), code="nothing_recorded") from error
    except MixedParameters as error:
        target.unlink()
        raise Conflict(str(error), code="mixed_parameters", at=rfc3339_us(error.at_us), hint=error.hint) from error
    except BaseException:
        target.unlink()
        raise
    finally:
        _slots.release()
    return target


def _stretches(footage: Footage, camera_id: str, stream: Literal["main", "sub"], asked: Range) -> Iterator[Stretch]:
    """Footage of the range, one stretch per unbroken part of a run."""
    runs: list[list[_Part]] = []
    for piece in footage.pieces(camera_id, stream, asked.start_us, asked.end_us):
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
        yield Stretch(
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
