"""Recording policies of rooms: when and with or without sound, their history, and what they mean right now.

A policy is never edited; each change is a row of its own with who, when and why. Not here: what follows from a policy
(attendance/recording/policy.py), the disk space that it needs (needs.py). Design: docs/design/keep.md,
"When to record".
"""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.scopes import load, visible
from shike.api.current import CurrentClock, CurrentSettings, Db
from shike.api.moment import Moment, now
from shike.api.wire import PROBLEM, Body, Items, ReasonText
from shike.attendance.recording.plan import LONGEST_MARGIN_MIN, policies_of, policy_of, sessions_of
from shike.attendance.recording.policy import Mode, Policy, Why, policy_in_force, recording_due
from shike.attendance.tables.recording import RecordingPolicyRow
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RoomRow
from shike.attendance.tables.training import ClassSessionRow, TrainingClassRow
from shike.capture.moment import from_us
from shike.capture.schedule import G711

router = APIRouter(tags=["recording"], responses=PROBLEM)

AHEAD_US = 7 * 24 * 3_600_000_000
FIELDS = ("mode", "margin_before_min", "margin_after_min", "audio", "g711")


class PolicyIn(Body):
    """A policy for a room, in force at once. Connecting takes seconds, so the margin before is at least a minute."""

    mode: Mode
    margin_before_min: int = Field(ge=1, le=LONGEST_MARGIN_MIN)
    margin_after_min: int = Field(ge=0, le=LONGEST_MARGIN_MIN)
    audio: bool = False
    g711: G711 = "transcode"
    reason: ReasonText


class PolicyOut(BaseModel):
    """A policy. The default, which nobody has set, has no time, no name and no reason."""

    mode: Mode
    margin_before_min: int
    margin_after_min: int
    audio: bool
    g711: G711
    reason: str
    valid_from: Moment | None
    set_by_name: str | None


class DueOut(BaseModel):
    """Whether the room is to be recorded at this moment, until when that holds (null: no end known), and why.

    The class session is the reason; off schedule it is the one for which recording begins next.
    """

    recorded: bool
    until: Moment | None
    why: Why
    class_session_id: str | None
    class_session: str | None


class RoomRecordingOut(BaseModel):
    room_id: str
    room_name: str
    institution_id: str
    institution_name: str
    camera_count: int
    privacy_notice_posted: bool
    policy: PolicyOut
    due: DueOut


class RecordingPolicyOut(RoomRecordingOut):
    """One room with every policy that it has had, newest first."""

    history: list[PolicyOut]


@router.get("/api/recording-policies")
def list_recording_policies(
    db: Db, viewer: CurrentViewer, settings: CurrentSettings, clock: CurrentClock, institution_id: str | None = None
) -> Items[RoomRecordingOut]:
    """Rooms in scope by name, each with the policy in force and what it means now."""
    query = visible(viewer, RoomRow).order_by(RoomRow.name, RoomRow.id)
    if institution_id is not None:
        query = query.where(RoomRow.institution_id == institution_id)
    return Items(items=room_recordings(db, list(db.scalars(query)), settings.recording_policy, clock.now()))


@router.get("/api/rooms/{room_id}/recording-policy")
def get_recording_policy(
    room_id: str, db: Db, viewer: CurrentViewer, settings: CurrentSettings, clock: CurrentClock
) -> RecordingPolicyOut:
    """One room's policy with its history."""
    return _with_history(db, load(db, viewer, RoomRow, room_id), settings.recording_policy, clock.now())


@router.put("/api/rooms/{room_id}/recording-policy")
def set_recording_policy(
    room_id: str, body: PolicyIn, db: Db, caller: CurrentCaller, settings: CurrentSettings, clock: CurrentClock
) -> RecordingPolicyOut:
    """Set the policy of a room. A policy equal to the one in force is not stored again."""
    room = load(db, caller.viewer, RoomRow, room_id)
    now_us, default = clock.now(), settings.recording_policy
    before = policy_in_force(policies_of(db, [room.id], default)[room.id], now_us)
    changed = [field for field in FIELDS if getattr(before, field) != getattr(body, field)]
    if changed:
        moment = now(clock)
        values = body.model_dump()
        row = RecordingPolicyRow(**values, room_id=room.id, valid_from=moment, set_at=moment)
        row.set_by, row.set_by_name = caller.viewer.account_id, caller.viewer.name
        db.add(row)
        db.flush()
        detail = {"changed": changed, "mode": body.mode, "audio": body.audio, "reason": body.reason}
        place = audit.place_of(db, room)
        audit.write(db, clock, caller, "registry_changed", place, verb="updated", kind="recording_policy", **detail)
    return _with_history(db, room, default, max(now_us, clock.now()))


def room_recordings(db: DbSession, rooms: Sequence[RoomRow], default: Policy, now_us: int) -> list[RoomRecordingOut]:
    """Rooms (already scoped) as the API shows them. Disabled cameras do not count: they are not recorded."""
    ids = [room.id for room in rooms]
    of_institutions = {room.institution_id for room in rooms}
    names: Mapping[str, str] = {
        row[0]: row[1]
        for row in db.execute(
            select(InstitutionRow.id, InstitutionRow.name).where(InstitutionRow.id.in_(of_institutions))
        )
    }
    enabled = select(CameraRow.room_id, func.count()).where(CameraRow.room_id.in_(ids), CameraRow.enabled)
    counts: Mapping[str, int] = {row[0]: row[1] for row in db.execute(enabled.group_by(CameraRow.room_id))}
    rows = _rows_in_force(db, ids, now_us)
    policies = {room_id: policy_in_force(each, now_us) for room_id, each in policies_of(db, ids, default).items()}
    sessions = sessions_of(db, ids, now_us, now_us + AHEAD_US)
    dues = {room_id: recording_due(policies[room_id], sessions[room_id], now_us) for room_id in ids}
    titles = session_titles(db, [each.session_id for each in dues.values() if each.session_id])
    return [
        RoomRecordingOut(
            room_id=room.id,
            room_name=room.name,
            institution_id=room.institution_id,
            institution_name=names[room.institution_id],
            camera_count=counts.get(room.id, 0),
            privacy_notice_posted=room.privacy_notice_posted,
            policy=_policy_out(policies[room.id], rows.get(room.id)),
            due=DueOut(
                recorded=dues[room.id].recorded,
                until=None if dues[room.id].until_us is None else from_us(dues[room.id].until_us or 0),
                why=dues[room.id].why,
                class_session_id=dues[room.id].session_id,
                class_session=titles.get(dues[room.id].session_id or ""),
            ),
        )
        for room in rooms
    ]


def session_titles(db: DbSession, session_ids: Sequence[str]) -> Mapping[str, str]:
    """Titles of class sessions (already scoped by their rooms): number and name of the class, number of the session."""
    query = (
        select(ClassSessionRow.id, TrainingClassRow.number, TrainingClassRow.name, ClassSessionRow.sequence)
        .join(TrainingClassRow, TrainingClassRow.id == ClassSessionRow.class_id)
        .where(ClassSessionRow.id.in_(session_ids))
    )
    return {row[0]: f"{row[1]} {row[2]} · {row[3]}" for row in db.execute(query)}


def _rows_in_force(db: DbSession, room_ids: Sequence[str], now_us: int) -> Mapping[str, RecordingPolicyRow]:
    query = (
        select(RecordingPolicyRow)
        .where(RecordingPolicyRow.room_id.in_(room_ids), RecordingPolicyRow.valid_from <= from_us(now_us))
        .order_by(RecordingPolicyRow.valid_from, RecordingPolicyRow.set_at, RecordingPolicyRow.id)
    )
    return {row.room_id: row for row in db.scalars(query)}


def _policy_out(policy: Policy, row: RecordingPolicyRow | None) -> PolicyOut:
    return PolicyOut(
        **{field: getattr(policy, field) for field in FIELDS},
        reason=row.reason if row else "",
        valid_from=row.valid_from if row else None,
        set_by_name=row.set_by_name if row else None,
    )


def _with_history(db: DbSession, room: RoomRow, default: Policy, now_us: int) -> RecordingPolicyOut:
    query = (
        select(RecordingPolicyRow)
        .where(RecordingPolicyRow.room_id == room.id)
        .order_by(RecordingPolicyRow.valid_from.desc(), RecordingPolicyRow.set_at.desc(), RecordingPolicyRow.id.desc())
    )
    rows = list(db.scalars(query))
    history = [_policy_out(policy_of(row), row) for row in rows]
    history.append(_policy_out(default, None))
    (recording,) = room_recordings(db, [room], default, now_us)
    return RecordingPolicyOut(**recording.model_dump(), history=history)
