"""Bytes of footage: ranges of segment files, at the addresses that playlists contain.

The address of a segment begins with its camera, so one scoped query for the camera decides about every byte
(docs/decisions/0007). Design: docs/design/playback.md.
"""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response

from shike.api.auth.guard import CurrentViewer
from shike.api.auth.scopes import load
from shike.api.current import CurrentFootage, Db
from shike.api.errors import BadRange, NotFound
from shike.api.wire import PROBLEM, Id
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.segment import StreamName
from shike.capture.errors import NoFootage

router = APIRouter(tags=["playback"], responses=PROBLEM)

_NAME = re.compile(r"[0-9TZ.]{10,40}_[0-9a-f-]{36}_[0-9a-f-]{36}\.mp4")
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
MAX_RANGE_BYTES = 64 << 20


def segment_url(key: str) -> str:
    """The address of a segment's bytes."""
    camera_id, stream, day, name = key.split("/")
    return f"/api/cameras/{camera_id}/footage/{stream}/{day}/{name}"


@dataclass(frozen=True, slots=True)
class SegmentPath:
    """The parts of a segment's address."""

    camera_id: Id
    stream: StreamName
    day: str
    name: str


@router.get("/api/cameras/{camera_id}/footage/{stream}/{day}/{name}", response_class=Response, status_code=206)
def read_footage(
    path: Annotated[SegmentPath, Depends()],
    db: Db,
    viewer: CurrentViewer,
    footage: CurrentFootage,
    range_header: Annotated[str | None, Header(alias="range")] = None,
) -> Response:
    """A byte range of a segment. A closed segment never changes; an open one only grows."""
    camera = load(db, viewer, CameraRow, path.camera_id)
    if not _NAME.fullmatch(path.name) or not re.fullmatch(r"\d{8}", path.day) or camera.id not in path.name:
        raise NotFound(code="segment_not_found")
    key = f"{camera.id}/{path.stream}/{path.day}/{path.name}"
    try:
        size = footage.archive.size(key)
        match = _RANGE.fullmatch(range_header or f"bytes=0-{size - 1}")
        first = int(match[1]) if match else size
        last = min(int(match[2] or size - 1), size - 1) if match else 0
        if first > last or last - first >= MAX_RANGE_BYTES:
            raise BadRange(f"bytes 0 to {size - 1} exist, at most {MAX_RANGE_BYTES} at once", size=size)
        data = footage.archive.read(key, first, last - first + 1)
    except NoFootage as error:
        raise NotFound(code="segment_not_found") from error
    headers = {
        "Content-Range": f"bytes {first}-{first + len(data) - 1}/{size}",
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
    }
    return Response(data, 206, headers, media_type="video/mp4")
