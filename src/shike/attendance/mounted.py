"""Whether the footage that the index speaks of lies here at all, or its volume is not mounted.

A camera's chain is as old as its footage and is never deleted. So a camera whose footage is linked and whose chain is
not there has lost its volume, and nothing may be concluded from its files being gone.
"""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.tables import Segment
from shike.capture.archive import Archive
from shike.capture.segment import STREAMS


def away(db: DbSession, archive: Archive, camera_ids: Iterable[str]) -> list[str]:
    """Those of the cameras whose footage is not there. Footage older than the chain says nothing about that."""
    return [camera_id for camera_id in camera_ids if not _has_chain(archive, camera_id) and _is_linked(db, camera_id)]


def _has_chain(archive: Archive, camera_id: str) -> bool:
    try:
        return archive.chain(camera_id).head() is not None
    except OSError:  # a volume that is there and cannot be read
        return False


def _is_linked(db: DbSession, camera_id: str) -> bool:
    newest = (
        select(Segment.link_number)
        .where(Segment.camera_id == camera_id, Segment.stream == stream)
        .order_by(Segment.wall_start.desc())
        .limit(1)
        for stream in STREAMS
    )
    return any(db.scalar(query) is not None for query in newest)
