"""Is a camera's footage what was recorded then? Chain, files and index are held against each other.

Pure but for reading files through the archive; the index is handed in. Verifying while recording goes on is right:
what moves on meanwhile is looked at again. Not here: the chain by itself (chain_walk), words for people.
Design: docs/design/integrity.md, "Verification".
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from shike.capture.archive.chain import Chain, Link
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import STREAMS, Origin, SegmentRecord
from shike.capture.errors import FootageError, NoFootage
from shike.capture.proof.chain_walk import Trust, Walk, walk
from shike.capture.proof.findings import (
    Broken,
    Finding,
    Index,
    Indexed,
    Known,
    VerificationReport,
    VerificationScope,
)

_BATCH = 500
# No segment is longer; a file's name says when it begins.
_LONGEST_US = 30 * 60 * 1_000_000
_ORIGINS: tuple[Origin, ...] = ("live", "imported")
# What the index must say as the chain does, by the names of a row of the chain.
_SAID: tuple[str, ...] = ("run", "sequence", "stream", "origin", "simulated", "node", "epoch", "key")
_SAID += ("start_us", "end_us", "size", "digest", "clock_offset_ms", "dropped", "ends_run")
# What the index must say as the file does.
_CONTENTS = ("head_size", "codec", "width", "height", "timescale")


def verify(
    asked: VerificationScope,
    archive: Archive,
    index: Index,
    trust: Trust,
    progress: Callable[[int, int], None] = lambda _files, _bytes: None,
) -> VerificationReport:
    """Hold the chain of a camera against its files and its index. `progress` hears of files and bytes read so far."""
    return _Verification(asked, archive, index, trust, progress).run()


class _Verification:
    def __init__(
        self,
        asked: VerificationScope,
        archive: Archive,
        index: Index,
        trust: Trust,
        progress: Callable[[int, int], None],
    ) -> None:
        self._asked, self._archive, self._index, self._progress = asked, archive, index, progress
        self._trust = trust
        self._chain: Chain = archive.chain(asked.camera_id)
        self._report = VerificationReport(asked.camera_id)
        self._walk = Walk()
        self._open: set[str] = set()
        self._waiting: set[str] = set()
        self._concerned = _Span()  # rows of what was asked for
        self._gone = _Span()  # rows that say that it was deleted
        self._newer: tuple[object, dict[str, bool], set[str]] = (None, {}, set())

    def run(self) -> VerificationReport:
        # Files before the chain, the chain before the spool, the spool before the index: the way that a segment goes.
        stored = [key for key, _ in self._archive.stored(self._asked.camera_id)]
        self._walk = walk(self._asked.camera_id, self._chain.rows(), self._trust)
        self._open = self._open_keys()
        self._waiting = self._index.waiting()
        segments = self._segments()
        while batch := list(islice(segments, _BATCH)):
            self._compare(batch)
        self._only_indexed()
        self._only_stored(stored)
        self._of_chain()
        return self._report

    def _segments(self) -> Iterator[tuple[int, Link]]:
        """The last row of each segment that was asked for."""
        for row, line in self._chain.rows():
            if row > self._walk.last_row:
                return
            link = _read(line)
            if link is None or link.kind != "segment" or self._walk.segments.get(link.said.get("segment", "")) != row:
                continue
            if self._asked.covers(link.said["stream"], link.said["start_us"], link.said["end_us"]):
                self._concerned.add(row)
                yield row, link

    def _compare(self, batch: list[tuple[int, Link]]) -> None:
        report = self._report
        rows = self._index.find([link.said["segment"] for _, link in batch])
        for row, link in batch:
            said = link.said
            report.segments += 1
            report.start_us = min(report.start_us or said["start_us"], said["start_us"])
            report.end_us = max(report.end_us or said["end_us"], said["end_us"])
            is_there = self._is_there(row, link)
            contents = self._contents(row, link) if is_there else None
            indexed = rows.get(said["segment"])
            if indexed is not None:
                self._indexed(row, link, indexed, contents)
            elif not is_there and (said["segment"] in self._walk.deleted or said["segment"] in self._since()[0]):
                continue
            else:
                self._unindexed(row, link, contents)

    def _unindexed(self, row: int, link: Link, contents: SegmentRecord | None) -> None:
        """A segment that the index did not have. It may have moved on since: marker, then spool, then index."""
        segment_id, key = str(link.said["segment"]), str(link.said["key"])
        # The spool is read again for the few that were still open when it was read: all others were in it, or indexed.
        is_open = key in self._open and (self._is_open(key) or segment_id in self._index.waiting())
        if segment_id in self._waiting or is_open:
            self._find("waiting_for_index", row, link)
        elif (indexed := self._index.find([segment_id]).get(segment_id)) is not None:
            self._indexed(row, link, indexed, contents)
        else:
            self._find("index_missing", row, link)

    def _is_there(self, row: int, link: Link) -> bool:
        """Whether a segment's file is there; says why not."""
        segment_id = str(link.said["segment"])
        try:
            self._archive.size(str(link.said["key"]))
            return True
        except FootageError:
            deleted = self._walk.deleted.get(segment_id)
        if deleted is None and segment_id not in self._since()[0]:
            self._find("file_missing", row, link)
            return False
        if deleted is not None:
            self._gone.add(deleted.row)
        if deleted.missing if deleted else self._since()[0][segment_id]:
            self._find("file_missed_by_rule", row, link, field=deleted.rule if deleted else None)
        else:
            self._report.deleted += 1
            self._find("deleted_by_rule", row, link, field=deleted.rule if deleted else None)
        return False

    def _contents(self, row: int, link: Link) -> SegmentRecord | None:
        """Hold a file against its row; what is in it if it was read and is what it was."""
        said, key = link.said, str(link.said["key"])
        try:
            size = self._archive.size(key)
            digest = None if self._asked.quick else self._archive.digest(key)
            if size != said["size"]:
                self._find("file_changed", row, link, field="size", expected=said["size"], found=size)
            elif digest is not None and digest != said["digest"]:
                self._find("file_changed", row, link, field="digest", expected=said["digest"], found=digest)
            elif digest is not None:
                return self._archive.examine(key)
        except NoFootage:  # deleted in this moment
            return None
        finally:
            self._report.files += 1
            self._report.bytes += 0 if self._asked.quick else int(said["size"])
            self._progress(self._report.files, self._report.bytes)
        return None

    def _indexed(self, row: int, link: Link, indexed: Indexed, contents: SegmentRecord | None) -> None:
        newer = (indexed.link_number or 0) > self._walk.last_row and indexed.segment_id in self._since()[1]
        if newer or indexed.segment_id in self._waiting:
            return  # its record says more than the row or the index that was read
        if indexed.camera_id != self._asked.camera_id:
            self._differs(row, link, "camera", self._asked.camera_id, indexed.camera_id)
        for name in _SAID:
            if indexed.said[name] != link.said[name]:
                self._differs(row, link, name, link.said[name], indexed.said[name])
        if indexed.link_number != link.number:
            self._differs(row, link, "link_number", link.number, indexed.link_number)
        elif indexed.link != link.digest:
            # The index remembers another row than the one that stands there.
            self._find("row_changed", row, link, field="link", expected=indexed.link, found=link.digest)
        if contents is None:
            return
        for name in _CONTENTS:
            if indexed.contents[name] != getattr(contents, name):
                self._differs(row, link, name, getattr(contents, name), indexed.contents[name])
        if indexed.fragments() != contents.fragments:
            self._find("index_differs", row, link, field="fragments")

    def _only_indexed(self) -> None:
        asked = self._asked
        alone: list[str] = []
        for segment_id in self._index.between(asked.camera_id, asked.stream, asked.from_us, asked.to_us):
            row = self._walk.segments.get(segment_id)
            if row is not None:
                self._concerned.add(row)  # the chain may tell another time
            elif segment_id not in self._since()[1]:
                alone.append(segment_id)
        batches = iter(alone)
        while batch := list(islice(batches, _BATCH)):
            self._not_in_chain(self._index.find(batch).values())

    def _not_in_chain(self, rows: Iterable[Indexed]) -> None:
        for indexed in rows:
            self._report.findings.append(
                Finding(
                    "not_in_chain",
                    self._asked.camera_id,
                    segment_id=indexed.segment_id,
                    stream=indexed.said["stream"],
                    start_us=indexed.said["start_us"],
                    end_us=indexed.said["end_us"],
                    key=indexed.said["key"],
                    expected=None if indexed.link_number is None else f"row {indexed.link_number}",
                    found=f"{self._walk.last_row} rows",
                )
            )

    def _only_stored(self, stored: list[str]) -> None:
        for key in stored:
            segment_id = PurePosixPath(key).name.removesuffix(".mp4")[-36:]
            if segment_id in self._walk.segments or not self._may_cover(key):
                continue
            if not key.endswith(".mp4"):
                code: Broken | Known = "set_aside"
            elif self._is_open(key):
                code = "being_written"
            elif segment_id in self._since()[1]:
                continue
            else:
                code = "file_unknown"
            stream = PurePosixPath(key).parts[1]
            self._report.findings.append(Finding(code, self._asked.camera_id, stream=stream, key=key))

    def _of_chain(self) -> None:
        """Take over what the walk found where it concerns what was asked for, and say how far that is signed."""
        report, walked = self._report, self._walk
        report.rows, report.stamped_until_us = walked.last_row, walked.stamped_until_us
        if self._asked.is_all and walked.last_row:
            self._concerned = _Span(1, walked.last_row)
        unsigned = self._sign(self._concerned)
        self._sign(self._gone)
        if walked.checkpoints and report.signed_until_us is None:
            report.signed_until_us = walked.checkpoints[-1][1]
        if unsigned is not None:
            report.findings.append(Finding("unsigned_since", self._asked.camera_id, unsigned))
        said: set[tuple[str, str | None]] = set()
        for finding in walked.findings:
            if not (finding.row in self._concerned or finding.row in self._gone):
                continue
            # One key is said once, not at each of its checkpoints.
            key = (finding.code, finding.found if finding.field == "key" else str(finding.row))
            if key not in said:
                said.add(key)
                report.findings.append(finding)
        report.findings.sort(key=lambda each: (not each.is_broken, each.row or walked.last_row + 1))

    def _sign(self, span: "_Span") -> int | None:
        """Widen a span to the checkpoint that covers it; the first row that none covers, if there is one."""
        if span.first is None or span.last is None:
            return None
        last = self._walk.last_segment_row if self._asked.is_all else span.last
        covering = self._walk.covering(last)
        if covering is not None:
            self._report.signed_until_us = max(self._report.signed_until_us or 0, covering[1])
            span.add(covering[0])
            return None
        checkpoints = self._walk.checkpoints
        span.add(self._walk.last_row)
        return max(span.first, checkpoints[-1][0] + 1) if checkpoints else span.first

    def _since(self) -> tuple[dict[str, bool], set[str]]:
        """Segments that were deleted (and whether the file was gone before), and that were linked, since the walk."""
        mark, deleted, linked = self._newer
        if (now := self._chain.mark()) != mark:
            for _, line in self._chain.rows(self._walk.last_row + 1):
                link = _read(line)
                if link is not None and link.kind == "deleted":
                    deleted.setdefault(str(link.said.get("segment")), bool(link.said.get("missing", False)))
                elif link is not None and link.kind == "segment":
                    linked.add(str(link.said.get("segment")))
            self._newer = now, deleted, linked
        return deleted, linked

    def _is_open(self, key: str) -> bool:
        return key in self._open_keys()

    def _open_keys(self) -> set[str]:
        keys = (self._archive.open_key(self._asked.camera_id, stream, o) for stream in STREAMS for o in _ORIGINS)
        return {key for key in keys if key is not None}

    def _may_cover(self, key: str) -> bool:
        path = PurePosixPath(key)
        try:
            start = datetime.strptime(path.name[:23], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
        except ValueError:
            return self._asked.stream in (None, path.parts[1])
        start_us = round(start.timestamp() * 1_000_000)
        return self._asked.covers(path.parts[1], start_us, start_us + _LONGEST_US)

    def _differs(self, row: int, link: Link, name: str, expected: object, found: object) -> None:
        self._find("index_differs", row, link, field=name, expected=expected, found=found)

    def _find(self, code: Broken | Known, row: int, link: Link, **what: Any) -> None:
        self._report.findings.append(Finding.of_row(code, self._asked.camera_id, row, link, **what))


@dataclass(slots=True)
class _Span:
    """A stretch of rows. A row that does not fit the one before it shows one row later."""

    first: int | None = None
    last: int | None = None

    def add(self, row: int) -> None:
        self.first = row if self.first is None else min(self.first, row)
        self.last = row if self.last is None else max(self.last, row)

    def __contains__(self, row: int | None) -> bool:
        if row is None or self.first is None or self.last is None:
            return False
        return self.first - 1 <= row <= self.last + 1


def _read(line: bytes) -> Link | None:
    try:
        link = Link.parse(line)
    except FootageError:
        return None
    return link if isinstance(link.said.get("segment"), str | None) else None
