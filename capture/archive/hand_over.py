"""Handing a closed segment over: into its camera's chain, then into the spool.

Not here: writing segments (segment_file), reading the spool (spool). Design: docs/design/capture.md.
"""

from shike.capture.archive.disk_waits import waiting_for_disk
from shike.capture.archive.durable import disk_error
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import SegmentRecord
from shike.capture.archive.spool import Spool


def hand_over(archive: Archive, spool: Spool, record: SegmentRecord) -> None:
    """Link a closed segment into its camera's chain, put its record into the spool, and only then forget that it was
    open.

    DiskError if the volume refuses: the marker still names the segment then, and recovery tries again.
    """
    identity = record.identity
    try:
        with waiting_for_disk():
            link = archive.chain(identity.camera_id).append_segment(record)
            spool.put(record.linked(link.number, link.digest))
            archive.forget_open(record.key, identity.camera_id, identity.stream, identity.origin)
    except OSError as error:
        raise disk_error(error) from error
