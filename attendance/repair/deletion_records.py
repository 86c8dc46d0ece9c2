"""Records of deletions made anew from a camera's chain, for a database that was lost or is behind.

The chain says of each file that a rule deleted it, and of each segment what it was; the run is made of the rows of its
segments where no file is left to say more. Not here: deleting (deleting.py), the index (rebuilding.py).
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
    """A row `deleted` of a chain with the row of the segment that it is about."""

    row: Link
    segment: Link


def deleted(rows: Iterable[Link], segment_of: Callable[[str], Link | None]) -> Iterator[ChainDeletion]:
    """The rows of deletions that can be told: those whose segment the chain knows, and whose rule we know."""
    for row in rows:
        segment = segment_of(str(row.said.get("segment")))
        if segment is None or not _is_whole(row):
            log.warning("row %d of the chain speaks of a deletion of footage that it does not know", row.number)
        else:
            yield ChainDeletion(row, segment)


def _is_whole(row: Link) -> bool:
    said = row.said
    return (
        said.get("rule") in _RULES
        and isinstance(said.get("digest"), str)
        and type(at_us := said.get("at_us")) is int
        and 0 <= at_us <= _LAST_US
        and isinstance(said.get("policy"), str | None)
    )


def remake(
    reading: Callable[[], AbstractContextManager[DbSession]],
    writing: Callable[[], AbstractContextManager[DbSession]],
    camera_id: str,
    found: Iterable[ChainDeletion],
) -> int:
    """Make the records of deletions that are lacking, with their runs; how many. Again is harmless.

    Those that are there stay as they are. None of a camera that the registry does not know.
    """
    made = 0
    with reading() as db:
        if db.get(CameraRow, camera_id) is None:
            return 0
    rows = iter(found)
    while batch := list(islice(rows, _BATCH)):
        with writing() as db:
            lacking = _lacking(db, camera_id, batch)
            _make_runs(db, camera_id, lacking)
            db.add_all(_record(camera_id, each) for each in lacking)
        made += len(lacking)
    return made


def _lacking(db: DbSession, camera_id: str, batch: Sequence[ChainDeletion]) -> list[ChainDeletion]:
    ids = [each.segment.said["segment"] for each in batch]
    numbers = [each.row.number for each in batch]
    run_ids = {each.segment.said["run"] for each in batch}
    own = DeletionRow.camera_id == camera_id
    by_id = set(db.scalars(select(DeletionRow.segment_id).where(own, DeletionRow.segment_id.in_(ids))))
    by_number = set(db.scalars(select(DeletionRow.link_number).where(own, DeletionRow.link_number.in_(numbers))))
    # Neighbours that became one row: no ids any more, but the time that they cover.
    thinned: dict[tuple[str, str], list[tuple[int, int]]] = {}
    query = select(DeletionRow.run_id, DeletionRow.rule, DeletionRow.wall_start, DeletionRow.wall_end)
    merged = own, DeletionRow.run_id.in_(run_ids), DeletionRow.segment_id.is_(None), DeletionRow.link_number.is_(None)
    for run_id, rule, start, end in db.execute(query.where(*merged)):
        thinned.setdefault((run_id, rule), []).append((to_us(start), to_us(end)))
    lacking: list[ChainDeletion] = []
    for each in batch:
        said = each.segment.said
        covered = any(
            start <= said["start_us"] and said["end_us"] <= end
            for start, end in thinned.get((said["run"], each.row.said["rule"]), ())
        )
        if not (covered or said["segment"] in by_id or each.row.number in by_number):
            lacking.append(each)
    return lacking


def _make_runs(db: DbSession, camera_id: str, lacking: Sequence[ChainDeletion]) -> None:
    """Runs of which no file is left, as far as their rows tell: pictures and init section are unknown."""
    for each in lacking:
        said = each.segment.said
        start, end = from_us(said["start_us"]), from_us(said["end_us"])
        run = db.get(RunRow, said["run"])
        if run is None:
            run = RunRow(
                id=said["run"],
                camera_id=camera_id,
                stream=said["stream"],
                node=said["node"],
                epoch=said["epoch"],
                origin=said["origin"],
                simulated=said["simulated"],
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
        if said["ends_run"] is not None:
            run.end_reason = said["ends_run"]


def _record(camera_id: str, each: ChainDeletion) -> DeletionRow:
    said, row = each.segment.said, each.row
    at = from_us(row.said["at_us"])
    return DeletionRow(
        segment_id=said["segment"],
        camera_id=camera_id,
        stream=said["stream"],
        run_id=said["run"],
        object_key=said["key"],
        wall_start=from_us(said["start_us"]),
        wall_end=from_us(said["end_us"]),
        size=said["size"],
        digest=row.said["digest"],
        rule=row.said["rule"],
        rule_id=row.said.get("policy"),
        planned_at=at,
        file_deleted_at=at,
        missing=bool(row.said.get("missing")),
        link_number=row.number,
        state="done",
    )
