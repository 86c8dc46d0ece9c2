"""Gives up footage that is lost for good: a row `lost` of the present chain records who gave it up, and why.

The rows of the index stay until their retention ends; a clean-up then records them as missing and refers to that row.
Not here: whether footage is mounted (footage/mounted.py), carrying out planned deletions (retention/deleting.py).
Design: docs/design/retention.md, "Footage that is not mounted".
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
    """Indexed segments of a camera that have no row in the present chain, and the time they cover, µs UTC.

    `files`: how many of them have their file here nevertheless.
    """

    segments: int
    files: int
    start_us: int
    end_us: int


def absent(db: DbSession, archive: Archive, camera_id: str) -> Absent | None:
    """A camera's indexed footage that the present chain does not know; None if there is none. Reads the whole chain."""
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
    """Record in the present chain that this footage is lost, by whom and why. OSError if the volume refuses."""
    fields = {"by": by, "reason": reason, "at_us": at_us, "segments": what.segments, "files": what.files}
    fields |= {"start_us": what.start_us, "end_us": what.end_us}
    return archive.chain(camera_id).append("lost", fields)
