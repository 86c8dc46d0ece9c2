"""A range of footage as one file to take away: a video, or an evidence pack (evidence.py).

The file is made in the data folder and sent from there; it is gone when it has been sent. Two at a time: making one
reads as fast as the disk gives.
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
from shike.api.current import CurrentClock, CurrentFootage, Db, current_of
from shike.api.errors import Conflict, Invalid, NotFound, Unavailable
from shike.api.playback.evidence import Order, make_pack
from shike.api.playback.stretches import stretches
from shike.api.playback.time_range import Range, asked_range
from shike.api.settings import Settings
from shike.api.wire import PROBLEM, Id
from shike.attendance.footage.index import Footage
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.export import Label, export_mp4
from shike.capture.archive.segment import StreamName
from shike.capture.clock import Clock
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
class _Made:
    """A file that is ready: when its video begins (µs), and what the audit trail says of it beside range and size."""

    start_us: int
    said: Mapping[str, str]


@router.get("/api/cameras/{camera_id}/export", response_class=StreamingResponse)
def export_footage(
    camera_id: Id,
    asked: Annotated[Range, Depends(asked_range)],
    db: Db,
    caller: CurrentCaller,
    clock: CurrentClock,
    footage: CurrentFootage,
    request: Request,
    stream: StreamName = "main",
    form: Annotated[Form, Query(alias="format")] = "mp4",
) -> StreamingResponse:
    """The range as one file, copied and not transcoded, from the keyframe at or before its start.

    `mp4`: a video. `pack`: a ZIP with the same video, the segments as they lie there, and what proves them.
    """
    settings = current_of(request).settings
    if asked.seconds > settings.max_export_hours * 3600:
        raise Invalid("to", "too_long", f"at most {settings.max_export_hours:g} hours at once")
    camera = load(db, caller.viewer, CameraRow, camera_id)
    place = audit.place_of(db, camera)
    label = Label(
        camera=place.target or camera.name,
        camera_id=camera_id,
        stream=stream,
        exported_by=caller.viewer.username,
        exported_at=str(rfc3339_us(clock.now())),
    )
    order = Order(camera_id, stream, asked, label)
    with _slot(settings.data_dir / FOLDER, form) as target:
        made = _made(target, order, form, footage, settings, clock)
    try:
        shown = {"from": rfc3339_us(asked.start_us), "to": rfc3339_us(asked.end_us), "bytes": target.stat().st_size}
        with current_of(request).database.writing() as writing:
            audit.write(writing, clock, caller, "export", place, stream=stream, format=form, **shown, **made.said)
        start = from_us(made.start_us).astimezone(BEIJING)
        name = re.sub(r"[^\w.-]+", "-", f"{place.target}-{start:%Y%m%d-%H%M%S}")
        return _handed_out(target, f"{name}.{SUFFIXES[form]}", MEDIA_TYPES[form])
    finally:
        target.unlink(missing_ok=True)


def clear(folder: Path) -> None:
    """Remove what an earlier process left while it was making an export."""
    for suffix in SUFFIXES.values():
        for path in folder.glob(f"*.{suffix}"):
            path.unlink()


def _handed_out(target: Path, name: str, media_type: str) -> StreamingResponse:
    """The file's bytes. It has no name on disk any more: whatever becomes of the download, nothing stays behind."""
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
    """A turn at making an export, and the empty file to make. What fails leaves none."""
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
    except BaseException:  # raised again: whatever it was, half a file must not stay
        target.unlink()
        raise
    finally:
        _slots.release()


def _made(target: Path, order: Order, form: Form, footage: Footage, settings: Settings, clock: Clock) -> _Made:
    """Make the file; once more where a clean-up took footage away meanwhile, which is left out then, or said."""
    for again in (True, False):
        try:
            return _pack(target, order, footage, settings, clock) if form == "pack" else _video(target, order, footage)
        except NoFootage:
            if not again:
                raise
    raise AssertionError("unreachable")


def _video(target: Path, order: Order, footage: Footage) -> _Made:
    pieces = footage.pieces(order.camera_id, order.stream, order.asked.start_us, order.asked.end_us)
    shown = list(stretches(footage, pieces, order.asked))
    export_mp4(shown, order.label, target)
    return _Made(shown[0].start_us, {})


def _pack(target: Path, order: Order, footage: Footage, settings: Settings, clock: Clock) -> _Made:
    digest, start_us = make_pack(target, order, footage, settings, clock)
    return _Made(start_us, {"manifest": digest})
