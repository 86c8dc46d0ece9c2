"""Footage that is lost for good, given up by somebody with a reason: a row `lost` of the chain that lies here says so.

Rows of the index stay until their rule's day; a clean-up then records them as missing and points to that row. Not here:
whether footage is there (mounted.py), taking planned deletions to their end (deleting.py).
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.tables.footage import SegmentRow
from shike.capture.archive.chain import Link, sha256
from shike.capture.archive.files import Archive
from shike.capture.moment import to_us


@dataclass(frozen=True, slots=True)
class Absent:
    """Indexed segments of a camera whose row is not in the chain that lies here; from when to when, µs UTC.

    `files`: so many of them have their file here all the same.
    """

    segments: int
    files: int
    start_us: int
    end_us: int


def absent(db: DbSession, archive: Archive, camera_id: str) -> Absent | None:
    """What of a camera's indexed footage the chain here does not know, None if nothing. Reads the whole chain."""
    links = {number: sha256(line) for number, line in archive.chain(camera_id).rows()}
    keys = {key for key, _ in archive.stored(camera_id)}
    columns = SegmentRow.object_key, SegmentRow.link_number, SegmentRow.link, SegmentRow.wall_start, SegmentRow.wall_end
    segments, files, start_us, end_us = 0, 0, 0, 0
    for key, number, link, start, end in db.execute(select(*columns).where(SegmentRow.camera_id == camera_id)):
        here = key in keys
        if (number is None and here) or (number is not None and links.get(number) == link):
            continue
        start_us = to_us(start) if not segments else min(start_us, to_us(start))
        segments, files, end_us = segments + 1, files + here, max(end_us, to_us(end))
    return Absent(segments, files, start_us, end_us) if segments else None


def give_up(archive: Archive, camera_id: str, what: Absent, by: str, reason: str, at_us: int) -> Link:
    """Say in the chain that lies here that such footage is lost, and who says so. OSError if the volume refuses."""
    said = {"by": by, "reason": reason, "at_us": at_us, "segments": what.segments, "files": what.files}
    said |= {"start_us": what.start_us, "end_us": what.end_us}
    return archive.chain(camera_id).append("lost", said)
