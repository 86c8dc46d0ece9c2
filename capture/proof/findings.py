"""The values of a verification: its scope, the index as it needs it, its findings and its report.

Not here: the checks (chain_walk, integrity). Design: docs/design/integrity.md, "Verification".
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
    """One finding about a camera's footage. Times in µs UTC.

    `row`: position in the chain, from 1. `field`: the field that differs, if the code covers several.
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
        """Whether this finding means that the proof does not hold. Other findings are notes for the reader."""
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
        """A finding about a row of the chain and the segment of that row."""
        fields = link.fields
        segment = fields if link.kind == "segment" else {}
        return cls(
            code,
            camera_id,
            row,
            fields.get("segment"),
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
    """A segment in the index. `fields`: named as in a chain row. `contents`: facts that its file must match."""

    segment_id: str
    camera_id: str
    fields: Mapping[str, Any]
    link_number: int | None
    link: str | None
    contents: Mapping[str, Any]
    fragments: Callable[[], tuple[Fragment, ...]]


class Index(Protocol):
    """What verification needs of the footage index."""

    def find(self, segment_ids: Sequence[str]) -> Mapping[str, Indexed]:
        """The indexed ones of these segments, by id."""
        ...

    def between(
        self, camera_id: str, stream: StreamName | None, from_us: int | None, to_us: int | None
    ) -> Iterator[str]:
        """Ids of the segments of a camera that overlap [from, to)."""
        ...

    def waiting(self) -> set[str]:
        """Ids of segments that are closed and not indexed yet."""
        ...


@dataclass(frozen=True, slots=True)
class VerificationScope:
    """What to verify: a camera, optionally one stream and a time range. `quick`: compare sizes instead of contents."""

    camera_id: str
    stream: StreamName | None = None
    from_us: int | None = None
    to_us: int | None = None
    quick: bool = False

    @property
    def is_all(self) -> bool:
        """Whether the scope has no time range."""
        return self.from_us is None and self.to_us is None

    def covers(self, stream: str, start_us: int, end_us: int) -> bool:
        """Whether a segment lies in the scope."""
        if self.stream not in (None, stream):
            return False
        return (self.to_us is None or start_us < self.to_us) and (self.from_us is None or end_us > self.from_us)


@dataclass(slots=True)
class VerificationReport:
    """The result of a verification. Counts cover the scope only, but `rows` counts the whole chain.

    `signed_until_us`: time of the checkpoint that covers the whole scope, else of the last checkpoint.
    `stamped_until_us`: time of the last valid time stamp.
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
        """Whether no finding is broken."""
        return not any(finding.is_broken for finding in self.findings)
