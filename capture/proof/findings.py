"""What a verification is asked, what it must know of the index, and what it finds.

Not here: how it is found (chain_walk, integrity). Design: docs/design/integrity.md, "Verification".
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

from shike.capture.archive.chain import Link
from shike.capture.archive.segment import Fragment, StreamName

Broken = Literal[
    "row_unreadable",
    "row_changed",
    "chain_broken",
    "rows_out_of_order",
    "segment_missing",
    "segment_twice",
    "signature_wrong",
    "key_unknown",
    "key_retired",
    "timestamp_wrong",
    "timestamp_untrusted",
    "deletion_differs",
    "file_changed",
    "file_missing",
    "file_missed_by_rule",
    "file_unknown",
    "index_differs",
    "index_missing",
    "not_in_chain",
]
Known = Literal[
    "deleted_by_rule",
    "waiting_for_index",
    "being_written",
    "set_aside",
    "unsigned_since",
    "signed_late",
    "key_unvouched",
    "timestamp_unchecked",
    "timestamp_early",
]
BROKEN: frozenset[str] = frozenset(get_args(Broken))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found in a camera's footage. Times in µs UTC.

    `row`: where the row stands in the chain, from 1. `field`: what differs, where it is one of several things.
    """

    code: Broken | Known
    camera_id: str
    row: int | None = None
    segment_id: str | None = None
    stream: str | None = None
    start_us: int | None = None
    end_us: int | None = None
    key: str | None = None
    field: str | None = None
    expected: str | None = None
    found: str | None = None

    @property
    def is_broken(self) -> bool:
        """Whether something does not hold; the others are what a reader should know."""
        return self.code in BROKEN

    @classmethod
    def of_row(
        cls,
        code: Broken | Known,
        camera_id: str,
        row: int,
        link: Link,
        *,
        field: str | None = None,
        expected: object = None,
        found: object = None,
    ) -> "Finding":
        """Something about a row of the chain, with the segment that the row is about."""
        said = link.said
        segment = said if link.kind == "segment" else {}
        return cls(
            code,
            camera_id,
            row,
            said.get("segment"),
            segment.get("stream"),
            segment.get("start_us"),
            segment.get("end_us"),
            segment.get("key"),
            field,
            None if expected is None else str(expected),
            None if found is None else str(found),
        )


@dataclass(frozen=True, slots=True)
class Indexed:
    """A segment as the index has it: `said` as a row of the chain names things, `contents` as its file must be."""

    segment_id: str
    camera_id: str
    said: Mapping[str, Any]
    link_number: int | None
    link: str | None
    contents: Mapping[str, Any]
    fragments: Callable[[], tuple[Fragment, ...]]


class Index(Protocol):
    """The index of all footage, as verification asks it."""

    def find(self, segment_ids: Sequence[str]) -> Mapping[str, Indexed]:
        """The rows of segments, of those that it has."""
        ...

    def between(
        self, camera_id: str, stream: StreamName | None, from_us: int | None, to_us: int | None
    ) -> Iterator[str]:
        """Ids of the segments of a camera that overlap [from, to)."""
        ...

    def waiting(self) -> set[str]:
        """Segments that are closed and not indexed yet."""
        ...


@dataclass(frozen=True, slots=True)
class VerificationScope:
    """What is to be verified: a camera, perhaps one stream, perhaps a time. `quick`: sizes instead of contents."""

    camera_id: str
    stream: StreamName | None = None
    from_us: int | None = None
    to_us: int | None = None
    quick: bool = False

    @property
    def is_all(self) -> bool:
        """Whether all of the camera's time is asked for."""
        return self.from_us is None and self.to_us is None

    def covers(self, stream: str, start_us: int, end_us: int) -> bool:
        """Whether a segment is among what was asked for."""
        if self.stream not in (None, stream):
            return False
        return (self.to_us is None or start_us < self.to_us) and (self.from_us is None or end_us > self.from_us)


@dataclass(slots=True)
class VerificationReport:
    """What came of it. Counts are of what was asked for.

    `signed_until_us`: time of the checkpoint that covers all of it, else of the last one. `stamped_until_us`: time of
    the last time stamp that holds.
    """

    camera_id: str
    rows: int = 0
    segments: int = 0
    files: int = 0
    bytes: int = 0
    deleted: int = 0
    start_us: int | None = None
    end_us: int | None = None
    signed_until_us: int | None = None
    stamped_until_us: int | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing was found that does not hold."""
        return not any(finding.is_broken for finding in self.findings)
