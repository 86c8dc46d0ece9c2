"""Clean-ups: survey every stream, let the brake stop what is too much, delete a little per step, settle who rests.

A step takes a bounded time, so that its caller (`shike keep`) continues with indexing. All state that must last is in
the database: a clean-up that is killed starts again from the beginning. Not here: rules (rules.py), the brake
(brakes.py), deleting (deleting.py). Design: docs/design/retention.md, "A clean-up".
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.footage.mounted import away, elsewhere
from shike.attendance.retention.brakes import Brakes
from shike.attendance.retention.deleting import Deleter, plan, thin_deletions
from shike.attendance.retention.holds import held_of, stretches_of
from shike.attendance.retention.keeping import Survey, candidates, limits_of, streams_of, survey
from shike.attendance.retention.rules import (
    FOR_EVER_US,
    Amount,
    Defaults,
    DueSegment,
    Space,
    by_age,
    by_bytes,
    by_floor,
    free_stretches,
    needed_bytes,
    resting,
)
from shike.attendance.tables.registry import CameraRow
from shike.attendance.transactions import Transactions
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import StreamKey
from shike.capture.clock import Clock
from shike.capture.moment import from_us
from shike.capture.spans import Span

log = logging.getLogger(__name__)

EVERY_S = 300.0
STEP_S = 0.25
THIN_AFTER = timedelta(days=30)
_LOW_EVERY_S = 10.0
_PLAN = 200
_FLOOR_PAGE = 32


class Cleaner:
    """Runs one clean-up after the other. Owner of the running clean-up and of the set of cameras that rest."""

    def __init__(
        self,
        database: Transactions,
        archive: Archive,
        clock: Clock,
        defaults: Defaults,
        space: Callable[[], Space],
        resting: frozenset[str] = frozenset(),
        node: str | None = None,
    ) -> None:
        """`resting`: the cameras that rested for want of space when the previous process ended.

        `node`: the name of this machine, so that footage of cameras that other machines record is not reported missing.
        """
        self._database, self._clock, self._defaults, self._space = database, clock, defaults, space
        self._archive = archive
        self._node = node
        self._deleter = Deleter(database, archive, clock, defaults.flags)
        self._brakes = Brakes(database, clock)
        self._work: Iterator[object] | None = None
        self._next_s = float("-inf")
        self._lacking = 0
        self.resting = resting
        self.unmounted: frozenset[str] | None = None
        """Cameras of this machine whose footage was not mounted at the last clean-up; None before the first."""

    def step(self, budget_s: float = STEP_S) -> None:
        """Continues the clean-up that is due, until it is done or `budget_s` is used up."""
        started_s = self._clock.monotonic()
        while self._work is not None or self._is_due():
            if self._work is None:
                self._work = self._clean_up()
            try:
                next(self._work)
            except StopIteration:
                self._work = None
                self._rest_until_next()
            except BaseException:  # raised again; after a failure the next clean-up starts from the beginning
                self._work = None
                self._rest_until_next()
                raise
            if self._clock.monotonic() - started_s >= budget_s:
                return

    def _is_due(self) -> bool:
        return self._clock.monotonic() >= self._next_s

    def _rest_until_next(self) -> None:
        short = self.resting or self._space().is_low
        self._next_s = self._clock.monotonic() + (_LOW_EVERY_S if short else EVERY_S)

    def _clean_up(self) -> Iterator[object]:
        """One clean-up; between two yields it does a bounded piece of work. Nothing while another process runs one.

        Two at once could together delete more than the brake allows, and each would record the other's deleted files
        as missing in the chain.
        """
        with self._archive.sole_cleaner() as ours:
            if ours:
                yield from self._clean_up_alone()

    def _clean_up_alone(self) -> Iterator[object]:
        yield from self._deleter.finish()
        now_us = self._clock.now()
        self._brakes.begin()
        with self._database.reading() as db:
            cameras = list(db.scalars(select(CameraRow).order_by(CameraRow.id)))
            limits = limits_of(db, [camera.id for camera in cameras], self._defaults, now_us)
            absent = frozenset(away(db, self._archive, [camera.id for camera in cameras]))
            others = elsewhere(db, absent, self._node, from_us(now_us)) if self._node and absent else set()
        self._set_unmounted(absent - others)
        here = [camera for camera in cameras if camera.id not in absent]
        surveys: dict[StreamKey, Survey] = {}
        for camera in here:
            for key in streams_of(camera):
                confirmed_us = self._brakes.confirmed_until_us(key)
                with self._database.reading() as db:
                    surveys[key] = survey(db, camera, key[1], limits[key], self._defaults, now_us, confirmed_us)
                yield None
        stock = {key: seen.stock.amount for key, seen in surveys.items()}
        base = {key: self._brakes.lately(key) + amount for key, amount in stock.items()}
        for key in self._brakes.by_rules(surveys, base):
            yield from self._by_rules(surveys[key], now_us)
        space = self._space()
        needed = needed_bytes(space.free, space.floor, scarce=bool(self.resting))
        self._lacking = needed
        # Counts only cameras whose footage is here: one lost volume must not end recording of all other cameras.
        if needed and self._brakes.floor_may(needed, stock):
            yield from self._by_floor(here, base)
        self._brakes.end(surveys, floor_needed=needed > 0, unseen=absent)
        self._settle_resting(cameras, can_free=self._lacking <= 0)
        with self._database.writing() as db:
            thin_deletions(db, from_us(now_us) - THIN_AFTER)

    def _set_unmounted(self, unmounted: frozenset[str]) -> None:
        if unmounted - (self.unmounted or frozenset()):
            log.error(
                "nothing is deleted of cameras whose footage, or a part of it, is not here: %s; mount its volume, or "
                "see `shike footage lost` if it is lost for good. What is recorded meanwhile goes to what is mounted",
                ", ".join(sorted(unmounted)),
            )
        self.unmounted = unmounted

    def _by_rules(self, seen: Survey, now_us: int) -> Iterator[object]:
        """Deletes what is due by age and by bytes in one stream, a batch at a time."""
        key, cutoff_us = seen.key, seen.limits.cutoff_us(now_us)
        excess = 0 if seen.limits.max_bytes is None else seen.stock.amount.bytes - seen.limits.max_bytes
        while True:
            with self._database.reading() as db:
                held = self._held(db, [key[0]])[key[0]]
                due: list[DueSegment] = []
                if cutoff_us is not None:
                    old = candidates(db, key, free_stretches(held, cutoff_us))
                    due = list(islice(by_age(old, cutoff_us, held), _PLAN))
                if not due and excess > 0:
                    oldest = candidates(db, key, free_stretches(held, FOR_EVER_US))
                    due = list(islice(by_bytes(oldest, excess, held), _PLAN))
            if not due:
                return
            excess -= sum(each.segment.size for each in due)
            yield from self._delete(due, {key: seen.limits.rule_id})

    def _by_floor(self, cameras: Sequence[CameraRow], base: Mapping[StreamKey, Amount]) -> Iterator[object]:
        """Deletes the oldest footage of all cameras, as much as is needed; `_lacking` keeps the bytes still missing."""
        importance = {camera.id: camera.importance for camera in cameras}
        spared: set[StreamKey] = set()
        taken: dict[StreamKey, Amount] = {}
        while self._lacking > 0:
            with self._database.reading() as db:
                held = self._held(db, importance)
                free = {
                    key: candidates(db, key, free_stretches(held[key[0]], FOR_EVER_US), _FLOOR_PAGE)
                    for key in base
                    if key not in spared
                }
                due = list(islice(by_floor(free, importance, held, self._lacking), _PLAN))
            wanted = dict(taken)
            for each in due:
                key = (each.segment.camera_id, each.segment.stream)
                wanted[key] = wanted.get(key, Amount()) + Amount(1, each.segment.size)
            over = self._brakes.too_large_for_floor(wanted, base) - spared
            spared |= over
            if over:
                continue
            if not due:
                return
            taken = wanted
            # Counted, not measured: a file system may report freed space late.
            self._lacking -= sum(each.segment.size for each in due)
            yield from self._delete(due, {})

    def _delete(self, due: Sequence[DueSegment], rule_ids: Mapping[StreamKey, str | None]) -> Iterator[object]:
        with self._database.writing() as db:
            plan(db, due, rule_ids, self._clock.now())
        yield from self._deleter.finish()

    def _settle_resting(self, cameras: Sequence[CameraRow], *, can_free: bool) -> None:
        space = self._space()
        recorded = sorted((each for each in cameras if each.enabled), key=_stops_first)
        order = [camera.id for camera in recorded]
        rested = resting(order, self.resting, space.free, space.floor, can_free=can_free)
        if rested != self.resting:
            log.warning("%d of %d cameras rest for want of space: %s", len(rested), len(order), space)
        self.resting = rested

    def _held(self, db: DbSession, camera_ids: Iterable[str]) -> Mapping[str, tuple[Span, ...]]:
        cameras = db.scalars(select(CameraRow).where(CameraRow.id.in_(list(camera_ids))))
        return {camera.id: stretches_of(held_of(db, camera, self._defaults.flags)) for camera in cameras}


def _stops_first(camera: CameraRow) -> tuple[int, int]:
    """Sorts the least important camera first; of equally important ones the one that was added last."""
    return camera.importance, -round(camera.created_at.timestamp() * 1e6)
