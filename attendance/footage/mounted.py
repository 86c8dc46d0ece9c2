"""Whether the footage that the index speaks of lies here, or its volume is not mounted.

The index remembers of each segment the row of the chain that says it. A chain that lies here and has another row in
that place, or none, is not the chain of that footage: its volume is not mounted, even if recording has begun a new
chain in the empty folder meanwhile. Nothing may be concluded then from files being gone. What is lost for good is given
up by somebody (giving_up.py), which a row `lost` of the chain that lies here says.
Design: docs/design/retention.md, "Footage that is not mounted".
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
    """Those of the cameras of whose footage some, or all, is not there; so cheap that every clean-up may ask.

    Looked at are the first and the last linked segment of each stream. Footage older than the chain says nothing.
    """
    return [camera_id for camera_id in camera_ids if not _is_here(db, archive, camera_id)]


def elsewhere(db: DbSession, camera_ids: Iterable[str], node: str, moment: datetime) -> set[str]:
    """Those of the cameras that another machine records, or that this one never has: it is not to be missed here."""
    other = select(LeaseRow.camera_id, LeaseRow.until).where(
        LeaseRow.camera_id.in_(list(camera_ids)), LeaseRow.node != node
    )
    return {
        camera_id
        for camera_id, until in db.execute(other)
        if until >= moment or not db.scalar(select(exists().where(RunRow.camera_id == camera_id, RunRow.node == node)))
    }


def given_up(chain: Chain) -> Link | None:
    """The last row `lost` of a chain: footage that ended by its `at_us` and is in no row here is lost for good."""
    rows = (link for link in chain.of_kinds("lost") if type(link.said.get("at_us")) is int)
    return max(rows, key=lambda link: int(link.said["at_us"]), default=None)


def _is_here(db: DbSession, archive: Archive, camera_id: str) -> bool:
    chain, linked = archive.chain(camera_id), _ends(db, camera_id)
    try:
        unknown = [end_us for number, link, end_us in linked if not chain.holds(number, link)]
        if not unknown:
            return True
        lost = given_up(chain)
        return lost is not None and max(unknown) <= int(lost.said["at_us"])
    except (OSError, FootageError):  # a volume, or a chain, that is there and cannot be read
        return False


def _ends(db: DbSession, camera_id: str) -> list[tuple[int, str, int]]:
    """Row number, link and end of the first and the last linked segment of each stream."""
    found = []
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
                found.append((row[0], row[1], to_us(row[2])))
    return found
