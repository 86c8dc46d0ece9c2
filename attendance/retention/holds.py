"""What of a camera's footage is held: ranges that people placed, and class sessions about which a flag is not closed.

The second kind is worked out when it is asked for and stored nowhere. Not here: what a hold prevents (retention.py).
Design: docs/design/retention.md, "Holds".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.retention.rules import FOR_EVER_US, FlagHolds, Stretch, merged
from shike.attendance.tables.judgement import Flag
from shike.attendance.tables.registry import Camera, from_us, to_us
from shike.attendance.tables.retention import Hold
from shike.attendance.tables.training import ClassSession

MARGIN = timedelta(minutes=15)
"""Held before and after the plan: who came early and who stayed is part of the case."""
_STATES = {"no": (), "open": ("open",), "confirmed": ("open", "confirmed")}


@dataclass(frozen=True, slots=True)
class Held:
    """One reason to keep a range of a camera. Times in µs UTC; `id` is the hold's, or the class session's or flag's."""

    start_us: int
    end_us: int
    kind: Literal["hold", "flag"]
    id: str
    reason: str


def held_of(
    db: DbSession, camera: Camera, flags: FlagHolds, start_us: int = 0, end_us: int = FOR_EVER_US
) -> tuple[Held, ...]:
    """Everything that holds footage of a camera within [start, end), in order of time."""
    found = [*_placed(db, camera, start_us, end_us), *_flagged(db, camera, flags, start_us, end_us)]
    return tuple(sorted(found, key=lambda each: (each.start_us, each.end_us, each.id)))


def stretches_of(held: Sequence[Held]) -> tuple[Stretch, ...]:
    """The time that is held, whatever for."""
    return merged((each.start_us, each.end_us) for each in held)


def flagged_sessions(db: DbSession, rooms: Select[tuple[str]], flags: FlagHolds) -> int:
    """How many class sessions of some rooms are held because of a flag."""
    query = select(func.count(Flag.class_session_id.distinct())).where(
        Flag.room_id.in_(rooms), Flag.state.in_(_STATES[flags]), Flag.severity.in_(("red", "yellow"))
    )
    return db.scalar(query) or 0


def _placed(db: DbSession, camera: Camera, start_us: int, end_us: int) -> Iterator[Held]:
    # Few holds are in force at a time, and a list of ids is compared here: databases differ about JSON.
    query = select(Hold).where(
        Hold.released_at.is_(None), Hold.from_at < from_us(end_us), Hold.to_at > from_us(start_us)
    )
    for row in db.scalars(query):
        of_room = row.camera_id is None and row.room_id == camera.room_id
        if of_room or camera.id in row.camera_ids:
            yield Held(to_us(row.from_at), to_us(row.to_at), "hold", row.id, row.reason)


def _flagged(db: DbSession, camera: Camera, flags: FlagHolds, start_us: int, end_us: int) -> Iterator[Held]:
    """One entry per class session with such a flag; a flag without a session holds its own window."""
    if flags == "no":
        return
    about = or_(Flag.room_id == camera.room_id, Flag.camera_id == camera.id)
    wanted = (about, Flag.state.in_(_STATES[flags]), Flag.severity.in_(("red", "yellow")))
    sessions = (
        select(ClassSession.id, ClassSession.starts_at, ClassSession.ends_at, Flag.code)
        .join(Flag, Flag.class_session_id == ClassSession.id)
        .where(
            *wanted,
            ClassSession.starts_at < from_us(end_us) + MARGIN,
            ClassSession.ends_at > from_us(start_us) - MARGIN,
        )
        .order_by(Flag.code)
    )
    alone = (
        select(Flag.id, Flag.window_from, Flag.window_to, Flag.code)
        .where(*wanted, Flag.class_session_id.is_(None))
        .where(Flag.window_from < from_us(end_us) + MARGIN, Flag.window_to > from_us(start_us) - MARGIN)
    )
    cases: dict[str, tuple[Stretch, list[str]]] = {}
    for query in (sessions, alone):
        for row_id, begin, end, code in db.execute(query):
            window = (to_us(begin - MARGIN), to_us(end + MARGIN))
            cases.setdefault(row_id, (window, []))[1].append(code)
    for row_id, (window, codes) in cases.items():
        yield Held(*window, "flag", row_id, ", ".join(dict.fromkeys(codes)))
