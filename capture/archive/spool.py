"""The spool: records of closed segments on local disk, which wait to be indexed.

A record stays until the index has stored it, so nothing is lost while the database is down. Not here: handing over
(hand_over), indexing (attendance.footage.indexing). Format: docs/reference/files.md.
"""

import logging
from collections.abc import Container, Iterator
from pathlib import Path

from shike.capture.archive.durable import fsync_folder, replace_file
from shike.capture.archive.segment import SegmentRecord

log = logging.getLogger(__name__)


class Spool:
    """A folder with one file per segment. File names are segment ids (UUIDv7), so their order is the order of time."""

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        """`create`: make the folder. Without it the spool is read only, and a missing folder counts as empty."""
        self._folder = folder
        if create:
            folder.mkdir(parents=True, exist_ok=True)

    def put(self, record: SegmentRecord) -> None:
        """Store a record. Durable on return. Replaces an earlier record of the same segment."""
        replace_file(self._folder / f"{record.identity.segment_id}.json", record.to_json())

    def pending(self, without: Container[str] = ()) -> Iterator[SegmentRecord]:
        """Records that are not indexed yet, oldest first. An unreadable one is renamed to `<name>.damaged`.

        `without`: ids of segments whose records are not read.
        """
        for path in (self._folder / name for name in self._names() if name.removesuffix(".json") not in without):
            try:
                yield SegmentRecord.from_json(path.read_bytes())
            except FileNotFoundError:  # indexed meanwhile
                continue
            except (ValueError, TypeError, KeyError):
                log.exception("the record %s cannot be read; its segment has to be indexed from the file", path.name)
                path.rename(path.with_suffix(".damaged"))

    def _names(self) -> list[str]:
        try:
            return sorted(path.name for path in self._folder.iterdir() if path.suffix == ".json")
        except FileNotFoundError:  # opened without `create`
            return []

    def done(self, records: list[SegmentRecord]) -> None:
        """Remove records that the index has stored."""
        for record in records:
            (self._folder / f"{record.identity.segment_id}.json").unlink(missing_ok=True)
        fsync_folder(self._folder)
