"""Hand over a closed segment: add its row to the camera's chain, then put its record into the spool.

Also for the segment of a dead writer: close it first, then hand it over.

Not here: writing segments (segment_file), reading the spool (spool). Design: docs/design/capture.md, "Durability".
"""

from shike.capture.archive.disk_waits import waiting_for_disk
from shike.capture.archive.durable import disk_error
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import EndReason, Origin, SegmentRecord, StreamName
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


def recover_and_hand_over(
    archive: Archive, spool: Spool, camera_id: str, stream: StreamName, reason: EndReason, origin: Origin = "live"
) -> bool:
    """Close the segment that a dead writer left open and hand it over. False if there is nothing to hand over.

    StillWritten if a living writer holds the segment; DiskError or OSError if the volume refuses.
    """
    record = archive.recover(camera_id, stream, reason, origin)
    if record is not None:
        hand_over(archive, spool, record)
    return record is not None
