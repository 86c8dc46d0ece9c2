"""Hand over a closed segment: add its row to the camera's chain, then put its record into the spool.

Not here: writing segments (segment_file), reading the spool (spool). Design: docs/design/capture.md, "Durability".
"""

from shike.capture.archive.disk_waits import waiting_for_disk
from shike.capture.archive.durable import disk_error
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import SegmentRecord
from shike.capture.archive.spool import Spool


def hand_over(archive: Archive, spool: Spool, record: SegmentRecord) -> None:
    """Add the segment's row to the chain, put its record into the spool, and only then remove its marker.

    DiskError if the volume refuses: the marker then still names the segment, and recovery tries again.
    """
    identity = record.identity
    try:
        with waiting_for_disk():
            link = archive.chain(identity.camera_id).append_segment(record)
            spool.put(record.linked(link.number, link.digest))
            archive.forget_open(record.key, identity.camera_id, identity.stream, identity.origin)
    except OSError as error:
        raise disk_error(error) from error
