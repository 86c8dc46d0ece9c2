"""A range of footage as one file to download: a video, or an evidence pack (evidence.py).

The file is made in the data folder and deleted once it has been sent. Two exports run at a time, because each reads as
fast as the disk allows. Design: docs/design/playback.md, "Export".
"""

import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller
from shike.api.auth.scopes import load
from shike.api.current import Db, current_of
from shike.api.errors import Conflict, Invalid, NotFound, Unavailable
from shike.api.playback.evidence import CurrentExportSources, ExportSources, Order, make_pack
from shike.api.playback.stretches import stretches
from shike.api.playback.time_range import Range, asked_range
from shike.api.wire import PROBLEM, Id
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.export import Label, export_mp4
from shike.capture.archive.segment import StreamName
from shike.capture.errors import MixedParameters, NoFootage
from shike.capture.moment import BEIJING, from_us, rfc3339_us

router = APIRouter(tags=["playback"], responses=PROBLEM)
Form = Literal["mp4", "pack"]
SUFFIXES: Mapping[Form, str] = {"mp4": "mp4", "pack": "zip"}
MEDIA_TYPES: Mapping[Form, str] = {"mp4": "video/mp4", "pack": "application/zip"}
_slots = threading.BoundedSemaphore(2)
_CHUNK_BYTES = 1 << 20
FOLDER = "exports"


@dataclass(frozen=True, slots=True)
class _Export:
    """A finished file. `start_us`: when its video begins. `detail`: more fields for the audit trail."""

    start_us: int
    detail: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ExportQuery:
    """What is to be exported."""

    camera_id: Id
    time_range: Annotated[Range, Depends(asked_range)]
    stream: StreamName = "main"
    form: Annotated[Form, Query(alias="format")] = "mp4"


@router.get("/api/cameras/{camera_id}/export", response_class=StreamingResponse)
def export_footage(
    query: Annotated[ExportQuery, Depends()],
    db: Db,
    caller: CurrentCaller,
    sources: CurrentExportSources,
    request: Request,
) -> StreamingResponse:
    """The range as one file, copied and not transcoded, from the keyframe at or before its start.

    `mp4`: a video. `pack`: a ZIP with the same video, the segments as they lie there, and what proves them.
    """
    settings, clock = sources.settings, sources.clock
    time_range, stream, form = query.time_range, query.stream, query.form
    if time_range.seconds > settings.max_export_hours * 3600:
        raise Invalid("to", "too_long", f"at most {settings.max_export_hours:g} hours at once")
    camera = load(db, caller.viewer, CameraRow, query.camera_id)
    place = audit.place_of(db, camera)
    label = Label(
        camera=place.target or camera.name,
        camera_id=query.camera_id,
        stream=stream,
        exported_by=caller.viewer.username,
        exported_at=str(rfc3339_us(clock.now())),
    )
    order = Order(camera, stream, time_range, label)
    with _slot(settings.data_dir / FOLDER, form) as target:
        export = _make(target, order, form, sources)
    try:
        shown = {
            "from": rfc3339_us(time_range.start_us),
            "to": rfc3339_us(time_range.end_us),
            "bytes": target.stat().st_size,
        }
        with current_of(request).database.writing() as writing:
            audit.write(writing, clock, caller, "export", place, stream=stream, format=form, **shown, **export.detail)
        start = from_us(export.start_us).astimezone(BEIJING)
        name = re.sub(r"[^\w.-]+", "-", f"{place.target}-{start:%Y%m%d-%H%M%S}")
        return _download(target, f"{name}.{SUFFIXES[form]}", MEDIA_TYPES[form])
    finally:
        target.unlink(missing_ok=True)


def clear(folder: Path) -> None:
    """Remove the unfinished exports of an earlier process."""
    for suffix in SUFFIXES.values():
        for path in folder.glob(f"*.{suffix}"):
            path.unlink()


def _download(target: Path, name: str, media_type: str) -> StreamingResponse:
    """The file's bytes. Its name is removed from the disk first, so that an aborted download leaves nothing behind."""
    file = target.open("rb")
    size = target.stat().st_size
    target.unlink()

    def chunks() -> Iterator[bytes]:
        with file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    headers = {"Content-Length": str(size), "Content-Disposition": f"attachment; filename*=utf-8''{quote(name)}"}
    return StreamingResponse(chunks(), headers=headers, media_type=media_type)


@contextmanager
def _slot(folder: Path, form: Form) -> Iterator[Path]:
    """Wait for one of the slots, then give an empty file to write to. It is deleted if the export fails."""
    folder.mkdir(parents=True, exist_ok=True)
    if not _slots.acquire(timeout=30):
        raise Unavailable("two exports are being made; try again in a minute", code="busy")
    handle, name = mkstemp(suffix=f".{SUFFIXES[form]}", dir=folder)
    os.close(handle)
    target = Path(name)
    try:
        yield target
    except NoFootage as error:
        target.unlink()
        raise NotFound(str(error), code="nothing_recorded") from error
    except MixedParameters as error:
        target.unlink()
        raise Conflict(str(error), code="mixed_parameters", at=rfc3339_us(error.at_us), hint=error.hint) from error
    except BaseException:  # raised again: no error may leave half a file behind
        target.unlink()
        raise
    finally:
        _slots.release()


def _make(target: Path, order: Order, form: Form, sources: ExportSources) -> _Export:
    """Make the file. If a clean-up deleted footage meanwhile, make it once more: the video leaves that footage out, the
    pack lists it as deleted.
    """
    for again in (True, False):
        try:
            return _pack(target, order, sources) if form == "pack" else _video(target, order, sources)
        except NoFootage:
            if not again:
                raise
    raise AssertionError("unreachable")


def _video(target: Path, order: Order, sources: ExportSources) -> _Export:
    footage = sources.footage
    pieces = footage.pieces(order.camera.id, order.stream, order.time_range.start_us, order.time_range.end_us)
    shown = list(stretches(footage, pieces, order.time_range))
    export_mp4(shown, order.label, target)
    return _Export(shown[0].start_us, {})


def _pack(target: Path, order: Order, sources: ExportSources) -> _Export:
    digest, start_us = make_pack(target, order, sources)
    return _Export(start_us, {"manifest": digest})
