"""Routes of retention rules: the rules and their history, what the next clean-up will delete, clean-ups that wait.

A rule is never edited; each change is a new row with who, when and why. Not here: how rules are applied
(attendance/retention), what was deleted (deletions.py). Design: docs/design/retention.md.
"""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter
from sqlalchemy import or_, select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.scopes import find, load, named, visible
from shike.api.auth.viewer import Viewer
from shike.api.current import CurrentClock, CurrentSettings, Db
from shike.api.errors import Conflict, Forbidden
from shike.api.moment import now
from shike.api.processes.space import space_of
from shike.api.retention.shapes import (
    BrakeOut,
    CameraKeepingOut,
    ConfirmIn,
    ImportanceIn,
    RetentionOut,
    RuleIn,
    RuleOut,
    SpaceOut,
    StreamKeepingOut,
    rule_out,
    stock_out,
)
from shike.api.wire import PROBLEM, Id, Items
from shike.attendance.retention.cleaning import EVERY_S
from shike.attendance.retention.holds import flagged_sessions, held_of, stretches_of
from shike.attendance.retention.keeping import added_up, limits_of, survey
from shike.attendance.retention.rules import FOR_EVER_US, Amount, Defaults, free_stretches
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RoomRow
from shike.attendance.tables.retention import BrakeRow, RetentionRuleRow
from shike.capture.archive.segment import STREAMS, StreamKey, StreamName
from shike.capture.moment import from_us
from shike.capture.recorder.desired import Desired

router = APIRouter(tags=["retention"], responses=PROBLEM)


@router.get("/api/retention")
def read_retention(db: Db, viewer: CurrentViewer, settings: CurrentSettings, clock: CurrentClock) -> RetentionOut:
    """Rules, stored footage and what the next clean-up will delete, of cameras in scope. Reading deletes nothing."""
    defaults, now_us = settings.retention, clock.now()
    query = (
        visible(viewer, CameraRow)
        .join(RoomRow, RoomRow.id == CameraRow.room_id)
        .join(InstitutionRow, InstitutionRow.id == RoomRow.institution_id)
        .add_columns(RoomRow.name, InstitutionRow.name)
        .order_by(RoomRow.name, CameraRow.name, CameraRow.id)
    )
    rows = [(row[0], str(row[1]), str(row[2])) for row in db.execute(query)]
    resting = {each.camera_id for each in Desired.load(settings.state_dir).streams if each.rest == "storage_full"}
    rules = _rules_in_force(db, [camera.id for camera, *_ in rows], now_us)
    space = space_of(settings) if viewer.sees_everything else None
    return RetentionOut(
        space=None
        if space is None
        else SpaceOut(total=space.total, free=space.free, floor=space.floor, low=space.is_low),
        every_s=round(EVERY_S),
        hold_flagged=defaults.flags,
        flagged_sessions=flagged_sessions(db, visible(viewer, RoomRow).with_only_columns(RoomRow.id), defaults.flags),
        defaults=[rule_out(rules.get((None, stream)), stream, defaults) for stream in STREAMS],
        cameras=[
            CameraKeepingOut(
                camera_id=camera.id,
                camera_name=camera.name,
                room_id=camera.room_id,
                room_name=room_name,
                institution_name=institution_name,
                enabled=camera.enabled,
                importance=camera.importance,
                resting=camera.id in resting,
                main=_stream_out(db, camera, "main", rules, defaults, now_us),
                sub=_stream_out(db, camera, "sub", rules, defaults, now_us),
            )
            for camera, room_name, institution_name in rows
        ],
        brakes=brake_outs(db, viewer),
    )


@router.get("/api/retention/rules")
def list_retention_rules(
    db: Db, viewer: CurrentViewer, camera_id: Id | None = None, stream: StreamName | None = None
) -> Items[RuleOut]:
    """All rules that a camera has had, newest first; without a camera, all default rules."""
    query = visible(viewer, RetentionRuleRow).where(RetentionRuleRow.camera_id == camera_id)
    if stream is not None:
        query = query.where(RetentionRuleRow.stream == stream)
    rows = db.scalars(query.order_by(RetentionRuleRow.valid_from.desc(), RetentionRuleRow.id.desc()).limit(500))
    return Items(items=[RuleOut.model_validate(row, from_attributes=True) for row in rows])


@router.post("/api/retention/rules", status_code=201)
def set_retention_rule(
    body: RuleIn, db: Db, caller: CurrentCaller, settings: CurrentSettings, clock: CurrentClock
) -> RuleOut:
    """Set how long footage is kept, in force at once. Only viewers who see everything may set the default."""
    viewer = caller.viewer
    if body.camera_id is None and not viewer.sees_everything:
        raise Forbidden("the default is for administrators of the whole installation", code="default_not_yours")
    camera = None if body.camera_id is None else named(db, viewer, CameraRow, body.camera_id, "camera_id")
    values = body.model_dump() | ({"days": None, "max_bytes": None} if body.follows_default else {})
    moment = now(clock)
    row = RetentionRuleRow(**values, valid_from=moment, set_at=moment)
    row.set_by, row.set_by_name = viewer.account_id, viewer.name
    db.add(row)
    db.flush()
    place = audit.NOWHERE if camera is None else audit.place_of(db, camera)
    detail = {field: values[field] for field in ("stream", "days", "max_bytes", "follows_default", "reason")}
    audit.write(db, clock, caller, "retention_changed", place, rule_id=row.id, **detail)
    return RuleOut.model_validate(row, from_attributes=True)


@router.put("/api/cameras/{camera_id}/importance", status_code=204)
def set_importance(camera_id: str, body: ImportanceIn, db: Db, caller: CurrentCaller, clock: CurrentClock) -> None:
    """Set the importance of a camera: where space is short, the least important cameras stop recording first."""
    camera = load(db, caller.viewer, CameraRow, camera_id)
    if camera.importance != body.importance:
        detail = {"before": camera.importance, "importance": body.importance}
        camera.importance, camera.updated_at = body.importance, now(clock)
        audit.write(db, clock, caller, "retention_changed", audit.place_of(db, camera), **detail)


@router.post("/api/retention/brakes/{brake_id}/confirm")
def confirm_clean_up(brake_id: str, body: ConfirmIn, db: Db, caller: CurrentCaller, clock: CurrentClock) -> BrakeOut:
    """Confirm a clean-up that would delete more than half. 409 if it does not wait any more."""
    viewer = caller.viewer
    brake = load(db, viewer, BrakeRow, brake_id)
    if brake.state != "waiting":
        raise Conflict("this clean-up does not wait any more", code="not_waiting", hint="load the page again")
    brake.state, brake.reason, brake.until = "confirmed", body.reason, min(brake.until, body.until)
    brake.confirmed_by, brake.confirmed_by_name, brake.confirmed_at = viewer.account_id, viewer.name, now(clock)
    db.flush()
    camera = None if brake.camera_id is None else find(db, viewer, CameraRow, brake.camera_id)
    place = audit.NOWHERE if camera is None else audit.place_of(db, camera)
    detail = {"stream": brake.stream, "rule": brake.rule, "segments": brake.due_segments, "bytes": brake.due_bytes}
    audit.write(db, clock, caller, "cleanup_confirmed", place, reason=body.reason, **detail)
    return next(each for each in brake_outs(db, viewer) if each.id == brake.id)


def brake_outs(db: DbSession, viewer: Viewer) -> list[BrakeOut]:
    """Clean-ups in scope that wait or were confirmed, those of all cameras first."""
    query = (
        visible(viewer, BrakeRow)
        .outerjoin(CameraRow, CameraRow.id == BrakeRow.camera_id)
        .outerjoin(RoomRow, RoomRow.id == CameraRow.room_id)
        .add_columns(CameraRow.name, RoomRow.name)
        .where(BrakeRow.state.in_(("waiting", "confirmed")))
        .order_by(BrakeRow.camera_id.is_not(None), BrakeRow.raised_at, BrakeRow.id)
    )
    fields = set(BrakeOut.model_fields) - {"camera_name", "room_name"}
    return [
        BrakeOut(**{field: getattr(row, field) for field in fields}, camera_name=camera_name, room_name=room_name)
        for row, camera_name, room_name in db.execute(query)
    ]


_Rules = Mapping[tuple[str | None, str], RetentionRuleRow]


def _rules_in_force(db: DbSession, camera_ids: Sequence[str], now_us: int) -> _Rules:
    query = (
        select(RetentionRuleRow)
        .where(or_(RetentionRuleRow.camera_id.in_(camera_ids), RetentionRuleRow.camera_id.is_(None)))
        .where(RetentionRuleRow.valid_from <= from_us(now_us))
        .order_by(RetentionRuleRow.valid_from, RetentionRuleRow.id)
    )
    return {(row.camera_id, row.stream): row for row in db.scalars(query)}


def _stream_out(
    db: DbSession, camera: CameraRow, stream: StreamName, rules: _Rules, defaults: Defaults, now_us: int
) -> StreamKeepingOut:
    key: StreamKey = (camera.id, stream)
    own = rules.get(key)
    is_own = own is not None and not own.follows_default
    limits = limits_of(db, [camera.id], defaults, now_us)[key]
    seen = survey(db, camera, stream, limits, defaults, now_us)
    held = stretches_of(held_of(db, camera, defaults.flags))
    free = added_up(db, key, free_stretches(held, FOR_EVER_US)).amount if held else seen.stock.amount
    kept = Amount(seen.stock.amount.segments - free.segments, seen.stock.amount.bytes - free.bytes)
    return StreamKeepingOut(
        rule=rule_out(own if is_own else rules.get((None, stream)), stream, defaults),
        own=is_own,
        stock=stock_out(seen.stock),
        due_age=stock_out(seen.due_age),
        due_bytes=stock_out(seen.due_bytes),
        held_segments=kept.segments,
        held_bytes=kept.bytes,
    )
