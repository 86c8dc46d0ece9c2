"""Closing what dead writers left, all of it: once at every start of the recorder, in a process of its own.

It reads all that was open, and its libraries would stay with the recorder for ever. Not here: how one file is closed
(left_over), what a camera's thread does before it records (camera). Design: docs/design/capture.md, "Durability".
"""

import logging
import os
import signal
import sys

from shike.capture.archive.files import Archive
from shike.capture.archive.hand_over import hand_over
from shike.capture.archive.segment import Origin
from shike.capture.archive.spool import Spool
from shike.capture.become import start_logging
from shike.capture.errors import StillWritten
from shike.capture.lifeline import end_with_parent
from shike.capture.recorder.config import CaptureConfig

log = logging.getLogger(__name__)


def recover_all(archive: Archive, spool: Spool) -> int:
    """Close every segment that a dead writer left; returns how many. What cannot be closed now is logged and stays."""
    closed = 0
    origins: tuple[Origin, ...] = ("live", "imported")
    for origin in origins:
        for camera_id, stream in list(archive.unfinished(origin)):
            try:
                record = archive.recover(camera_id, stream, "killed", origin)
                if record is not None:
                    hand_over(archive, spool, record)
                    closed += 1
            except StillWritten:  # an import at work, the last shards of the recorder before, or its own thread by now
                continue
            except Exception:  # one stream that cannot be closed must not keep the others open
                log.exception("camera %s %s: its last segment cannot be closed", camera_id, stream)
    return closed


def main() -> None:
    """Entry of the process: its configuration is the first line of standard input. It ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # from a terminal; the recorder ends this process
    config = CaptureConfig.from_json(sys.stdin.readline())
    start_logging(config.log_level)
    end_with_parent(lambda: os._exit(1))
    try:
        recover_all(Archive(config.footage), Spool(config.spool))
    except OSError as error:
        log.error("what was left open cannot be looked for: %s; the next start tries again", error)
    logging.shutdown()
    os._exit(0)  # the lifeline's thread is inside a read


if __name__ == "__main__":
    main()
