"""Verifies a camera's footage: compares chain, files and index with each other.

Reads files through the archive; the caller passes the index. Recording and deletion may go on meanwhile: what seems
wrong is compared with the rows that were added since. Not here: the chain by itself (chain_walk), texts for people.
Design: docs/design/integrity.md, "Verification".
"""

from collections.abc import Callable, Iterable, Iterator
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
from shike.capture.proof.newer_rows import NewerRows, parsed
from shike.capture.proof.row_span import RowSpan

_BATCH = 500
# The longest segment. A file's name holds only its start.
_LONGEST_US = 30 * 60 * 1_000_000
_ORIGINS: tuple[Origin, ...] = ("live", "imported")
# Fields in which the index must equal the chain, by their names in a chain row.
_INDEXED_FIELDS: tuple[str, ...] = ("run", "sequence", "stream", "origin", "simulated", "node", "epoch", "key")
_INDEXED_FIELDS += ("start_us", "end_us", "size", "digest", "clock_offset_ms", "dropped", "ends_run")
# Fields in which the index must equal the file.
_FILE_FIELDS = ("head_size", "codec", "width", "height", "timescale")


def verify(
    scope: VerificationScope,
    archive: Archive,
    index: Index,
    trust: Trust,
    progress: Callable[[int, int], None] = lambda _files, _bytes: None,
) -> VerificationReport:
    """Compare a camera's chain with its files and its index. `progress` gets the files and bytes read so far."""
    return _Verification(scope, archive, index, trust, progress).run()


class _Verification:
    def __init__(
        self,
        scope: VerificationScope,
        archive: Archive,
        index: Index,
        trust: Trust,
        progress: Callable[[int, int], None],
    ) -> None:
        self._scope, self._archive, self._index, self._progress = scope, archive, index, progress
        self._trust = trust
        self._chain: Chain = archive.chain(scope.camera_id)
        self._report = VerificationReport(scope.camera_id)
        self._walk = Walk()
        self._open: set[str] = set()
        self._waiting: set[str] = set()
        self._scope_rows = RowSpan()  # rows of segments in the scope
        self._deletion_rows = RowSpan()  # `deleted` rows about them
        self._newer = NewerRows(self._chain, 0)

    def run(self) -> VerificationReport:
        # List files first, then read chain, spool and index: the order in which a segment reaches them.
        stored = [key for key, _ in self._archive.stored(self._scope.camera_id)]
        self._walk = walk(self._scope.camera_id, self._chain.rows(), self._trust)
        self._newer = NewerRows(self._chain, self._walk.last_row)
        self._open = self._open_keys()
        self._waiting = self._index.waiting()
        segments = self._segments()
        while batch := list(islice(segments, _BATCH)):
            self._compare(batch)
        self._check_index_only()
        self._check_files_only(stored)
        self._report_chain()
        return self._report

    def _segments(self) -> Iterator[tuple[int, Link]]:
        """Position and last row of each segment in the scope."""
        for row, line in self._chain.rows():
            if row > self._walk.last_row:
                return
            link = parsed(line)
            if link is None or link.kind != "segment" or self._walk.segments.get(link.fields.get("segment", "")) != row:
                continue
            if self._scope.covers(link.fields["stream"], link.fields["start_us"], link.fields["end_us"]):
                self._scope_rows.add(row)
                yield row, link

    def _compare(self, batch: list[tuple[int, Link]]) -> None:
        report = self._report
        rows = self._index.find([link.fields["segment"] for _, link in batch])
        for row, link in batch:
            fields = link.fields
            report.segments += 1
            report.start_us = min(report.start_us or fields["start_us"], fields["start_us"])
            report.end_us = max(report.end_us or fields["end_us"], fields["end_us"])
            is_there = self._is_there(row, link)
            contents = self._check_file(row, link) if is_there else None
            indexed = rows.get(fields["segment"])
            if indexed is not None:
                self._check_index(row, link, indexed, contents)
            elif not is_there and (fields["segment"] in self._walk.deleted or fields["segment"] in self._newer.deleted):
                continue
            else:
                self._check_unindexed(row, link, contents)

    def _check_unindexed(self, row: int, link: Link, contents: SegmentRecord | None) -> None:
        """Judge a segment that was not in the index. It may have moved meanwhile from marker to spool to index."""
        segment_id, key = str(link.fields["segment"]), str(link.fields["key"])
        # Read the spool again only for files that were open at the first reading: all others were in it or indexed.
        is_open = key in self._open and (self._is_open(key) or segment_id in self._index.waiting())
        if segment_id in self._waiting or is_open:
            self._find("waiting_for_index", row, link)
        elif (indexed := self._index.find([segment_id]).get(segment_id)) is not None:
            self._check_index(row, link, indexed, contents)
        else:
            self._find("index_missing", row, link)

    def _is_there(self, row: int, link: Link) -> bool:
        """Whether a segment's file exists. Adds a finding if not."""
        segment_id = str(link.fields["segment"])
        try:
            self._archive.size(str(link.fields["key"]))
            return True
        except FootageError:
            deleted = self._walk.deleted.get(segment_id)
        if deleted is None and segment_id not in self._newer.deleted:
            self._find("file_missing", row, link)
            return False
        if deleted is not None:
            self._deletion_rows.add(deleted.row)
        if deleted.missing if deleted else self._newer.deleted[segment_id]:
            self._find("file_missed_by_rule", row, link, field=deleted.rule if deleted else None)
        else:
            self._report.deleted += 1
            self._find("deleted_by_rule", row, link, field=deleted.rule if deleted else None)
        return False

    def _check_file(self, row: int, link: Link) -> SegmentRecord | None:
        """Compare a file with its row. Returns its contents if they were read and match."""
        fields, key = link.fields, str(link.fields["key"])
        try:
            size = self._archive.size(key)
            digest = None if self._scope.quick else self._archive.digest(key)
            if size != fields["size"]:
                self._find("file_changed", row, link, field="size", expected=fields["size"], found=size)
            elif digest is not None and digest != fields["digest"]:
                self._find("file_changed", row, link, field="digest", expected=fields["digest"], found=digest)
            elif digest is not None:
                return self._archive.examine(key)
        except NoFootage:  # deleted meanwhile
            return None
        finally:
            self._report.files += 1
            self._report.bytes += 0 if self._scope.quick else int(fields["size"])
            self._progress(self._report.files, self._report.bytes)
        return None

    def _check_index(self, row: int, link: Link, indexed: Indexed, contents: SegmentRecord | None) -> None:
        newer = (indexed.link_number or 0) > self._walk.last_row and indexed.segment_id in self._newer.linked
        if newer or indexed.segment_id in self._waiting:
            return  # its record is newer than the row or the index that was read
        if indexed.camera_id != self._scope.camera_id:
            self._differs(row, link, "camera", self._scope.camera_id, indexed.camera_id)
        for name in _INDEXED_FIELDS:
            if indexed.fields[name] != link.fields[name]:
                self._differs(row, link, name, link.fields[name], indexed.fields[name])
        if indexed.link_number != link.number:
            self._differs(row, link, "link_number", link.number, indexed.link_number)
        elif indexed.link != link.digest:
            # The index holds the link of another row.
            self._find("row_changed", row, link, field="link", expected=indexed.link, found=link.digest)
        if contents is None:
            return
        for name in _FILE_FIELDS:
            if indexed.contents[name] != getattr(contents, name):
                self._differs(row, link, name, getattr(contents, name), indexed.contents[name])
        if indexed.fragments() != contents.fragments:
            self._find("index_differs", row, link, field="fragments")

    def _check_index_only(self) -> None:
        scope = self._scope
        alone: list[str] = []
        for segment_id in self._index.between(scope.camera_id, scope.stream, scope.from_us, scope.to_us):
            row = self._walk.segments.get(segment_id)
            if row is not None:
                self._scope_rows.add(row)  # in the chain its time may differ
            elif segment_id not in self._newer.linked:
                alone.append(segment_id)
        batches = iter(alone)
        while batch := list(islice(batches, _BATCH)):
            self._not_in_chain(self._index.find(batch).values())

    def _not_in_chain(self, rows: Iterable[Indexed]) -> None:
        for indexed in rows:
            self._report.findings.append(
                Finding(
                    "not_in_chain",
                    self._scope.camera_id,
                    segment_id=indexed.segment_id,
                    stream=indexed.fields["stream"],
                    start_us=indexed.fields["start_us"],
                    end_us=indexed.fields["end_us"],
                    key=indexed.fields["key"],
                    expected=None if indexed.link_number is None else f"row {indexed.link_number}",
                    found=f"{self._walk.last_row} rows",
                )
            )

    def _check_files_only(self, stored: list[str]) -> None:
        for key in stored:
            segment_id = PurePosixPath(key).name.removesuffix(".mp4")[-36:]
            if segment_id in self._walk.segments or not self._may_cover(key):
                continue
            if not key.endswith(".mp4"):
                code: Broken | Known = "set_aside"
            elif self._is_open(key):
                code = "being_written"
            elif segment_id in self._newer.linked:
                continue
            else:
                code = "file_unknown"
            stream = PurePosixPath(key).parts[1]
            self._report.findings.append(Finding(code, self._scope.camera_id, stream=stream, key=key))

    def _report_chain(self) -> None:
        """Add the findings of the walk that concern the scope, and how far the scope is signed."""
        report, walked = self._report, self._walk
        report.rows, report.stamped_until_us = walked.last_row, walked.stamped_until_us
        if self._scope.is_all and walked.last_row:
            self._scope_rows = RowSpan(1, walked.last_row)
        unsigned = self._widen(self._scope_rows)
        self._widen(self._deletion_rows)
        if walked.checkpoints and report.signed_until_us is None:
            report.signed_until_us = walked.checkpoints[-1][1]
        if unsigned is not None:
            report.findings.append(Finding("unsigned_since", self._scope.camera_id, unsigned))
        reported: set[tuple[str, str | None]] = set()
        for finding in walked.findings:
            if not (finding.row in self._scope_rows or finding.row in self._deletion_rows):
                continue
            # Report a key once, not at each of its checkpoints.
            key = (finding.code, finding.found if finding.field == "key" else str(finding.row))
            if key not in reported:
                reported.add(key)
                report.findings.append(finding)
        report.findings.sort(key=lambda each: (not each.is_broken, each.row or walked.last_row + 1))

    def _widen(self, span: "RowSpan") -> int | None:
        """Extend a span to the checkpoint that covers it. Returns the first row that no checkpoint covers, if any."""
        if span.first is None or span.last is None:
            return None
        last = self._walk.last_segment_row if self._scope.is_all else span.last
        covering = self._walk.covering(last)
        if covering is not None:
            self._report.signed_until_us = max(self._report.signed_until_us or 0, covering[1])
            span.add(covering[0])
            return None
        checkpoints = self._walk.checkpoints
        span.add(self._walk.last_row)
        return max(span.first, checkpoints[-1][0] + 1) if checkpoints else span.first

    def _is_open(self, key: str) -> bool:
        return key in self._open_keys()

    def _open_keys(self) -> set[str]:
        keys = (self._archive.open_key(self._scope.camera_id, stream, o) for stream in STREAMS for o in _ORIGINS)
        return {key for key in keys if key is not None}

    def _may_cover(self, key: str) -> bool:
        path = PurePosixPath(key)
        try:
            start = datetime.strptime(path.name[:23], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
        except ValueError:
            return self._scope.stream in (None, path.parts[1])
        start_us = round(start.timestamp() * 1_000_000)
        return self._scope.covers(path.parts[1], start_us, start_us + _LONGEST_US)

    def _differs(self, row: int, link: Link, name: str, expected: object, found: object) -> None:
        self._find("index_differs", row, link, field=name, expected=expected, found=found)

    def _find(self, code: Broken | Known, row: int, link: Link, **what: Any) -> None:
        self._report.findings.append(Finding.of_row(code, self._scope.camera_id, row, link, **what))
