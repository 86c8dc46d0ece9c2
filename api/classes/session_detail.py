"""The page of one class session: plan, room, footage, head counts, sign-ins, flags and attendance record.

All data are those stored now. Record and flags are of the last judgement, which is some seconds old while the session
runs. Not here: changing a class session (class_sessions.py). Design: docs/design/judgement.md.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth.guard import CurrentViewer
from shike.api.auth.scopes import find, load, visible
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
from shike.api.current import CurrentAcceptances, CurrentClock, CurrentSettings, Db, SampleEvery
from shike.api.flags.shapes import SignedOut, WindowOut, count_outs, flag_outs
from shike.api.playback.coverage import CurrentCoverage
from shike.api.playback.held import HeldOut, held_outs
from shike.api.wire import PROBLEM
from shike.attendance.footage.coverage import Coverage
from shike.attendance.judgement.acceptance import Acceptance, assess
from shike.attendance.judgement.gathering import expected_of, room_counts, samples_of, signs_of
from shike.attendance.judgement.inputs import Sign
from shike.attendance.judgement.presence import SignedIn, stays
from shike.attendance.judgement.versions import newest_record
from shike.attendance.recording.coverage_reader import CoverageRequest
from shike.attendance.tables.judgement import AttendanceRecordRow, FlagRow
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RoomRow
from shike.attendance.tables.training import (
    ClassSessionRow,
    SignEventRow,
    TraineeRow,
    TrainingClassRow,
)
from shike.capture.moment import from_us, rfc3339_us, to_us

router = APIRouter(tags=["class sessions"], responses=PROBLEM)

MARGIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class DetailSources:
    """What the page of a class session is read from, within one request."""

    db: Db
    viewer: CurrentViewer
    clock: CurrentClock
    reader: CurrentCoverage
    acceptances: CurrentAcceptances
    every_us: SampleEvery
    settings: CurrentSettings


@router.get("/api/class-sessions/{class_session_id}/detail")
def read_session_detail(class_session_id: str, sources: Annotated[DetailSources, Depends()]) -> SessionDetail:
    """Everything about a class session."""
    db, viewer = sources.db, sources.viewer
    session = load(db, viewer, ClassSessionRow, class_session_id)
    start, end, now_us = session.starts_at - MARGIN, session.ends_at + MARGIN, sources.clock.now()
    room = find(db, viewer, RoomRow, session.room_id) if session.room_id else None
    cameras = _cameras(sources, room, start, end, now_us) if room else []
    acceptance = sources.acceptances.of(db, room.id) if room else assess([])
    counts = room_counts(samples_of(db, [camera.id for camera in cameras], start, end), sources.every_us)
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
    sources: DetailSources, room: RoomRow, start: datetime, end: datetime, now_us: int
) -> list[SessionCameraOut]:
    """The cameras of the room and what they recorded; without those that are disabled and recorded nothing."""
    db, viewer, start_us, end_us = sources.db, sources.viewer, to_us(start), to_us(end)
    query = visible(viewer, CameraRow).where(CameraRow.room_id == room.id).order_by(CameraRow.name, CameraRow.id)
    answers = sources.reader.read(CoverageRequest(list(db.scalars(query)), start_us, end_us, now_us, "main"))
    return [
        _camera(each.camera, each.coverage, held_outs(db, viewer, each.camera, sources.settings, start_us, end_us))
        for each in answers
        if each.coverage.spans or each.camera.enabled
    ]


def _camera(camera: CameraRow, covered: Coverage, holds: list[HeldOut]) -> SessionCameraOut:
    return SessionCameraOut(
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
        holds=holds,
    )


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
