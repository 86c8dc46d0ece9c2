"""Everything about one class session on one page: plan, room, footage, counts, sign-ins, flags, record.

Shown as it is stored now; the record and the flags are those of the last judgement, some seconds old while the class
runs. Editing a class session is class_sessions.py's. Design: docs/design/judgement.md.
"""

from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth.guard import CurrentViewer
from shike.api.auth.scopes import find, load, visible
from shike.api.auth.viewer import Viewer
from shike.api.classes.session_shapes import (
    AttendeeOut,
    JudgedRoomOut,
    JudgedSignOut,
    NotRecordedOut,
    OfClassOut,
    PlanOut,
    RecordedOut,
    RecordOut,
    ReviewOut,
    SessionCameraOut,
    SessionDetail,
)
from shike.api.current import CurrentAcceptances, CurrentClock, CurrentFootage, Db, SampleEvery, current_of
from shike.api.flags.shapes import SignedOut, WindowOut, count_outs, flag_outs
from shike.api.playback.held import held_outs
from shike.api.settings import Settings
from shike.api.wire import PROBLEM
from shike.attendance.footage.coverage import by_schedule, coverage
from shike.attendance.footage.index import Footage
from shike.attendance.judgement.acceptance import Acceptance, assess
from shike.attendance.judgement.gathering import expected_of, room_counts, samples_of, signs_of
from shike.attendance.judgement.inputs import Sign
from shike.attendance.judgement.presence import SignedIn, stays
from shike.attendance.judgement.versions import newest_record
from shike.attendance.recording.plan import room_windows
from shike.attendance.tables.judgement import AttendanceRecordRow, FlagRow
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RoomRow
from shike.attendance.tables.training import (
    ClassSessionRow,
    SignEventRow,
    TraineeRow,
    TrainingClassRow,
)
from shike.capture.moment import from_us, rfc3339_us, to_us
from shike.capture.recorder import health

router = APIRouter(tags=["class sessions"], responses=PROBLEM)

MARGIN = timedelta(minutes=15)


@router.get("/api/class-sessions/{class_session_id}/detail")
def read_session_detail(
    class_session_id: str,
    db: Db,
    viewer: CurrentViewer,
    clock: CurrentClock,
    footage: CurrentFootage,
    acceptances: CurrentAcceptances,
    every_us: SampleEvery,
    request: Request,
) -> SessionDetail:
    """Everything about a class session."""
    session = load(db, viewer, ClassSessionRow, class_session_id)
    start, end, now_us = session.starts_at - MARGIN, session.ends_at + MARGIN, clock.now()
    room = find(db, viewer, RoomRow, session.room_id) if session.room_id else None
    cameras = _cameras(db, viewer, room, start, end, now_us, footage, current_of(request).settings)
    acceptance = acceptances.of(db, room.id) if room else assess([])
    counts = room_counts(samples_of(db, [camera.id for camera in cameras], start, end), every_us)
    signs, expected = signs_of(db, session.id), expected_of(db, session)
    newest = newest_record(db, session.id)
    flags = db.scalars(
        visible(viewer, FlagRow)
        .where(FlagRow.class_session_id == session.id, FlagRow.state != "withdrawn")
        .order_by(FlagRow.window_from, FlagRow.code)
    )
    return SessionDetail(
        start=start,
        end=end,
        session=_plan(session),
        of_class=_of_class(db, session),
        room=_room(room, acceptance, cameras) if room else None,
        cameras=cameras,
        counts=count_outs(acceptance.narrow(counts)),
        covered_share=newest.body["room"]["covered_share"] if newest else None,
        expected=sum(not person.on_leave for person in expected),
        enrolled=len(expected),
        signed=_signed(signs, start, min(end, max(start, from_us(now_us)))),
        flags=flag_outs(db, list(flags)),
        record=_record(db, newest) if newest else None,
        sign_events=_sign_events(db, session.id),
    )


def _plan(session: ClassSessionRow) -> PlanOut:
    return PlanOut(
        id=session.id,
        sequence=session.sequence,
        teacher=session.teacher,
        kind=session.kind,
        state=session.state,
        start=session.starts_at,
        end=session.ends_at,
        breaks=[
            WindowOut(start=datetime.fromisoformat(begin), end=datetime.fromisoformat(until))
            for begin, until in session.breaks
        ],
    )


def _of_class(db: DbSession, session: ClassSessionRow) -> OfClassOut:
    training_class = db.get_one(TrainingClassRow, session.class_id)
    return OfClassOut(
        id=training_class.id,
        number=training_class.number,
        name=training_class.name,
        occupation=training_class.occupation,
        level=training_class.level,
        institution_id=training_class.institution_id,
        institution_name=db.get_one(InstitutionRow, training_class.institution_id).name,
    )


def _room(room: RoomRow, acceptance: Acceptance, cameras: list[SessionCameraOut]) -> JudgedRoomOut:
    return JudgedRoomOut(
        id=room.id,
        name=room.name,
        no_camera_reason=room.no_camera_reason,
        accepted=acceptance.accepted,
        acceptance_mae=acceptance.mae,
        larger_of_views=len(cameras) > 1,
    )


def _cameras(
    db: DbSession,
    viewer: Viewer,
    room: RoomRow | None,
    start: datetime,
    end: datetime,
    now_us: int,
    footage: Footage,
    settings: Settings,
) -> list[SessionCameraOut]:
    if room is None:
        return []
    said = health.read(settings.state_dir)
    due = room_windows(db, room.id, settings.recording_policy, to_us(start), to_us(end))
    outs = []
    for camera in db.scalars(
        visible(viewer, CameraRow).where(CameraRow.room_id == room.id).order_by(CameraRow.name, CameraRow.id)
    ):
        stream = said.get((camera.id, "main"))
        recorded = coverage(
            footage.history(camera.id, "main", to_us(start), to_us(end)),
            to_us(start),
            to_us(end),
            max(to_us(start), now_us),
            footage.last_end_reason(camera.id, "main", to_us(start)),
            stream.cause if stream else None,
        )
        covered = by_schedule(recorded, due)
        if not covered.spans and not camera.enabled:
            continue
        outs.append(
            SessionCameraOut(
                id=camera.id,
                name=camera.name,
                view=camera.view,
                has_sub=camera.sub_path is not None,
                simulated=camera.simulated,
                spans=[
                    RecordedOut(
                        start=from_us(each.start_us),
                        end=from_us(each.end_us),
                        run_id=each.run_id,
                        origin=each.origin,
                        open=each.is_open,
                        simulated=each.simulated,
                    )
                    for each in covered.spans
                ],
                gaps=[
                    NotRecordedOut(start=from_us(each.start_us), end=from_us(each.end_us), reason=each.reason)
                    for each in covered.gaps
                ],
                holds=held_outs(db, viewer, camera, settings, to_us(start), to_us(end)),
            )
        )
    return outs


def _signed(signs: tuple[Sign, ...], start: datetime, end: datetime) -> list[SignedOut]:
    steps = SignedIn(stays(signs)).steps(to_us(start), to_us(end))
    return [SignedOut(at=from_us(at), n=n) for at, n in steps]


def _record(db: DbSession, record: AttendanceRecordRow) -> RecordOut:
    body, room = record.body, record.body["room"]
    ids = [person["trainee_id"] for person in body["people"]]
    names = {row.id: row for row in db.scalars(select(TraineeRow).where(TraineeRow.id.in_(ids)))}
    people = [
        AttendeeOut(
            trainee_id=each["trainee_id"],
            name=names[each["trainee_id"]].name,
            id_number_masked=names[each["trainee_id"]].id_number_masked,
            status=each["status"],
            marks=each["marks"],
            first_in_at=rfc3339_us(each["first_in_us"]),
            last_out_at=rfc3339_us(each["last_out_us"]),
            credited_minutes=each["credited_minutes"],
            lesson_hours=each["lesson_hours"],
            review=each["review"],
        )
        for each in body["people"]
        if each["trainee_id"] in names
    ]
    return RecordOut(
        version=record.version,
        final=record.final,
        made_at=record.created_at,
        settings_version=record.settings_version,
        inputs_digest=record.inputs_digest,
        planned_minutes=body["planned_minutes"],
        planned_lesson_hours=body["planned_lesson_hours"],
        valid_share=room["valid_share"],
        covered_share=room["covered_share"],
        median=room["median"],
        median_low=room["median_low"],
        median_high=room["median_high"],
        review=[
            ReviewOut(code=each["code"], start=from_us(each["start_us"]), end=from_us(each["end_us"]))
            for each in body["review"]
        ],
        people=sorted(people, key=lambda person: (person.name, person.trainee_id)),
    )


def _sign_events(db: DbSession, session_id: str) -> list[JudgedSignOut]:
    rows = list(
        db.execute(
            select(SignEventRow, TraineeRow.name)
            .join(TraineeRow, TraineeRow.id == SignEventRow.trainee_id)
            .where(SignEventRow.class_session_id == session_id)
            .order_by(SignEventRow.at, SignEventRow.id)
        )
    )
    corrected = {event.corrects_id for event, _ in rows}
    return [
        JudgedSignOut(
            id=event.id,
            trainee_id=event.trainee_id,
            trainee_name=name,
            kind=event.kind,
            at=event.at,
            received_at=event.received_at,
            method=event.method,
            device=event.device,
            place=event.place,
            operator=event.operator,
            reason=event.reason,
            stands=event.id not in corrected,
        )
        for event, name in rows
    ]
