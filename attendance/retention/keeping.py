"""What retention reads from the database: rules in force, sums of segments, and segments oldest first.

Segments are read a page at a time; sums use a covering index. Not here: what is due (rules.py), deleting (deleting.py).
Design: docs/design/retention.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.retention.holds import held_of, stretches_of
from shike.attendance.retention.rules import FOR_EVER_US, Amount, Candidate, Defaults, Limits, free_stretches
from shike.attendance.tables.footage import SegmentRow
from shike.attendance.tables.registry import CameraRow
from shike.attendance.tables.retention import RetentionRuleRow
from shike.capture.archive.segment import STREAMS, StreamKey, StreamName
from shike.capture.moment import from_us, to_us
from shike.capture.spans import Span

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Stock:
    """An amount of footage with its first and last moment in µs UTC (0 if there is none)."""

    amount: Amount = Amount()  # noqa: RUF009 frozen
    first_us: int = 0
    last_us: int = 0


@dataclass(frozen=True, slots=True)
class Survey:
    """One stream: its stock, what is due by age and by bytes, and how much of that is not confirmed yet."""

    key: StreamKey
    limits: Limits
    stock: Stock
    due_age: Stock
    due_bytes: Stock
    unconfirmed: Amount

    @property
    def due(self) -> Amount:
        return self.due_age.amount + self.due_bytes.amount

    @property
    def until_us(self) -> int:
        """The end of the last segment that is due."""
        return max(self.due_age.last_us, self.due_bytes.last_us)


def limits_of(db: DbSession, camera_ids: Iterable[str], defaults: Defaults, now_us: int) -> Mapping[StreamKey, Limits]:
    """The limits of both streams of cameras at a moment."""
    ids = list(camera_ids)
    query = (
        select(RetentionRuleRow)
        .where(or_(RetentionRuleRow.camera_id.in_(ids), RetentionRuleRow.camera_id.is_(None)))
        .where(RetentionRuleRow.valid_from <= from_us(now_us))
        .order_by(RetentionRuleRow.valid_from, RetentionRuleRow.id)
    )
    newest = {(row.camera_id, row.stream): row for row in db.scalars(query)}

    def limits(camera_id: str, stream: StreamName) -> Limits:
        own = newest.get((camera_id, stream))
        row = own if own is not None and not own.follows_default else newest.get((None, stream))
        return Limits(defaults.days[stream], None) if row is None else Limits(row.days, row.max_bytes, row.id)

    return {(camera_id, stream): limits(camera_id, stream) for camera_id in ids for stream in STREAMS}


def default_days(db: DbSession, defaults: Defaults, now_us: int) -> Mapping[StreamName, int]:
    """Days that each stream is kept by the default rule; without one, those of the settings."""
    query = select(RetentionRuleRow.stream, RetentionRuleRow.days).where(
        RetentionRuleRow.camera_id.is_(None), RetentionRuleRow.valid_from <= from_us(now_us)
    )
    newest = {row[0]: row[1] for row in db.execute(query.order_by(RetentionRuleRow.valid_from, RetentionRuleRow.id))}
    return {stream: newest.get(stream) or defaults.days[stream] for stream in STREAMS}


def survey(
    db: DbSession,
    camera: CameraRow,
    stream: StreamName,
    limits: Limits,
    defaults: Defaults,
    now_us: int,
    confirmed_us: int = 0,
) -> Survey:
    """What of a stream is due now. Deleting segments that ended at or before `confirmed_us` has been confirmed."""
    key = (camera.id, stream)
    held = stretches_of(held_of(db, camera, defaults.flags))
    stock = added_up(db, key, [(0, FOR_EVER_US)])
    cutoff_us = limits.cutoff_us(now_us)
    old = Stock() if cutoff_us is None else added_up(db, key, free_stretches(held, cutoff_us))
    excess = 0 if limits.max_bytes is None else stock.amount.bytes - old.amount.bytes - limits.max_bytes
    surplus, new = Stock(), Amount()
    if excess > 0:
        surplus, new = _oldest(db, key, free_stretches(held, FOR_EVER_US), cutoff_us, excess, confirmed_us)
    if cutoff_us is not None:
        new += added_up(db, key, free_stretches(held, cutoff_us), confirmed_us).amount if confirmed_us else old.amount
    return Survey(key, limits, stock, old, surplus, new)


def added_up(db: DbSession, key: StreamKey, stretches: Iterable[Span], after_us: int = 0) -> Stock:
    """The sum of closed segments that lie completely within one of the stretches and ended after a moment."""
    amount, first, last = Amount(), 0, 0
    for stretch in stretches:
        count, size, start, end = db.execute(
            select(
                func.count(), func.sum(SegmentRow.size), func.min(SegmentRow.wall_start), func.max(SegmentRow.wall_end)
            ).where(*_within(key, stretch), SegmentRow.wall_end > from_us(after_us))
        ).one()
        if count:
            amount, last = amount + Amount(count, size), to_us(end)
            first = first or to_us(start)
    return Stock(amount, first, last)


def candidates(db: DbSession, key: StreamKey, stretches: Iterable[Span], page: int = _PAGE) -> Iterator[Candidate]:
    """Closed segments that lie within the stretches, oldest first, read a page at a time."""
    for stretch in stretches:
        after: tuple[int, str] = (0, "")
        while rows := _page(db, key, stretch, after, page):
            yield from rows
            if len(rows) < page:
                break
            after = (rows[-1].start_us, rows[-1].segment_id)


def _page(db: DbSession, key: StreamKey, stretch: Span, after: tuple[int, str], page: int) -> list[Candidate]:
    start, segment_id = from_us(after[0]), after[1]
    query = (
        select(SegmentRow.id, SegmentRow.wall_start, SegmentRow.wall_end, SegmentRow.size)
        .where(*_within(key, stretch), SegmentRow.wall_start >= start)
        .where(or_(SegmentRow.wall_start > start, SegmentRow.id > segment_id))
        .order_by(SegmentRow.wall_start, SegmentRow.id)
        .limit(page)
    )
    return [Candidate(row[0], *key, to_us(row[1]), to_us(row[2]), row[3]) for row in db.execute(query)]


def _within(key: StreamKey, stretch: Span) -> Sequence[ColumnElement[bool]]:
    begin, end = from_us(stretch[0]), from_us(stretch[1])
    return (
        SegmentRow.camera_id == key[0],
        SegmentRow.stream == key[1],
        SegmentRow.state == "closed",
        SegmentRow.wall_start >= begin,
        SegmentRow.wall_start <= end,
        SegmentRow.wall_end <= end,
    )


def _oldest(
    db: DbSession, key: StreamKey, stretches: Iterable[Span], cutoff_us: int | None, excess: int, confirmed_us: int
) -> tuple[Stock, Amount]:
    """The sum of the oldest segments that reach `excess` bytes, without those that are due by age (`cutoff_us`).

    Also how much of that ended after `confirmed_us`.
    """
    amount, new, first, last = Amount(), Amount(), 0, 0
    for segment in candidates(db, key, stretches):
        if excess <= 0:
            break
        if cutoff_us is not None and segment.end_us <= cutoff_us:
            continue
        one = Amount(1, segment.size)
        excess, amount, last = excess - segment.size, amount + one, max(last, segment.end_us)
        first = first or segment.start_us
        new += one if segment.end_us > confirmed_us else Amount()
    return Stock(amount, first, last), new


def streams_of(camera: CameraRow) -> tuple[StreamKey, ...]:
    """The keys of both streams of a camera, even if it has no sub-stream now."""
    return tuple((camera.id, stream) for stream in STREAMS)
