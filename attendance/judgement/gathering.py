"""Reads the inputs of a judgement of one class session from the database, and decides whether the session is settled.

Not here: what is computed from the inputs (findings.py), when a session is judged (evaluation.py), storing the result
(versions.py). Design: docs/design/judgement.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session as DbSession
from sqlalchemy.orm import defer

from shike.attendance.beijing import day_of
from shike.attendance.footage.index import Footage, Piece
from shike.attendance.judgement.acceptance import Acceptance, assess
from shike.attendance.judgement.inputs import (
    CameraCoverage,
    FootageSpan,
    Person,
    Rejected,
    SessionInputs,
    Sign,
)
from shike.attendance.judgement.room_counts import RoomCount, Seen, fuse
from shike.attendance.judgement.thresholds import Thresholds, edition_in_force
from shike.attendance.recording.coverage_reader import CoverageReader, CoverageRequest, StreamCoverage, recorded_again
from shike.attendance.recording.plan import planned_windows
from shike.attendance.recording.policy import Policy
from shike.attendance.tables.counting import CountSkipRow, SampleRow
from shike.attendance.tables.footage import SegmentRow
from shike.attendance.tables.judgement import AcceptanceSampleRow, FlagRow
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RegionRow, RoomRow
from shike.attendance.tables.training import ClassSessionRow, EnrolmentRow, LeaveRow, SignEventRow
from shike.capture.moment import from_us, to_us

QUIET_US = 30 * 60_000_000
"""An ended session is settled once nothing new has come in for this long, whatever is still missing."""
AFTER_END_US = 10 * 60_000_000
SHOWN_OVER = timedelta(days=7)
_STEP_US = 60_000_000

CauseOfCamera = Callable[[str], str | None]
"""Returns why a camera is not recorded now, by the recorder; None if the recorder gives no reason."""


@dataclass(frozen=True, slots=True)
class GatheringSources:
    """The sources of a judgement's inputs, beside the database.

    `sample_every_us`: the sample interval of counting. `default`: the recording policy of rooms that have none.
    """

    footage: Footage
    acceptances: "Acceptances"
    sample_every_us: int
    cause: CauseOfCamera
    default: Policy = Policy()  # noqa: RUF009 frozen


@dataclass(frozen=True, slots=True)
class Gathered:
    """A class session, ready to be judged. `settled`: no more inputs are awaited, and `inputs.now_us` is None."""

    session_id: str
    room_id: str | None
    institution_id: str | None
    inputs: SessionInputs
    thresholds: Thresholds
    settled: bool


@dataclass(frozen=True, slots=True)
class Filmed:
    """A camera of the room: what it recorded of the session, and the pieces of that which are left."""

    coverage: CameraCoverage
    pieces: tuple[Piece, ...]


class Acceptances:
    """The acceptances of rooms, cached: reading a room's samples of one week takes long."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[object, ...], Acceptance]] = {}

    def of(self, db: DbSession, room_id: str) -> Acceptance:
        """A room's acceptance, from the true counts that people entered and the room's samples of the week before."""
        rows = list(db.scalars(select(AcceptanceSampleRow).where(AcceptanceSampleRow.room_id == room_id)))
        if not rows:
            return assess([])
        entered = tuple((row.id, row.true_count, row.counted, row.entered_at) for row in rows)
        known = self._known.get(room_id)
        if known is None or known[0] != entered:
            shown = shown_by(db, room_id, max(row.entered_at for row in rows))
            known = entered, assess([(row.true_count, row.counted) for row in rows], shown)
            self._known[room_id] = known
        return known[1]


def gather(db: DbSession, sources: GatheringSources, session: ClassSessionRow, now_us: int) -> Gathered:
    """All inputs of a class session as they are stored now. NoThresholds if none are in force on its day."""
    room = db.get(RoomRow, session.room_id) if session.room_id else None
    start_us, end_us = to_us(session.starts_at), to_us(session.ends_at)
    request = CoverageRequest((), start_us, end_us, now_us, stream="main", deleted_as_recorded=True)
    films = _films(db, sources, room, request) if room else []
    samples = samples_of(db, [film.coverage.camera_id for film in films], session.starts_at, session.ends_at)
    settled = now_us >= end_us and _settled(db, session, films, samples, now_us, sources.sample_every_us)
    acceptance = sources.acceptances.of(db, room.id) if room else assess([])
    day = day_of(session.starts_at)
    inputs = SessionInputs(
        session_id=session.id,
        start_us=start_us,
        end_us=end_us,
        breaks=tuple(_break(each) for each in session.breaks),
        expected=expected_of(db, session),
        signs=signs_of(db, session.id),
        counts=acceptance.narrow(room_counts(samples, sources.sample_every_us)),
        coverage=tuple(film.coverage for film in films),
        accepted=acceptance.accepted,
        rejected=_rejected(db, session.id),
        # After the end the time adds nothing. Inputs that do not change must have equal digests.
        now_us=None if settled else min(now_us, end_us + AFTER_END_US),
    )
    thresholds = edition_in_force(day, _localities(db, room))
    return Gathered(
        session.id, room.id if room else None, room.institution_id if room else None, inputs, thresholds, settled
    )


def samples_of(db: DbSession, camera_ids: Sequence[str], start: datetime, end: datetime) -> list[SampleRow]:
    """Samples of cameras in [start, end), oldest first. Boxes are not loaded: room counts do not need them."""
    return list(
        db.scalars(
            select(SampleRow)
            .where(SampleRow.camera_id.in_(camera_ids), SampleRow.picture_at >= start, SampleRow.picture_at < end)
            .order_by(SampleRow.picture_at, SampleRow.camera_id)
            .options(defer(SampleRow.boxes))
        )
    )


def room_counts(samples: Sequence[SampleRow], slot_us: int) -> tuple[RoomCount, ...]:
    """The counts of a room from its cameras' samples. Of several detectors, the one of the newest sample is used."""
    newest = max(samples, key=lambda each: each.created_at, default=None)
    seen = [
        Seen(each.camera_id, to_us(each.picture_at), each.count, each.low, each.high, each.valid, each.model_digest)
        for each in samples
    ]
    return fuse(seen, slot_us, newest.model_digest if newest else None)


def shown_by(db: DbSession, room_id: str, until: datetime) -> Mapping[int, int]:
    """How many of the room's valid samples had each count, in the week up to a moment."""
    cameras = select(CameraRow.id).where(CameraRow.room_id == room_id)
    query = (
        select(SampleRow.count, func.count())
        .where(
            SampleRow.camera_id.in_(cameras),
            SampleRow.picture_at >= until - SHOWN_OVER,
            SampleRow.picture_at <= until,
            SampleRow.valid,
        )
        .group_by(SampleRow.count)
    )
    return {count: times for count, times in db.execute(query) if count is not None}


def expected_of(db: DbSession, session: ClassSessionRow) -> tuple[Person, ...]:
    """The people on the roster on the day of the session (Beijing time), and which of them were on leave."""
    day = day_of(session.starts_at).isoformat()
    on_leave = set(db.scalars(select(LeaveRow.trainee_id).where(LeaveRow.class_session_id == session.id)))
    still_there: ColumnElement[bool] = or_(EnrolmentRow.left_on.is_(None), EnrolmentRow.left_on >= day)
    enrolled = db.scalars(
        select(EnrolmentRow.trainee_id).where(
            EnrolmentRow.class_id == session.class_id, EnrolmentRow.joined_on <= day, still_there
        )
    )
    return tuple(Person(trainee_id, trainee_id in on_leave) for trainee_id in sorted(enrolled))


def signs_of(db: DbSession, session_id: str) -> tuple[Sign, ...]:
    """The sign events in force, in order of time: without those that a later event corrects."""
    rows = list(db.scalars(select(SignEventRow).where(SignEventRow.class_session_id == session_id)))
    corrected = {row.corrects_id for row in rows}
    standing = [row for row in rows if row.id not in corrected]
    return tuple(sorted(Sign(to_us(row.at), row.trainee_id, "in" if row.kind == "in" else "out") for row in standing))


def _films(db: DbSession, sources: GatheringSources, room: RoomRow, request: CoverageRequest) -> list[Filmed]:
    """What each camera of a room recorded of the session, by camera id."""
    cameras = list(db.scalars(select(CameraRow).where(CameraRow.room_id == room.id).order_by(CameraRow.id)))
    plan = planned_windows(db, sources.default)
    reader = CoverageReader(sources.footage, plan, lambda key: sources.cause(key[0]), recorded_again(db))
    films = (_film(each, request) for each in reader.read(replace(request, cameras=cameras)))
    return [film for film in films if film is not None]


def _film(answer: StreamCoverage[Piece], request: CoverageRequest) -> Filmed | None:
    """What a camera recorded of the session, including footage that a rule has deleted since.

    None for a camera that recorded nothing and is disabled, or became known only after the session. Otherwise every
    gap since the camera became known is a gap of the session, also one in which the camera was switched off.
    """
    covered = answer.coverage
    if not answer.recorded and (not answer.camera.enabled or covered.known_us >= request.end_us):
        return None
    since_us = min([max(request.start_us, covered.known_us), *(span.start_us for span in covered.spans)])
    gaps = (FootageSpan(max(since_us, gap.start_us), gap.end_us, gap.reason) for gap in covered.gaps)
    return Filmed(
        CameraCoverage(
            answer.camera.id,
            tuple(FootageSpan(span.start_us, span.end_us) for span in covered.spans),
            tuple(gap for gap in gaps if gap.end_us > gap.start_us),
            since_us,
        ),
        tuple(piece for piece in answer.recorded if not piece.deleted),
    )


def _settled(
    db: DbSession,
    session: ClassSessionRow,
    films: Sequence[Filmed],
    samples: Sequence[SampleRow],
    now_us: int,
    sample_every_us: int,
) -> bool:
    """Whether the whole session is recorded, indexed and counted, or nothing has come in for QUIET_US."""
    ids = [piece.segment_id for film in films for piece in film.pieces]
    rows = db.execute(select(SegmentRow.id, SegmentRow.created_at).where(SegmentRow.id.in_(ids)))
    indexed = {segment_id: to_us(created_at) for segment_id, created_at in rows}
    last_us = max([to_us(session.ends_at), to_us(session.created_at), *indexed.values()])
    if now_us - last_us >= QUIET_US:
        return True
    step_us = max(_STEP_US, sample_every_us)
    for film in films:
        whole = film.coverage.spans and film.coverage.spans[-1].end_us >= to_us(session.ends_at) - step_us
        known = all(not piece.is_open and piece.segment_id in indexed for piece in film.pieces)
        if not (whole and known and _counted(db, film, samples, step_us)):
            return False
    return True


def _counted(db: DbSession, film: Filmed, samples: Sequence[SampleRow], step_us: int) -> bool:
    """Whether every whole step of footage (one minute or more) has a sample or a recorded skip."""
    camera_id, spans = film.coverage.camera_id, film.coverage.spans
    first, last = from_us(spans[0].start_us), from_us(spans[-1].end_us)
    skips = db.execute(
        select(CountSkipRow.from_at, CountSkipRow.to_at).where(
            CountSkipRow.camera_id == camera_id, CountSkipRow.to_at > first, CountSkipRow.from_at < last
        )
    )
    skipped = [(to_us(begin), to_us(until)) for begin, until in skips]
    looked = {to_us(each.picture_at) // step_us for each in samples if each.camera_id == camera_id}
    wanted = (
        step
        for span in spans
        for step in range(-(-span.start_us // step_us), span.end_us // step_us)
        if not any(begin < (step + 1) * step_us and until > step * step_us for begin, until in skipped)
    )
    return all(step in looked for step in wanted)


def _rejected(db: DbSession, session_id: str) -> tuple[Rejected, ...]:
    rows = db.scalars(select(FlagRow).where(FlagRow.class_session_id == session_id, FlagRow.state == "rejected"))
    return tuple(sorted(Rejected(row.code, to_us(row.window_from), to_us(row.window_to)) for row in rows))


def _break(pair: Sequence[str]) -> tuple[int, int]:
    start, end = (to_us(datetime.fromisoformat(text)) for text in pair)
    return start, end


def _localities(db: DbSession, room: RoomRow | None) -> list[str]:
    """Names of the regions that the room lies in, the smallest first."""
    if room is None:
        return []
    region = db.get_one(RegionRow, db.get_one(InstitutionRow, room.institution_id).region_id)
    names = [region.name]
    while region.parent_id is not None:
        region = db.get_one(RegionRow, region.parent_id)
        names.append(region.name)
    return names
