"""A segment that a dead writer left open."""

from dataclasses import replace
from pathlib import Path

from shike.capture.archive.files import Archive
from shike.capture.archive.segment_file import SegmentFile
from shike.capture.archive.spool import Spool
from shike.capture.clock import SystemClock
from shike.capture.ids import new_id
from tests.recording import Recorded


class Left:
    """A footage folder in which a writer stopped after some fragments of a recorded segment."""

    def __init__(self, recorded: Recorded, data: Path) -> None:
        self.recorded, self.record = recorded, recorded.records[0]
        self.archive, self.spool = Archive(data / "footage"), Spool(data / "spool")
        self.root = data / "footage"

    def write(self, fragments: int) -> SegmentFile:
        """A new segment with the first fragments of the recorded one. Its writer holds it open."""
        identity = replace(self.record.identity, segment_id=new_id())
        init = self.recorded.archive.read(self.record.key, 0, self.record.init_size)
        file = self.archive.create(identity, init, SystemClock(), 60)
        for fragment in self.record.fragments[:fragments]:
            data = self.recorded.archive.read(self.record.key, fragment.offset, fragment.size)
            file.append(data[32:], fragment.wall_us)
        return file

    def append(self, file: SegmentFile, data: bytes) -> None:
        with file.path.open("ab") as raw:
            raw.write(data)
