"""Footage with its whole proof (files, chain, checkpoints, index), and ways to falsify it."""

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select

from shike.api.database import Database
from shike.attendance.footage.indexed import IndexRows
from shike.attendance.footage.indexing import index
from shike.attendance.tables.base import Base
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.chain import Chain, Link, sha256
from shike.capture.archive.files import Archive
from shike.capture.archive.spool import Spool
from shike.capture.clock import Clock, SystemClock
from shike.capture.moment import from_us
from shike.capture.proof.chain_walk import Trust
from shike.capture.proof.findings import Finding, VerificationReport, VerificationScope
from shike.capture.proof.integrity import verify
from shike.capture.proof.signing import Signer, checkpoint
from shike.capture.proof.signing_keys import SigningKeys
from tests.recorded import CAMERA

Fields = dict[str, Any]
_CLOCK = SystemClock()


@dataclass(frozen=True)
class Proof:
    """A data folder with one camera."""

    data: Path
    clock: Clock = _CLOCK

    def copied(self, to: Path) -> "Proof":
        shutil.copytree(self.data, to, dirs_exist_ok=True)
        return Proof(to)

    @cached_property
    def archive(self) -> Archive:
        return Archive(self.data / "footage")

    @cached_property
    def spool(self) -> Spool:
        return Spool(self.data / "spool")

    @cached_property
    def database(self) -> Database:
        return Database(create_engine(f"sqlite:///{self.data / 'index.sqlite3'}"))

    @property
    def chain(self) -> Chain:
        return self.archive.chain(CAMERA)

    @property
    def keys(self) -> SigningKeys:
        return SigningKeys(self.data / "keys")

    def set_up(self) -> None:
        Base.metadata.create_all(self.database.engine)
        at = from_us(self.clock.now())
        camera = CameraRow(id=CAMERA, room_id="", name="Front", host="192.0.2.1", username="", main_path="/main")
        camera.created_at = camera.updated_at = at
        with self.database.writing() as db:
            db.add(camera)

    def index(self) -> None:
        """Move the spool into the index, as housekeeping does."""
        with self.database.writing() as db:
            self.spool.done(index(db, self.archive, list(self.spool.pending()), self.clock))

    def sign(self) -> Link:
        return checkpoint(self.chain, CAMERA, Signer.at(self.data / "keys"), self.clock)

    def verify(self, trust: Trust | None = None, **scope: Any) -> VerificationReport:
        rows = IndexRows(self.database.reading, self.spool)
        return verify(VerificationScope(CAMERA, **scope), self.archive, rows, trust or Trust(self.keys.publics()))

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def rows(self) -> list[Link]:
        return list(self.chain.links())

    def segments(self, stream: str = "main", origin: str = "live") -> list[Link]:
        """The rows of a stream's segments, in order."""
        return [row for row in self.rows if (row.fields.get("stream"), row.fields.get("origin")) == (stream, origin)]

    @property
    def imported(self) -> Link:
        """The row of the footage that was imported."""
        return self.segments(origin="imported")[0]

    def file(self, row: Link) -> Path:
        return self.data / "footage" / str(row.fields["key"])

    # ── falsifying ──────────────────────────────────────────────────────────────────────────────────────────────────

    def write(self, lines: Iterable[bytes]) -> None:
        path = self.data / "footage" / CAMERA / "chain" / "000000001.jsonl"
        path.write_bytes(b"".join(line + b"\n" for line in lines))

    def change_row(self, number: int, change: Callable[[Fields], object]) -> None:
        """Change one row of the chain and nothing else."""
        lines = [row.line for row in self.rows]
        lines[number - 1] = changed(lines[number - 1], change)
        self.write(lines)

    def flip(self, row: Link, where: Callable[[bytes], int]) -> None:
        """Change one bit of a segment's file, in the byte at the offset that `where` returns."""
        data = bytearray(self.file(row).read_bytes())
        data[where(bytes(data))] ^= 1
        self.file(row).write_bytes(data)

    def relink(self, lines: Iterable[bytes]) -> None:
        """Write these rows as a chain with correct numbers and links."""
        prev, fresh = "", list[bytes]()
        for number, line in enumerate(lines, 1):
            fresh.append(changed(line, lambda row: row.update(number=number, prev=prev)))  # noqa: B023
            prev = sha256(fresh[-1])
        self.write(fresh)

    def change_index(self, segment_id: str, change: Callable[[SegmentRow, RunRow], object]) -> None:
        with self.database.writing() as db:
            segment = db.get_one(SegmentRow, segment_id)
            change(segment, db.get_one(RunRow, segment.run_id))

    def index_follows(self) -> None:
        """Update the index to match the chain, as a forger with access to both would."""
        with self.database.writing() as db:
            for row in self.rows:
                if row.kind == "segment" and (segment := db.get(SegmentRow, row.fields["segment"])):
                    segment.link_number, segment.link = row.number, row.digest
                    segment.digest, segment.size = row.fields["digest"], row.fields["size"]
                    segment.wall_start, segment.wall_end = (
                        from_us(row.fields["start_us"]),
                        from_us(row.fields["end_us"]),
                    )

    def forget(self, segment_ids: Iterable[str]) -> None:
        with self.database.writing() as db:
            for segment in db.scalars(select(SegmentRow).where(SegmentRow.id.in_(list(segment_ids)))):
                db.delete(segment)

    # ── a clean-up ──────────────────────────────────────────────────────────────────────────────────────────────────

    def delete_by_rule(self, row: Link, **changed: Any) -> None:
        """Delete a segment as a clean-up does. `changed`: fields of the `deleted` row with other values."""
        fields = {"segment": row.fields["segment"], "digest": row.fields["digest"], "rule": "age", "policy": None}
        self.chain.append("deleted", fields | {"at_us": self.clock.now()} | changed)
        self.file(row).unlink()
        self.forget([row.fields["segment"]])


def changed(line: bytes, change: Callable[[Fields], object]) -> bytes:
    fields = json.loads(line)
    change(fields)
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()


def broken(report: VerificationReport) -> list[Finding]:
    return [finding for finding in report.findings if finding.is_broken]


def codes(report: VerificationReport) -> set[str]:
    """The codes of broken findings."""
    return {finding.code for finding in broken(report)}


def notes(report: VerificationReport) -> set[str]:
    """The codes of findings that break nothing."""
    return {finding.code for finding in report.findings if not finding.is_broken}
