"""Records of closed segments on local disk, for whoever indexes them.

A record stays until the index says that it has it, so a dead database loses nothing.
"""

import logging
from collections.abc import Container, Iterator
from pathlib import Path

from shike.capture.archive.durable import fsync_folder, replace_file
from shike.capture.archive.segment import SegmentRecord

log = logging.getLogger(__name__)


class Spool:
    """A folder of records, one file per segment, in order of their ids (UUIDv7: order of time)."""

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        """Without `create` it is only looked at: a folder that is not there holds nothing, and is not made."""
        self._folder = folder
        if create:
            folder.mkdir(parents=True, exist_ok=True)

    def put(self, record: SegmentRecord) -> None:
        """Store a record durably; the same segment again replaces it."""
        replace_file(self._folder / f"{record.identity.segment_id}.json", record.to_json())

    def pending(self, without: Container[str] = ()) -> Iterator[SegmentRecord]:
        """Records that nobody has taken, oldest first. One that cannot be read is put aside as `<name>.damaged`.

        Those of segments that are in `without` are not read.
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
        except FileNotFoundError:  # only looked at
            return []

    def done(self, records: list[SegmentRecord]) -> None:
        """Forget records that are safely in the index."""
        for record in records:
            (self._folder / f"{record.identity.segment_id}.json").unlink(missing_ok=True)
        fsync_folder(self._folder)
