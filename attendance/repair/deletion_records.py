"""Restores the records of deletions from a camera's chain, for a database that was lost or is out of date.

The chain has a row for each segment and a row for each deletion. If no file of a run is left, the run is restored from
the rows of its segments. Not here: deleting (retention/deleting.py), the index (rebuilding.py).
Design: docs/design/footage.md, "When files and index disagree".
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import get_args

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.retention.rules import DeletionRule
from shike.attendance.tables.footage import RunRow
from shike.attendance.tables.registry import CameraRow
from shike.attendance.tables.retention import DeletionRow
from shike.capture.archive.chain import Link
from shike.capture.moment import from_us, to_us

log = logging.getLogger(__name__)

_BATCH = 500
_RULES = get_args(DeletionRule)
_LAST_US = 253_402_300_799_999_999  # year 9999


@dataclass(frozen=True, slots=True)
class ChainDeletion:
    """A row `deleted` of a chain, and the row of the segment that was deleted."""

    row: Link
    segment: Link


def deleted(rows: Iterable[Link], segment_of: Callable[[str], Link | None]) -> Iterator[ChainDeletion]:
    """The deletions that can be restored: the chain knows the segment, and the row is complete."""
    for row in rows:
        segment = segment_of(str(row.fields.get("segment")))
        if segment is None or not _is_complete(row):
            log.warning("row %d of the chain records a deletion of footage that the chain does not know", row.number)
        else:
            yield ChainDeletion(row, segment)


def _is_complete(row: Link) -> bool:
    fields = row.fields
    return (
        fields.get("rule") in _RULES
        and isinstance(fields.get("digest"), str)
        and type(at_us := fields.get("at_us")) is int
        and 0 <= at_us <= _LAST_US
        and isinstance(fields.get("policy"), str | None)
    )


def remake(
    reading: Callable[[], AbstractContextManager[DbSession]],
    writing: Callable[[], AbstractContextManager[DbSession]],
    camera_id: str,
    deletions: Iterable[ChainDeletion],
) -> int:
    """Make the missing records of deletions, with their runs; returns how many. Calling it twice is harmless.

    Existing records stay unchanged. Nothing is made for a camera that the registry does not know.
    """
    made = 0
    with reading() as db:
        if db.get(CameraRow, camera_id) is None:
            return 0
    rows = iter(deletions)
    while batch := list(islice(rows, _BATCH)):
        with writing() as db:
            missing = _missing(db, camera_id, batch)
            _make_runs(db, camera_id, missing)
            db.add_all(_record(camera_id, each) for each in missing)
        made += len(missing)
    return made


def _missing(db: DbSession, camera_id: str, batch: Sequence[ChainDeletion]) -> list[ChainDeletion]:
    ids = [each.segment.fields["segment"] for each in batch]
    numbers = [each.row.number for each in batch]
    run_ids = {each.segment.fields["run"] for each in batch}
    own = DeletionRow.camera_id == camera_id
    by_id = set(db.scalars(select(DeletionRow.segment_id).where(own, DeletionRow.segment_id.in_(ids))))
    by_number = set(db.scalars(select(DeletionRow.link_number).where(own, DeletionRow.link_number.in_(numbers))))
    # Neighbours that were merged into one row have no ids any more, only the time that they cover.
    merged_spans: dict[tuple[str, str], list[tuple[int, int]]] = {}
    query = select(DeletionRow.run_id, DeletionRow.rule, DeletionRow.wall_start, DeletionRow.wall_end)
    is_merged = (
        own,
        DeletionRow.run_id.in_(run_ids),
        DeletionRow.segment_id.is_(None),
        DeletionRow.link_number.is_(None),
    )
    for run_id, rule, start, end in db.execute(query.where(*is_merged)):
        merged_spans.setdefault((run_id, rule), []).append((to_us(start), to_us(end)))
    missing: list[ChainDeletion] = []
    for each in batch:
        segment = each.segment.fields
        covered = any(
            start <= segment["start_us"] and segment["end_us"] <= end
            for start, end in merged_spans.get((segment["run"], each.row.fields["rule"]), ())
        )
        if not (covered or segment["segment"] in by_id or each.row.number in by_number):
            missing.append(each)
    return missing


def _make_runs(db: DbSession, camera_id: str, deletions: Sequence[ChainDeletion]) -> None:
    """Make the runs of which no file is left, from their rows. Codec, picture size and init section stay unknown."""
    for each in deletions:
        segment = each.segment.fields
        start, end = from_us(segment["start_us"]), from_us(segment["end_us"])
        run = db.get(RunRow, segment["run"])
        if run is None:
            run = RunRow(
                id=segment["run"],
                camera_id=camera_id,
                stream=segment["stream"],
                node=segment["node"],
                epoch=segment["epoch"],
                origin=segment["origin"],
                simulated=segment["simulated"],
                started_at=start,
                codec="",
                width=0,
                height=0,
                timescale=0,
                init=b"",
                init_digest="",
            )
            db.add(run)
            db.flush()
        if not run.init:
            run.started_at = min(run.started_at, start)
        run.ended_at = max(run.ended_at or end, end)
        if segment["ends_run"] is not None:
            run.end_reason = segment["ends_run"]


def _record(camera_id: str, each: ChainDeletion) -> DeletionRow:
    segment, row = each.segment.fields, each.row
    at = from_us(row.fields["at_us"])
    return DeletionRow(
        segment_id=segment["segment"],
        camera_id=camera_id,
        stream=segment["stream"],
        run_id=segment["run"],
        object_key=segment["key"],
        wall_start=from_us(segment["start_us"]),
        wall_end=from_us(segment["end_us"]),
        size=segment["size"],
        digest=row.fields["digest"],
        rule=row.fields["rule"],
        rule_id=row.fields.get("policy"),
        planned_at=at,
        file_deleted_at=at,
        missing=bool(row.fields.get("missing")),
        link_number=row.number,
        state="done",
    )
