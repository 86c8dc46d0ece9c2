"""Checks a camera's chain from its first row: links, numbers, runs, keys, signatures and time stamps.

Pure: sees only lines and trusted keys. Not here: segment files and the index (integrity).
Design: docs/design/integrity.md, "Verification".
"""

import base64
import binascii
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.x509 import Certificate

from shike.capture.archive.chain import Link, sha256
from shike.capture.errors import FootageError, TimestampError
from shike.capture.proof import timestamps
from shike.capture.proof.findings import Broken, Finding, Known
from shike.capture.proof.signing import checkpoint_statement, key_statement, signature_of, verify
from shike.capture.proof.signing_keys import key_id

_TYPES: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("segment", "run", "stream", "origin", "node", "key", "digest"), (str,)),
    **dict.fromkeys(("sequence", "epoch", "start_us", "end_us", "size", "dropped"), (int,)),
    "simulated": (bool,),
    "clock_offset_ms": (int, type(None)),
    "ends_run": (str, type(None)),
}
_LAST_US = 253_402_300_799_999_999  # year 9999
_HOUR_US = 3_600_000_000
_EARLY_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Trust:
    """What the verifier trusts beforehand: public keys (DER) by id, and certificates of time stamp authorities."""

    keys: Mapping[str, bytes]
    authorities: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class DeletedSegment:
    """A `deleted` row: a rule deleted a segment. `missing`: the file was already gone when the rule applied."""

    row: int
    rule: str
    digest: str
    at_us: int
    missing: bool


@dataclass(slots=True)
class Walk:
    """The result of checking a chain. Rows are named by their position in the chain, from 1.

    `segments`: the last row of each segment. `checkpoints`: rows whose signature is valid, in order, with their times.
    `stamped_until_us`: time of the last trusted time stamp.
    """

    findings: list[Finding] = field(default_factory=list)
    segments: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, DeletedSegment] = field(default_factory=dict)
    checkpoints: list[tuple[int, int]] = field(default_factory=list)
    stamped_until_us: int | None = None
    last_row: int = 0
    last_segment_row: int = 0

    def covering(self, row: int) -> tuple[int, int] | None:
        """Row and time of the first checkpoint after a row; None if no checkpoint signs the row yet."""
        at = bisect_left(self.checkpoints, (row, 0))
        return self.checkpoints[at] if at < len(self.checkpoints) else None


def walk(camera_id: str, rows: Iterable[tuple[int, bytes]], trust: Trust) -> Walk:
    """Check a whole chain. `rows`: position and line of each row."""
    walker = _Walker(camera_id, trust)
    for row, line in rows:
        walker.take(row, line)
    return walker.seen


@dataclass(slots=True)
class _Run:
    """The last segment of a run so far: sequence number, id and row."""

    sequence: int
    segment_id: str
    fields: Mapping[str, Any]


class _Walker:
    def __init__(self, camera_id: str, trust: Trust) -> None:
        self._camera_id, self._trust = camera_id, trust
        self.seen = Walk()
        self._prev, self._number = "", 0
        self._keys: dict[str, bytes] = {}  # keys that are trusted or introduced by a trusted one
        self._key: str | None = None  # the key in use
        self._runs: dict[str, _Run] = {}
        self._digests: dict[str, str] = {}
        self._lines: dict[int, tuple[bytes, int]] = {}  # checkpoints by number, for the time stamps on them
        self._unsigned_live: tuple[int, int] | None = None  # row and end of the oldest unsigned live segment
        self._reported_unchecked = False

    def take(self, row: int, line: bytes) -> None:
        """Check the next row."""
        self.seen.last_row = row
        expected_prev, self._prev = self._prev, sha256(line)
        try:
            link = Link.parse(line)
            if link.prev != expected_prev:
                self._find("chain_broken", row, link, expected=expected_prev, found=link.prev)
            if link.number != self._number + 1:
                self._find("rows_out_of_order", row, link, expected=self._number + 1, found=link.number)
            self._number = link.number
            self._kind(row, link)
        except (FootageError, KeyError, TypeError, ValueError):
            self.seen.findings.append(Finding("row_unreadable", self._camera_id, row))
            self._number += 1

    def _kind(self, row: int, link: Link) -> None:
        if link.kind == "segment":
            self._segment(row, link)
        elif link.kind == "deleted":
            self._deleted(row, link)
        elif link.kind == "key":
            self._introduced(row, link)
        elif link.kind == "checkpoint":
            self._checkpoint(row, link)
        elif link.kind == "timestamp":
            self._timestamp(row, link)

    def _segment(self, row: int, link: Link) -> None:
        fields = segment_fields(link.fields)
        segment_id, sequence, run = fields["segment"], fields["sequence"], self._runs.get(fields["run"])
        if segment_id in self.seen.segments:
            # A second row is legal only to add that the run ended with this segment.
            same = run is not None and run.segment_id == segment_id and _only_ends(run.fields, fields)
            if not same:
                self._find("segment_twice", row, link, expected=f"row {self.seen.segments[segment_id]}")
        elif sequence != (0 if run is None else run.sequence + 1):
            expected = 0 if run is None else run.sequence + 1
            self._find("segment_missing", row, link, field="sequence", expected=expected, found=sequence)
        self._runs[fields["run"]] = _Run(sequence, segment_id, fields)
        self._digests[segment_id] = str(fields["digest"])
        self.seen.segments[segment_id] = self.seen.last_segment_row = row
        if fields["origin"] == "live" and self._unsigned_live is None:
            self._unsigned_live = row, int(fields["end_us"])

    def _deleted(self, row: int, link: Link) -> None:
        fields, segment_id = link.fields, str(link.fields["segment"])
        expected = self._digests.get(segment_id)
        if expected is None or fields["digest"] != expected:
            self._find("deletion_differs", row, link, field="digest", expected=expected, found=fields["digest"])
        missing = bool(fields.get("missing", False))
        gone = DeletedSegment(row, str(fields["rule"]), str(fields["digest"]), int(fields["at_us"]), missing)
        self.seen.deleted[segment_id] = gone

    def _introduced(self, row: int, link: Link) -> None:
        fields, named = link.fields, str(link.fields["key"])
        public = base64.b64decode(fields["public"], validate=True)
        if fields["algorithm"] != "ed25519" or key_id(public) != named:
            self._find("key_unknown", row, link, field="key", expected=key_id(public), found=named)
            return
        by = fields["by"]
        if by is not None:
            statement = key_statement(
                self._camera_id, link.number, link.prev, fields["at_us"], named, fields["public"], str(by)
            )
            signature, old = signature_of(fields["signature"]), self._keys.get(str(by))
            if old is None or signature is None or by != self._key or not verify(old, statement, signature):
                self._find("signature_wrong", row, link, field="key", found=named)
                by = None
        if by is None and self._trust.keys.get(named) != public:
            self._find("key_unknown", row, link, field="key", found=named)
            return
        if by is None and self._key is not None:
            self._find("key_unvouched", row, link, field="key", expected=self._key, found=named)
        self._keys[named], self._key = public, named

    def _checkpoint(self, row: int, link: Link) -> None:
        fields, named, at_us = link.fields, str(link.fields["key"]), int(link.fields["at_us"])
        self._lines[link.number] = link.line, at_us
        public, signature = self._keys.get(named), signature_of(fields["signature"])
        if public is None:
            self._find("key_unknown", row, link, field="key", found=named)
            return
        statement = checkpoint_statement(self._camera_id, link.number, link.prev, at_us, named)
        if signature is None or not verify(public, statement, signature):
            self._find("signature_wrong", row, link)
            return
        if named != self._key:
            self._find("key_retired", row, link, field="key", expected=self._key, found=named)
            return
        if self._unsigned_live is not None and at_us - self._unsigned_live[1] > _HOUR_US:
            since_row, end_us = self._unsigned_live
            late = Finding("signed_late", self._camera_id, since_row, start_us=end_us, end_us=at_us)
            self.seen.findings.append(late)
        self._unsigned_live = None
        self.seen.checkpoints.append((row, at_us))

    def _timestamp(self, row: int, link: Link) -> None:
        fields = link.fields
        checkpoint = self._lines.get(int(fields["checkpoint"]))
        try:
            if checkpoint is None or fields["algorithm"] != timestamps.ALGORITHM:
                raise TimestampError("it is for no checkpoint before it, or of an unknown algorithm")
            token = base64.b64decode(fields["token"], validate=True)
            stamp = timestamps.check(token, checkpoint[0], self._trust.authorities)
        except (TimestampError, binascii.Error) as error:
            self._find("timestamp_wrong", row, link, found=error)
            return
        if stamp.trusted is False:
            self._find("timestamp_untrusted", row, link, field=str(fields["authority"]), found=stamp.doubt)
            return
        if stamp.trusted is None and not self._reported_unchecked:
            self._reported_unchecked = True
            self._find("timestamp_unchecked", row, link, field=str(fields["authority"]))
        if stamp.at_us < checkpoint[1] - _EARLY_US:
            self._find("timestamp_early", row, link, expected=checkpoint[1], found=stamp.at_us)
        if stamp.trusted:
            self.seen.stamped_until_us = stamp.at_us

    def _find(self, code: Broken | Known, row: int, link: Link, **what: Any) -> None:
        self.seen.findings.append(Finding.of_row(code, self._camera_id, row, link, **what))


def segment_fields(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of a segment's row, checked. FootageError if one is missing, of a wrong type or an impossible time."""
    for name, types in _TYPES.items():
        if name not in fields or type(fields[name]) not in types:
            raise FootageError(f"{name} of a segment's row is missing or has a wrong type")
    if not 0 <= fields["start_us"] <= fields["end_us"] <= _LAST_US:
        raise FootageError("the times of a segment's row are impossible")
    return fields


def _only_ends(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether the second row of a segment differs only in `ends_run`, which was null before."""
    outside = {"number", "prev", "ends_run"}
    unchanged = {name: value for name, value in before.items() if name not in outside}
    return before["ends_run"] is None and unchanged == {k: v for k, v in after.items() if k not in outside}
