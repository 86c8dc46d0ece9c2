"""Which footage of a camera is held: ranges that people placed, and class sessions with a flag that counts.

The second kind is computed on demand and not stored. Not here: what a hold prevents (rules.py, deleting.py), the
routes (api/retention/holds.py). Design: docs/design/retention.md, "Holds".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.retention.rules import FOR_EVER_US, FlagHolds
from shike.attendance.tables.judgement import FlagRow
from shike.attendance.tables.registry import CameraRow
from shike.attendance.tables.retention import HoldRow
from shike.attendance.tables.training import ClassSessionRow
from shike.capture.moment import from_us, to_us
from shike.capture.spans import Span, merged

MARGIN = timedelta(minutes=15)
"""Held before and after the planned time: who came early and who stayed late is part of the case."""
_STATES = {"no": (), "open": ("open",), "confirmed": ("open", "confirmed")}


@dataclass(frozen=True, slots=True)
class Held:
    """One reason to keep a range of a camera. Times in µs UTC. `id`: of the hold, the class session or the flag."""

    start_us: int
    end_us: int
    kind: Literal["hold", "flag"]
    id: str
    reason: str


def held_of(
    db: DbSession, camera: CameraRow, flags: FlagHolds, start_us: int = 0, end_us: int = FOR_EVER_US
) -> tuple[Held, ...]:
    """Everything that holds footage of a camera within [start, end), in order of time."""
    held = [*_placed(db, camera, start_us, end_us), *_flagged(db, camera, flags, start_us, end_us)]
    return tuple(sorted(held, key=lambda each: (each.start_us, each.end_us, each.id)))


def stretches_of(held: Sequence[Held]) -> tuple[Span, ...]:
    """The held time, merged: in order and without overlap."""
    return merged((each.start_us, each.end_us) for each in held)


def flagged_sessions(db: DbSession, rooms: Select[tuple[str]], flags: FlagHolds) -> int:
    """How many class sessions in these rooms are held because of a flag."""
    query = select(func.count(FlagRow.class_session_id.distinct())).where(
        FlagRow.room_id.in_(rooms), FlagRow.state.in_(_STATES[flags]), FlagRow.severity.in_(("red", "yellow"))
    )
    return db.scalar(query) or 0


def _placed(db: DbSession, camera: CameraRow, start_us: int, end_us: int) -> Iterator[Held]:
    # Few holds are in force at a time. Their lists of ids are compared in Python: databases differ in JSON functions.
    query = select(HoldRow).where(
        HoldRow.released_at.is_(None), HoldRow.from_at < from_us(end_us), HoldRow.to_at > from_us(start_us)
    )
    for row in db.scalars(query):
        of_room = row.camera_id is None and row.room_id == camera.room_id
        if of_room or camera.id in row.camera_ids:
            yield Held(to_us(row.from_at), to_us(row.to_at), "hold", row.id, row.reason)


def _flagged(db: DbSession, camera: CameraRow, flags: FlagHolds, start_us: int, end_us: int) -> Iterator[Held]:
    """One entry per class session with a flag that counts; a flag without a session holds its own window."""
    if flags == "no":
        return
    about = or_(FlagRow.room_id == camera.room_id, FlagRow.camera_id == camera.id)
    wanted = (about, FlagRow.state.in_(_STATES[flags]), FlagRow.severity.in_(("red", "yellow")))
    sessions = (
        select(ClassSessionRow.id, ClassSessionRow.starts_at, ClassSessionRow.ends_at, FlagRow.code)
        .join(FlagRow, FlagRow.class_session_id == ClassSessionRow.id)
        .where(
            *wanted,
            ClassSessionRow.starts_at < from_us(end_us) + MARGIN,
            ClassSessionRow.ends_at > from_us(start_us) - MARGIN,
        )
        .order_by(FlagRow.code)
    )
    alone = (
        select(FlagRow.id, FlagRow.window_from, FlagRow.window_to, FlagRow.code)
        .where(*wanted, FlagRow.class_session_id.is_(None))
        .where(FlagRow.window_from < from_us(end_us) + MARGIN, FlagRow.window_to > from_us(start_us) - MARGIN)
    )
    cases: dict[str, tuple[Span, list[str]]] = {}
    for query in (sessions, alone):
        for row_id, begin, end, code in db.execute(query):
            window = (to_us(begin - MARGIN), to_us(end + MARGIN))
            cases.setdefault(row_id, (window, []))[1].append(code)
    for row_id, (window, codes) in cases.items():
        yield Held(*window, "flag", row_id, ", ".join(dict.fromkeys(codes)))
