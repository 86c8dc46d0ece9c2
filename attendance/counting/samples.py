"""Writes the results of counting to the database: samples and skipped stretches. Writing one twice adds no row.

Here: rows of `sample` and `count_skip`. Not here: when they are written, and what happens if that fails (outbox.py).
Design: docs/design/counting.md.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.counting.headcount import HeadCount
from shike.attendance.counting.sampling import SkippedStretch
from shike.attendance.tables.counting import CountSkipRow, SampleRow
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.segment import Origin, StreamName
from shike.capture.moment import from_us

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PictureSource:
    """Where a picture comes from: camera, stream and run."""

    camera_id: str
    stream: StreamName
    run_id: str
    origin: Origin
    simulated: bool


@dataclass(frozen=True, slots=True)
class CountedPicture:
    """A counted picture before it is stored. `picture_us`: its evidence time; `node`: the machine that counted it."""

    source: PictureSource
    picture_us: int
    heads: HeadCount
    model: str
    model_digest: str
    node: str
    created_us: int


SampleOrSkip = CountedPicture | SkippedStretch
"""The result of counting for a slot."""


def store(db: DbSession, rows: Sequence[SampleOrSkip]) -> None:
    """Write the rows that are not stored yet. Rows of a camera that was deleted from the registry are dropped."""
    known = set(db.scalars(select(CameraRow.id).where(CameraRow.id.in_({_camera_of(row) for row in rows}))))
    for row in rows:
        if _camera_of(row) not in known:
            log.info("camera %s is not in the registry: its count is dropped", _camera_of(row))
        elif isinstance(row, CountedPicture):
            _store_sample(db, row)
        else:
            _store_skip(db, row)


def _camera_of(row: SampleOrSkip) -> str:
    return row.source.camera_id if isinstance(row, CountedPicture) else row.camera_id


def _store_sample(db: DbSession, counted: CountedPicture) -> None:
    source, heads = counted.source, counted.heads
    present = select(SampleRow.id).where(
        SampleRow.camera_id == source.camera_id,
        SampleRow.stream == source.stream,
        SampleRow.picture_at == from_us(counted.picture_us),
        SampleRow.model_digest == counted.model_digest,
    )
    if db.scalar(present) is not None:
        return
    db.add(
        SampleRow(
            camera_id=source.camera_id,
            stream=source.stream,
            run_id=source.run_id,
            picture_at=from_us(counted.picture_us),
            count=heads.count,
            low=heads.low,
            high=heads.high,
            valid=heads.valid,
            invalid_reason=heads.invalid_reason,
            boxes=[detection.as_row() for detection in heads.detections],
            model=counted.model,
            model_digest=counted.model_digest,
            threshold=heads.threshold,
            node=counted.node,
            simulated=source.simulated,
            origin=source.origin,
            created_at=from_us(counted.created_us),
            took_ms=heads.took_ms,
        )
    )
    db.flush()


def _store_skip(db: DbSession, skipped: SkippedStretch) -> None:
    """Stretches that touch are merged into one row: an hour that was skipped is one row of an hour."""
    touching = db.scalars(
        select(CountSkipRow).where(
            CountSkipRow.camera_id == skipped.camera_id,
            CountSkipRow.reason == skipped.reason,
            CountSkipRow.from_at <= from_us(skipped.to_us),
            CountSkipRow.to_at >= from_us(skipped.from_us),
        )
    ).first()
    if touching is None:
        span = {"from_at": from_us(skipped.from_us), "to_at": from_us(skipped.to_us)}
        db.add(CountSkipRow(camera_id=skipped.camera_id, reason=skipped.reason, **span))
    else:
        touching.from_at = min(touching.from_at, from_us(skipped.from_us))
        touching.to_at = max(touching.to_at, from_us(skipped.to_us))
    db.flush()
