"""The brake: a clean-up that would delete more than half of a stream, or of all, waits until a person confirms it.

Small clean-ups count together towards the limit of a large one: what was deleted lately for want of space, or under
another rule, is added. Here: when a brake is raised, what a confirmation covers, when a brake is over. Not here: what
is due (rules.py), who may confirm (api/retention/rules.py). Design: docs/design/retention.md, "The brake".
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.retention.keeping import Survey
from shike.attendance.retention.rules import Amount, too_much
from shike.attendance.tables.footage import SegmentRow
from shike.attendance.tables.retention import BrakeRow, DeletionRow
from shike.attendance.transactions import Transactions
from shike.capture.archive.segment import StreamKey
from shike.capture.clock import Clock
from shike.capture.moment import from_us, to_us

log = logging.getLogger(__name__)

BrakeKind = Literal["rules", "floor"]
_Name = tuple[str | None, str | None, str]
_Taken = tuple[str, str, str, str | None]  # camera, stream, rule and the id of its row
_ALL: StreamKey | None = None
# How long deletions under another rule, and for want of space, count. A small volume may be overwritten in a day.
_RULES_COUNT, _FLOOR_COUNTS = timedelta(days=1), timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class _Raised:
    """What one clean-up would delete (`due`) of how much (`indexed`), and when the last of it ended."""

    due: Amount
    indexed: Amount
    until_us: int


def total(amounts: Iterable[Amount]) -> Amount:
    """The sum of amounts."""
    return sum(amounts, Amount())


class Brakes:
    """The brakes of one clean-up after the other. Owner of the brakes that the current clean-up has raised."""

    def __init__(self, database: Transactions, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._raised: dict[_Name, _Raised] = {}
        self._confirmed: dict[_Name, int] = {}
        self._confirmed_lately: set[_Name] = set()
        self._lately: Mapping[_Taken, Amount] = {}
        self._by_floor: Mapping[_Taken, Amount] = {}
        self._recorded: Mapping[StreamKey, Amount] = {}

    def begin(self) -> None:
        """A clean-up begins: confirmations up to now are valid for all of it."""
        with self._database.reading() as db:
            rows = db.scalars(select(BrakeRow).where(BrakeRow.state == "confirmed").order_by(BrakeRow.until))
            self._confirmed = {_name(row): to_us(row.until) for row in rows}
            now = from_us(self._clock.now())
            recent = or_(BrakeRow.state == "confirmed", BrakeRow.over_at >= now - _RULES_COUNT)
            self._confirmed_lately = {
                _name(row) for row in db.scalars(select(BrakeRow).where(recent, BrakeRow.confirmed_at.is_not(None)))
            }
            self._lately = _taken(db, now - _RULES_COUNT)
            self._by_floor = _taken(db, now - _FLOOR_COUNTS, DeletionRow.rule == "floor")
            self._recorded = _recorded(db, now - _FLOOR_COUNTS)
        self._raised = {}

    def lately(self, key: StreamKey) -> Amount:
        """What clean-ups of the last day have deleted of a stream; it is added to what is stored now.

        Otherwise the last hours of footage of a dismantled camera would stop every clean-up.
        """
        return total(amount for taken, amount in self._lately.items() if taken[:2] == key)

    def _under_other_rules(self, key: StreamKey, rule_id: str | None) -> Amount:
        """What rules that are no longer in force deleted of a stream lately; 0 if a person confirmed a clean-up."""
        if {(*key, "rules"), (None, None, "rules")} & self._confirmed_lately:
            return Amount()
        mine = ((rule, of, amount) for (*stream, rule, of), amount in self._lately.items() if (*stream,) == key)
        return total(amount for rule, of, amount in mine if rule != "floor" and of != rule_id)

    def _for_space(self, key: StreamKey) -> Amount:
        """What was deleted of a stream lately for want of space, less what it recorded in that time.

        A volume that is always full deletes as much as it records; that needs no confirmation.
        """
        if {(*key, "floor"), (None, None, "floor")} & self._confirmed_lately:
            return Amount()
        taken = total(amount for taken, amount in self._by_floor.items() if taken[:2] == key)
        recorded = self._recorded.get(key, Amount())
        return Amount(max(0, taken.segments - recorded.segments), max(0, taken.bytes - recorded.bytes))

    def confirmed_until_us(self, key: StreamKey) -> int:
        """Footage of a stream that ended at or before this moment may be deleted by rules; 0 without a confirmation."""
        own, everything = (*key, "rules"), (None, None, "rules")
        return max(self._confirmed.get(own, 0), self._confirmed.get(everything, 0))

    def by_rules(self, surveys: Mapping[StreamKey, Survey], base: Mapping[StreamKey, Amount]) -> list[StreamKey]:
        """The streams of which rules may delete something; raises brakes for the others. `base`: the size of each."""
        allowed = []
        wanted: dict[StreamKey, Amount] = {}
        for key, seen in surveys.items():
            if seen.unconfirmed.segments:
                wanted[key] = seen.unconfirmed + self._under_other_rules(key, seen.limits.rule_id)
            if key in wanted and too_much(wanted[key], base[key]):
                self._raise(key, "rules", wanted[key], base[key], seen.until_us)
            elif seen.due.segments:
                allowed.append(key)
        due, indexed = total(wanted.values()), total(base.values())
        if too_much(due, indexed):
            self._raise(_ALL, "rules", due, indexed, max(seen.until_us for seen in surveys.values()))
            return []
        return allowed

    def floor_may(self, needed: int, stock: Mapping[StreamKey, Amount]) -> bool:
        """Whether `needed` bytes may be deleted for want of space; else raises a brake. `stock`: what streams have."""
        taken = total(map(self._for_space, stock))
        due, indexed = taken + Amount(0, needed), taken + total(stock.values())
        if due.bytes * 2 <= indexed.bytes or (None, None, "floor") in self._confirmed:
            return True
        self._raise(_ALL, "floor", due, indexed, self._clock.now())
        return False

    def too_large_for_floor(
        self, wanted: Mapping[StreamKey, Amount], base: Mapping[StreamKey, Amount]
    ) -> set[StreamKey]:
        """The streams of which more than half would be deleted for want of space; raises their brakes."""
        due = {key: amount + self._for_space(key) for key, amount in wanted.items()}
        over = {
            key
            for key, amount in due.items()
            if too_much(amount, base[key]) and not {(*key, "floor"), (None, None, "floor")} & self._confirmed.keys()
        }
        for key in over:
            self._raise(key, "floor", due[key], base[key], self._clock.now())
        return over

    def end(
        self, surveys: Mapping[StreamKey, Survey], *, floor_needed: bool, unseen: Collection[str] = frozenset()
    ) -> None:
        """A clean-up is over: stores the brakes that it raised, closes those that are done or were not raised again.

        Brakes of cameras in `unseen` stay, and so does the brake of all rules while there is such a camera: this
        clean-up did not survey them.
        """
        moment = from_us(self._clock.now())
        with self._database.writing() as db:
            standing = db.scalars(select(BrakeRow).where(BrakeRow.state.in_(("waiting", "confirmed")))).all()
            for row in standing:
                if row.camera_id in unseen or (unseen and row.camera_id is None and row.rule == "rules"):
                    continue
                again = row.state == "waiting" and _name(row) in self._raised
                if not again and (row.state == "waiting" or self._is_done(_name(row), surveys, floor_needed)):
                    row.state, row.over_at = "over", moment
            waiting = {_name(row): row for row in standing if row.state == "waiting"}
            for name, raised in self._raised.items():
                if name not in waiting:
                    waiting[name] = BrakeRow(camera_id=name[0], stream=name[1], rule=name[2], raised_at=moment)
                    db.add(waiting[name])
                    log.error("a clean-up waits for a person's word: %s of %s", raised.due, raised.indexed)
                _note(waiting[name], raised)

    def _is_done(self, name: _Name, surveys: Mapping[StreamKey, Survey], floor_needed: bool) -> bool:
        """Whether all that was confirmed before this clean-up is deleted. A brake confirmed since then is not done."""
        if name not in self._confirmed:
            return False
        if name[2] == "floor":
            return not floor_needed
        concerned = [seen for key, seen in surveys.items() if name[0] is None or key == name[:2]]
        return all(seen.due.segments == seen.unconfirmed.segments for seen in concerned)

    def _raise(self, key: StreamKey | None, kind: BrakeKind, due: Amount, indexed: Amount, until_us: int) -> None:
        camera_id, stream = key or (None, None)
        self._raised[camera_id, stream, kind] = _Raised(due, indexed, until_us)


def _taken(db: DbSession, since: datetime, *which: ColumnElement[bool]) -> Mapping[_Taken, Amount]:
    """What was deleted since a moment."""
    by = (DeletionRow.camera_id, DeletionRow.stream, DeletionRow.rule, DeletionRow.rule_id)
    sums = (func.sum(DeletionRow.segments), func.sum(DeletionRow.size))
    rows = db.execute(select(*by, *sums).where(DeletionRow.file_deleted_at >= since, *which).group_by(*by))
    return {(row[0], row[1], row[2], row[3]): Amount(row[4], row[5]) for row in rows}


def _recorded(db: DbSession, since: datetime) -> Mapping[StreamKey, Amount]:
    """What was recorded since a moment, including what has been deleted again."""
    of_segments, of_deletions = (SegmentRow.camera_id, SegmentRow.stream), (DeletionRow.camera_id, DeletionRow.stream)
    there = select(*of_segments, func.count(), func.sum(SegmentRow.size)).group_by(*of_segments)
    gone = select(*of_deletions, func.sum(DeletionRow.segments), func.sum(DeletionRow.size)).group_by(*of_deletions)
    recorded: dict[StreamKey, Amount] = {}
    for query in (
        there.where(SegmentRow.created_at >= since, SegmentRow.state == "closed"),
        gone.where(DeletionRow.file_deleted_at >= since, DeletionRow.wall_start >= since),
    ):
        for camera_id, stream, segments, size in db.execute(query):
            key: StreamKey = camera_id, "main" if stream == "main" else "sub"
            recorded[key] = recorded.get(key, Amount()) + Amount(segments, size)
    return recorded


def _name(row: BrakeRow) -> _Name:
    return row.camera_id, row.stream, row.rule


def _note(row: BrakeRow, raised: _Raised) -> None:
    row.due_segments, row.due_bytes = raised.due.segments, raised.due.bytes
    row.indexed_segments, row.indexed_bytes = raised.indexed.segments, raised.indexed.bytes
    row.until = from_us(raised.until_us)
