"""When rooms are recorded, read from the database: policies with their history, and the class sessions of the rooms.

Not here: what follows from a policy (policy.py), who may change one (shike.api). Design: docs/design/keep.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.recording.policy import Mode, PlannedSession, Policy, windows
from shike.attendance.tables.recording import RecordingPolicyRow
from shike.attendance.tables.training import ClassSessionRow
from shike.capture.moment import from_us, to_us
from shike.capture.schedule import G711, Window

LONGEST_MARGIN_MIN = 120
_MARGIN = timedelta(minutes=LONGEST_MARGIN_MIN)

PlannedWindows = Callable[[Iterable[str], int, int], Mapping[str, Sequence[Window] | None]]
"""When rooms (by id) are to be recorded within [from, to) in µs UTC; None for a room that is always recorded."""


def policy_of(row: RecordingPolicyRow) -> Policy:
    """A stored policy as a value."""
    return Policy(
        mode=cast(Mode, row.mode),
        margin_before_min=row.margin_before_min,
        margin_after_min=row.margin_after_min,
        audio=row.audio,
        g711=cast(G711, row.g711),
        valid_from_us=to_us(row.valid_from),
    )


def policies_of(db: DbSession, room_ids: Iterable[str], default: Policy) -> Mapping[str, tuple[Policy, ...]]:
    """Every policy that each room has had, oldest first; the default stands before the first."""
    policies: dict[str, list[Policy]] = {room_id: [default] for room_id in room_ids}
    rows = db.scalars(
        select(RecordingPolicyRow)
        .where(RecordingPolicyRow.room_id.in_(policies))
        .order_by(RecordingPolicyRow.valid_from, RecordingPolicyRow.set_at, RecordingPolicyRow.id)
    )
    for row in rows:
        policies[row.room_id].append(policy_of(row))
    return {room_id: tuple(of_room) for room_id, of_room in policies.items()}


def sessions_of(
    db: DbSession, room_ids: Iterable[str], from_us_: int, to_us_: int
) -> Mapping[str, tuple[PlannedSession, ...]]:
    """The class sessions of each room whose margins may reach into [from, to); cancelled ones are left out."""
    sessions: dict[str, list[PlannedSession]] = {room_id: [] for room_id in room_ids}
    # Columns instead of rows: housekeeping asks twice a second.
    query = (
        select(
            ClassSessionRow.room_id,
            ClassSessionRow.id,
            ClassSessionRow.starts_at,
            ClassSessionRow.ends_at,
            ClassSessionRow.created_at,
        )
        .where(
            ClassSessionRow.room_id.in_(sessions),
            ClassSessionRow.starts_at < from_us(to_us_) + _MARGIN,
            ClassSessionRow.starts_at > from_us(from_us_) - _MARGIN - timedelta(days=1),
            ClassSessionRow.ends_at > from_us(from_us_) - _MARGIN,
            ClassSessionRow.state != "cancelled",
        )
        .order_by(ClassSessionRow.starts_at, ClassSessionRow.id)
    )
    for room_id, session_id, starts_at, ends_at, created_at in db.execute(query):
        planned = PlannedSession(session_id, to_us(starts_at), to_us(ends_at), known_us=to_us(created_at))
        sessions[str(room_id)].append(planned)
    return {room_id: tuple(of_room) for room_id, of_room in sessions.items()}


def windows_of(
    db: DbSession, policies: Mapping[str, Sequence[Policy]], from_us_: int, to_us_: int
) -> Mapping[str, tuple[Window, ...] | None]:
    """When each room is to be recorded within [from, to); None for a room that is always recorded."""
    timed = {room_id for room_id, of_room in policies.items() if any(policy.mode == "timetable" for policy in of_room)}
    sessions = sessions_of(db, timed, from_us_, to_us_) if timed else {}
    by_room: dict[str, tuple[Window, ...] | None] = {}
    for room_id, of_room in policies.items():
        due = windows(of_room, sessions.get(room_id, ()), from_us_, to_us_)
        by_room[room_id] = None if due == ((from_us_, to_us_),) else due
    return by_room


def planned_windows(db: DbSession, default: Policy) -> PlannedWindows:
    """The windows of rooms as the database has them. `default`: the policy of rooms that have none."""

    def plan(room_ids: Iterable[str], start_us: int, end_us: int) -> Mapping[str, Sequence[Window] | None]:
        return windows_of(db, policies_of(db, room_ids, default), start_us, end_us)

    return plan
