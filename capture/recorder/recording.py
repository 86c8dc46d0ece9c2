"""`Recording`: what every part that records on a data folder needs, as one value.

Here: where footage goes, the clock, the lengths, the node. Not here: what identifies one run (run.py), what only camera
threads need (camera.py). Design: docs/design/capture.md.
"""

from dataclasses import dataclass

from shike.capture.archive.files import Archive
from shike.capture.archive.spool import Spool
from shike.capture.clock import Clock
from shike.capture.recorder.config import Lengths


@dataclass(frozen=True, slots=True)
class Recording:
    """Where recorded footage goes, with which clock and lengths, by which node. Shared by all runs of a process."""

    archive: Archive
    spool: Spool
    clock: Clock
    lengths: Lengths
    node: str
