"""Decides when class sessions are judged: running ones every ten seconds, ended ones until they are settled, settled
ones again after new inputs.

Each step takes a bounded time, so that its caller (`shike keep`) can go on indexing. A late judgement loses nothing.
Not here: the judgement itself (findings.py, records.py, flags.py). Design: docs/design/judgement.md.
"""

import logging
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session as DbSession

from shike.attendance.footage.index import Footage
from shike.attendance.judgement.findings import findings_of
from shike.attendance.judgement.flags import flags_of
from shike.attendance.judgement.gathering import Acceptances, CauseOfCamera, GatheringSources, gather
from shike.attendance.judgement.records import make_record
from shike.attendance.judgement.thresholds import JudgementError
from shike.attendance.judgement.versions import store_judgement
from shike.attendance.recording.policy import Policy
from shike.attendance.tables.counting import SampleRow
from shike.attendance.tables.footage import SegmentRow
from shike.attendance.tables.judgement import AcceptanceSampleRow, FlagRow, FlagVerdictRow
from shike.attendance.tables.registry import CameraRow
from shike.attendance.tables.training import ClassSessionRow, EnrolmentRow, LeaveRow, SignEventRow
from shike.attendance.transactions import Transactions
from shike.capture.clock import Clock
from shike.capture.errors import CaptureError
from shike.capture.moment import from_us

log = logging.getLogger(__name__)

LOOK_EVERY_S = 10.0
STEP_S = 0.25
OVERLAP = timedelta(minutes=1)
"""Each look goes back one more minute: transactions of several writers may commit out of order."""
FIRST_LOOK_BACK = timedelta(days=1)
RECHECKED_FOR = timedelta(days=60)


class Evaluator:
    """Judges class sessions, a few per step. Owns the queue of those that are due."""

    def __init__(
        self,
        database: Transactions,
        footage: Footage,
        clock: Clock,
        sample_every_us: int,
        cause: CauseOfCamera,
        default: Policy = Policy(),  # noqa: B008 frozen
    ) -> None:
        """`cause`: returns why a camera is not recorded now. `default`: the policy of rooms that have none."""
        self._database, self._clock = database, clock
        self._sources = GatheringSources(footage, Acceptances(), sample_every_us, cause, default)
        self._queue: deque[str] = deque()
        self._next_look_s = float("-inf")
        self._looked_at = from_us(clock.now()) - FIRST_LOOK_BACK
        self._rechecked = ""
        self._failing: set[str] = set()
        self._again: dict[str, None] = {}
        """Sessions that could not be judged. Without this list a settled one would not be tried again."""

    def step(self, budget_s: float = STEP_S) -> int:
        """Judge due sessions until the time is used up, at least one if any is due. Returns how many.

        A session that cannot be judged, for example because its footage volume does not answer, is tried again later.
        """
        started_s = self._clock.monotonic()
        if not self._queue and started_s >= self._next_look_s:
            self._next_look_s = started_s + LOOK_EVERY_S
            self._look()
        done = 0
        while self._queue and (not done or self._clock.monotonic() - started_s < budget_s):
            self._try(self._queue.popleft())
            done += 1
        return done

    def _try(self, session_id: str) -> None:
        try:
            self.evaluate(session_id)
        except (OSError, CaptureError) as error:
            self._again[session_id] = None
            if session_id not in self._failing:
                log.error("class session %s cannot be judged, and is tried again: %s", session_id, error)
            self._failing.add(session_id)
        except Exception:
            self._again[session_id] = None
            raise

    def evaluate(self, session_id: str) -> bool:
        """Judge one class session and store the result. True if anything has changed."""
        moment_us = self._clock.now()
        with self._database.reading() as db:
            session = db.get(ClassSessionRow, session_id)
            if session is None or session.state == "cancelled" or session.starts_at > from_us(moment_us):
                return False
            try:
                gathered = gather(db, self._sources, session, moment_us)
            except JudgementError as error:
                if session_id not in self._failing:
                    log.warning("class session %s is not judged: %s (%s)", session_id, error, error.hint)
                self._failing.add(session_id)
                return False
            state = "final" if gathered.settled else "ended" if gathered.inputs.ended else "running"
            stands = session.state == state
        findings = findings_of(gathered.inputs, gathered.thresholds)
        record, flags = make_record(findings), flags_of(findings)
        with self._database.writing() as db:
            changed = store_judgement(db, gathered, record, flags, from_us(moment_us))
            row = db.get(ClassSessionRow, session_id) if not stands else None
            if row is not None and row.state != "cancelled":
                row.state = state
        return changed

    def _look(self) -> None:
        moment = from_us(self._clock.now())
        with self._database.reading() as db:
            running = db.scalars(
                select(ClassSessionRow.id)
                .where(ClassSessionRow.state.in_(("planned", "running", "ended")), ClassSessionRow.starts_at <= moment)
                .order_by(ClassSessionRow.ends_at.desc(), ClassSessionRow.id)
            )
            touched = _touched(db, self._looked_at - OVERLAP)
            # Sessions that failed before come last, so that they do not delay the others.
            self._queue.extend(dict.fromkeys([*running, *touched, *self._recheck(db), *self._again]))
            off = _called_off(db, moment)
        self._looked_at = moment
        self._again.clear()
        if off:
            self._withdraw(off, moment)

    def _recheck(self, db: DbSession) -> list[str]:
        """The next settled session, one per look and in a circle: finds edits that the other queries cannot see."""
        since = from_us(self._clock.now()) - RECHECKED_FOR
        settled = select(ClassSessionRow.id).where(ClassSessionRow.state == "final", ClassSessionRow.ends_at >= since)
        query = settled.where(ClassSessionRow.id > self._rechecked).order_by(ClassSessionRow.id).limit(1)
        due = list(db.scalars(query))
        self._rechecked = due[0] if due else ""
        return due

    def _withdraw(self, session_ids: list[str], moment: datetime) -> None:
        with self._database.writing() as db:
            rows = db.scalars(select(FlagRow).where(FlagRow.class_session_id.in_(session_ids), FlagRow.state == "open"))
            for row in rows:
                row.state, row.live, row.updated_at = "withdrawn", False, moment
            moved = ClassSessionRow.id.in_(session_ids), ClassSessionRow.state != "cancelled"
            db.execute(update(ClassSessionRow).where(*moved).values(state="planned"))


def _called_off(db: DbSession, moment: datetime) -> list[str]:
    """Sessions with open flags that were cancelled or moved into the future."""
    moved = ClassSessionRow.starts_at > moment
    query = (
        select(ClassSessionRow.id)
        .join(FlagRow, FlagRow.class_session_id == ClassSessionRow.id)
        .where(or_(ClassSessionRow.state == "cancelled", moved), FlagRow.state == "open")
        .distinct()
    )
    return list(db.scalars(query))


def _touched(db: DbSession, since: datetime) -> Iterator[str]:
    """Settled class sessions with new inputs since a moment."""
    settled = ClassSessionRow.state == "final"
    of_session: list[ColumnElement[bool]] = [
        ClassSessionRow.id.in_(select(SignEventRow.class_session_id).where(SignEventRow.received_at >= since)),
        ClassSessionRow.id.in_(select(LeaveRow.class_session_id).where(LeaveRow.created_at >= since)),
        ClassSessionRow.class_id.in_(select(EnrolmentRow.class_id).where(EnrolmentRow.created_at >= since)),
        ClassSessionRow.room_id.in_(select(AcceptanceSampleRow.room_id).where(AcceptanceSampleRow.entered_at >= since)),
        ClassSessionRow.id.in_(
            select(FlagRow.class_session_id)
            .join(FlagVerdictRow, FlagVerdictRow.flag_id == FlagRow.id)
            .where(FlagVerdictRow.at >= since)
        ),
    ]
    yield from db.scalars(select(ClassSessionRow.id).where(settled, or_(*of_session)))
    filmed = (
        select(CameraRow.room_id, func.min(SegmentRow.wall_start), func.max(SegmentRow.wall_end))
        .select_from(SegmentRow)
        .join(CameraRow, CameraRow.id == SegmentRow.camera_id)
        .where(SegmentRow.created_at >= since)
        .group_by(CameraRow.room_id)
    )
    counted = (
        select(CameraRow.room_id, func.min(SampleRow.picture_at), func.max(SampleRow.picture_at))
        .select_from(SampleRow)
        .join(CameraRow, CameraRow.id == SampleRow.camera_id)
        .where(SampleRow.created_at >= since)
        .group_by(CameraRow.room_id)
    )
    for query in (filmed, counted):
        for room_id, first, last in db.execute(query):
            overlaps = and_(ClassSessionRow.starts_at <= last, ClassSessionRow.ends_at >= first)
            yield from db.scalars(
                select(ClassSessionRow.id).where(settled, ClassSessionRow.room_id == room_id, overlaps)
            )
