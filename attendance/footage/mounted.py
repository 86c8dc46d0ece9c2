"""Whether the indexed footage of a camera is on the mounted volume.

The index stores the chain row of each segment. If the chain on the volume has another row in that place, or none, it is
not the chain of that footage: the volume is not mounted, even if recording has begun a new chain in the empty folder.
Missing files then prove nothing. A user gives up footage that is lost for good (repair/giving_up.py); a row `lost` of
the present chain says so. Design: docs/design/retention.md, "Footage that is not mounted".
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.registry import LeaseRow
from shike.capture.archive.chain import Chain, Link
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import STREAMS
from shike.capture.errors import FootageError
from shike.capture.moment import to_us


def away(db: DbSession, archive: Archive, camera_ids: Iterable[str]) -> list[str]:
    """The cameras whose footage is not mounted, in whole or in part. Cheap enough for every clean-up.

    It checks the first and the last linked segment of each stream. Footage older than the chain cannot be checked.
    """
    return [camera_id for camera_id in camera_ids if not _is_here(db, archive, camera_id)]


def elsewhere(db: DbSession, camera_ids: Iterable[str], node: str, moment: datetime) -> set[str]:
    """The cameras that another machine records, or that this machine never recorded: their footage need not be here."""
    other = select(LeaseRow.camera_id, LeaseRow.until).where(
        LeaseRow.camera_id.in_(list(camera_ids)), LeaseRow.node != node
    )
    return {
        camera_id
        for camera_id, until in db.execute(other)
        if until >= moment or not db.scalar(select(exists().where(RunRow.camera_id == camera_id, RunRow.node == node)))
    }


def given_up(chain: Chain) -> Link | None:
    """The last row `lost` of a chain: footage that ended by its `at_us` and has no row here is lost for good."""
    rows = (link for link in chain.of_kinds("lost") if type(link.fields.get("at_us")) is int)
    return max(rows, key=lambda link: int(link.fields["at_us"]), default=None)


def _is_here(db: DbSession, archive: Archive, camera_id: str) -> bool:
    chain, linked = archive.chain(camera_id), _ends(db, camera_id)
    try:
        unknown = [end_us for number, link, end_us in linked if not chain.holds(number, link)]
        if not unknown:
            return True
        lost = given_up(chain)
        return lost is not None and max(unknown) <= int(lost.fields["at_us"])
    except (OSError, FootageError):  # the volume or the chain exists and cannot be read
        return False


def _ends(db: DbSession, camera_id: str) -> list[tuple[int, str, int]]:
    """Row number, link and end of the first and the last linked segment of each stream."""
    ends = []
    for stream in STREAMS:
        linked = select(SegmentRow.link_number, SegmentRow.link, SegmentRow.wall_end).where(
            SegmentRow.camera_id == camera_id,
            SegmentRow.stream == stream,
            SegmentRow.link_number.is_not(None),
            SegmentRow.link.is_not(None),
        )
        for order in (SegmentRow.wall_start.asc(), SegmentRow.wall_start.desc()):
            row = db.execute(linked.order_by(order).limit(1)).first()
            if row is not None and row[0] is not None and row[1] is not None:
                ends.append((row[0], row[1], to_us(row[2])))
    return ends
