"""Recovery at the start of the recorder: close every segment that a dead writer left open.

It runs in a process of its own, so that the recorder does not keep its libraries in memory. Not here: closing one file
(archive/left_over.py), what a camera thread does before it records (camera.py). Design: docs/design/capture.md,
"Durability".
"""

import logging
import os
import signal
import sys

from shike.capture.archive.files import Archive
from shike.capture.archive.hand_over import recover_and_hand_over
from shike.capture.archive.segment import Origin
from shike.capture.archive.spool import Spool
from shike.capture.become import start_logging
from shike.capture.errors import StillWritten
from shike.capture.lifeline import end_with_parent
from shike.capture.recorder.config import CaptureConfig

log = logging.getLogger(__name__)


def recover_all(archive: Archive, spool: Spool) -> int:
    """Close every segment that a dead writer left open; returns how many. Log those that cannot be closed now."""
    closed = 0
    origins: tuple[Origin, ...] = ("live", "imported")
    for origin in origins:
        for camera_id, stream in list(archive.unfinished(origin)):
            try:
                closed += recover_and_hand_over(archive, spool, camera_id, stream, "killed", origin)
            except StillWritten:  # by an import, by a shard of the last recorder, or already by its new camera thread
                continue
            except Exception:  # an error with one stream must not leave the others open
                log.exception("camera %s %s: its last segment cannot be closed", camera_id, stream)
    return closed


def main() -> None:
    """Entry of the process. Its configuration is the first line of standard input; it ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the recorder ends this one
    config = CaptureConfig.from_json(sys.stdin.readline())
    start_logging(config.log_level)
    end_with_parent(lambda: os._exit(1))
    try:
        recover_all(Archive(config.footage), Spool(config.spool))
    except OSError as error:
        log.error("what was left open cannot be looked for: %s; the next start tries again", error)
    logging.shutdown()
    os._exit(0)  # the lifeline thread is blocked in a read


if __name__ == "__main__":
    main()
