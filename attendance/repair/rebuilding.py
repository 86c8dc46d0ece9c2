"""Rebuilds the index from the files, for a database that was lost or is out of date.

Existing rows stay unchanged. The chain tells what a file cannot: the digest, the link, how a run ended if that was not
known when its last file was closed, and what a rule has deleted. A file that no chain knows is indexed without a link:
a repair must not create evidence. Design: docs/design/footage.md, "When files and index disagree".
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple, cast

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.footage.indexing import index
from shike.attendance.footage.mounted import away
from shike.attendance.repair.deletion_records import ChainDeletion, deleted, remake
from shike.attendance.tables.footage import SegmentRow
from shike.capture.archive.chain import Chain, Link, RowPlace
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import STREAMS, EndReason, Origin, SegmentRecord
from shike.capture.errors import FootageError, NoFootage
from shike.capture.proof.chain_walk import segment_fields

log = logging.getLogger(__name__)

_BATCH = 500
_ORIGINS: tuple[Origin, ...] = ("live", "imported")


@dataclass(slots=True)
class Rebuilt:
    """The result for a camera: rows made, rows that existed, files without a link, files left out.

    `deleted`: files of segments that a rule has deleted according to the chain; a restored backup brings them back.
    `deletions`: records of deletions made. `away`: nothing was done, because the indexed footage is not mounted.
    """

    made: int = 0
    there: int = 0
    unlinked: int = 0
    deleted: int = 0
    unreadable: int = 0
    unknown_camera: int = 0
    deletions: int = 0
    away: bool = False


def rebuild(
    archive: Archive,
    reading: Callable[[], AbstractContextManager[DbSession]],
    writing: Callable[[], AbstractContextManager[DbSession]],
    camera_id: str,
    progress: Callable[[int], None] = lambda _files: None,
) -> Rebuilt:
    """Index every closed segment file of a camera that has no row, and restore the records of deletions from its chain.

    Calling it twice is harmless. `progress` gets the number of files so far.
    """
    result = Rebuilt()
    with reading() as db:
        if away(db, archive, [camera_id]):
            return Rebuilt(away=True)
        existing = set(db.scalars(select(SegmentRow.object_key).where(SegmentRow.camera_id == camera_id)))
    chain = _ChainIndex(archive.chain(camera_id), camera_id)
    records = _records(archive, camera_id, existing, chain, result)
    while batch := list(islice(records, _BATCH)):
        with writing() as db:
            indexed = index(db, archive, batch)
        result.made += len(indexed)
        result.unknown_camera += len(batch) - len(indexed)
        progress(result.made + result.there)
    # After the files: a file tells more of its run than the rows of deleted segments do.
    result.deletions = remake(reading, writing, camera_id, chain.deletions())
    return result


def _records(
    archive: Archive, camera_id: str, existing: set[str], chain: "_ChainIndex", result: Rebuilt
) -> Iterator[SegmentRecord]:
    for key, _ in archive.stored(camera_id):
        if key in existing:
            result.there += 1
            continue
        # Checked for each file: a file that no marker names any more is complete by now.
        if not key.endswith(".mp4") or _is_open(archive, camera_id, key):
            continue
        try:
            record = archive.examine(key)
            if record is None or record.identity.camera_id != camera_id:
                log.error("segment %s cannot be read; it is not indexed", key)
                result.unreadable += 1
            elif chain.is_deleted(segment_id := record.identity.segment_id):
                result.deleted += 1
            else:
                link = chain.segment(segment_id) or _just_linked(archive, camera_id, segment_id)
                record = replace(record, digest=archive.digest(key)) if link is None else _said(record, link)
                result.unlinked += link is None
                yield record
        except NoFootage:  # deleted by a rule meanwhile
            continue


def _just_linked(archive: Archive, camera_id: str, segment_id: str) -> Link | None:
    link = archive.chain(camera_id).recent("segment", segment_id)
    return link if link is not None and _is_complete(link) else None


def _is_open(archive: Archive, camera_id: str, key: str) -> bool:
    return any(archive.open_key(camera_id, stream, origin) == key for stream in STREAMS for origin in _ORIGINS)


class _Row(NamedTuple):
    """Where the last row `segment` of a segment is, if there is one, and the number of its last row `deleted`."""

    file: str | None
    at: int
    deleted: int | None

    @property
    def place(self) -> RowPlace | None:
        return None if self.file is None else (self.file, self.at)


class _ChainIndex:
    """The chain's rows by segment. It keeps their positions, not the rows: a camera's year is a million rows."""

    def __init__(self, chain: Chain, camera_id: str) -> None:
        self._chain, self._camera_id = chain, camera_id
        self._rows: dict[str, _Row] = {}
        self._some_deleted = False
        for link, (file, at) in self._links():
            segment_id = link.fields.get("segment")
            if not isinstance(segment_id, str):
                segment_id = ""
            if link.kind == "segment" and _is_complete(link):
                self._rows[segment_id] = _Row(file, at, self._row(segment_id).deleted)
            elif link.kind == "deleted" and segment_id:
                self._rows[segment_id] = self._row(segment_id)._replace(deleted=link.number)
                self._some_deleted = True
            elif link.kind in ("segment", "deleted"):
                log.warning("row %d of the chain of camera %s is incomplete", link.number, camera_id)

    def is_deleted(self, segment_id: str) -> bool:
        """Whether a row of the chain says that a rule deleted the segment."""
        return self._row(segment_id).deleted is not None

    def segment(self, segment_id: str) -> Link | None:
        """The last complete row of a segment, read from the file."""
        place = self._row(segment_id).place
        return None if place is None else self._chain.behind(place)

    def deletions(self) -> Iterator[ChainDeletion]:
        """The last row of each deletion, with the row of its segment."""
        if self._some_deleted:
            rows = (link for link, _ in self._links() if link.kind == "deleted" and self._is_last(link))
            yield from deleted(rows, self.segment)

    def _is_last(self, link: Link) -> bool:
        segment_id = link.fields.get("segment")
        return isinstance(segment_id, str) and self._row(segment_id).deleted == link.number

    def _row(self, segment_id: str) -> _Row:
        return self._rows.get(segment_id, _NOTHING)

    def _links(self) -> Iterator[tuple[Link, RowPlace]]:
        try:
            yield from self._chain.placed()
        except FootageError:
            log.exception("the chain of camera %s is broken; the rows after that are left out", self._camera_id)


_NOTHING = _Row(None, 0, None)


def _is_complete(link: Link) -> bool:
    try:
        segment_fields(link.fields)
    except FootageError:
        return False
    return True


def _said(record: SegmentRecord, link: Link) -> SegmentRecord:
    ends_run = cast("EndReason | None", link.fields["ends_run"])
    return replace(record, digest=link.fields["digest"], ends_run=ends_run).linked(link.number, link.digest)
