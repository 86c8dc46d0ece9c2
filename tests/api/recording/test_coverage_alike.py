"""Playback, the page of a class session, the daily report and the judgement give the same gaps and reasons.

Each test asks all four about one camera and one day. The day has one class session; its page, with 15 minutes before
and after the session, shows exactly the day.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from shike.attendance.footage.index import Footage
from shike.attendance.footage.mounted import away
from shike.attendance.judgement.gathering import Acceptances, GatheringSources, gather
from shike.attendance.judgement.inputs import CameraCoverage
from shike.attendance.recording.report import NOT_MISSING
from shike.attendance.tables.footage import SegmentRow
from shike.attendance.tables.registry import CameraRow
from shike.attendance.tables.retention import DeletionRow, HoldRow
from shike.attendance.tables.training import ClassSessionRow
from shike.capture.archive.files import Archive
from shike.capture.archive.spool import Spool
from shike.capture.ids import new_id
from shike.capture.moment import from_us
from shike.capture.recorder import health
from tests.api.service import Service, World

from .watched import DAY, MIDNIGHT, Watched, hour

Gaps = list[tuple[float, float, str]]
Spans = list[tuple[float, float]]
MARGIN_H = 0.25
"""The page of a class session shows this many hours before and after it."""


@pytest.fixture
def watched(empty: Service, world: World) -> Watched:
    return Watched.of(empty, world)


def session_of_the_day(watched: Watched) -> str:
    """Add a class session from 00:15 to 23:45. It is cancelled, so that the room is not recorded for it."""
    session = ClassSessionRow(
        id=new_id(),
        class_id=watched.world.planned[0].class_id,
        room_id=watched.world.rooms[0],
        sequence=99,
        starts_at=hour(MARGIN_H),
        ends_at=hour(24 - MARGIN_H),
        state="cancelled",
        created_at=hour(-48),
    )
    watched.service.add(session)
    return session.id


def hours(moment: str) -> float:
    """A moment of an answer in hours since the start of DAY, to about half a minute."""
    return as_hours((datetime.fromisoformat(moment) - MIDNIGHT).total_seconds())


def as_hours(seconds: float) -> float:
    return round(seconds / 3600, 2)


def of_answer(answer: Any) -> tuple[Spans, Gaps]:
    """Spans and gaps of an answer. Joins spans that touch, because the number of runs is not compared."""
    spans: Spans = []
    for each in answer["spans"]:
        start, end = hours(each["from"]), hours(each["to"])
        if spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans, [(hours(each["from"]), hours(each["to"]), each["reason"]) for each in answer["gaps"]]


def of_playback(watched: Watched) -> tuple[Spans, Gaps]:
    span = {"from": hour(0).isoformat(), "to": hour(24).isoformat()}
    return of_answer(watched.get("/api/cameras/{id}/timeline", **span))


def of_session_page(watched: Watched, session_id: str) -> tuple[Spans, Gaps]:
    cameras = watched.get(f"/api/class-sessions/{session_id}/detail")["cameras"]
    return of_answer(next(each for each in cameras if each["id"] == watched.camera_id))


def of_judgement(watched: Watched, session_id: str) -> CameraCoverage | None:
    service = watched.service
    footage = Footage(
        Archive(service.settings.footage_dir), Spool(service.settings.spool_dir), service.database.reading
    )

    def cause(camera_id: str) -> str | None:
        known = health.read(service.settings.state_dir).get((camera_id, "main"))
        return known.cause if known else None

    with service.database.reading() as db:
        sources = GatheringSources(footage, Acceptances(), 10_000_000, cause, service.settings.recording_policy)
        gathered = gather(db, sources, db.get_one(ClassSessionRow, session_id), service.clock.now())
    return next((each for each in gathered.inputs.coverage if each.camera_id == watched.camera_id), None)


def in_session(spans: Spans, gaps: Iterable[tuple[float, float, str]]) -> tuple[Spans, Gaps]:
    """The part of a day that the class session covers."""
    start, end = MARGIN_H, 24 - MARGIN_H
    inside = [(max(begin, start), min(until, end)) for begin, until in spans]
    gaps_inside = [(max(begin, start), min(until, end), reason) for begin, until, reason in gaps]
    return [each for each in inside if each[0] < each[1]], [each for each in gaps_inside if each[0] < each[1]]


def assert_alike(watched: Watched, spans: Spans, gaps: Gaps, *, judged: tuple[Spans, Gaps] | None = None) -> None:
    """All four give these spans and gaps of DAY, in hours. `judged`: those of the judgement if they differ."""
    session_id = session_of_the_day(watched)
    assert of_playback(watched) == (spans, gaps)
    assert of_session_page(watched, session_id) == (spans, gaps)

    day = watched.get("/api/cameras/{id}/recording-report", day=str(DAY))
    (main,) = day["streams"]
    assert [(hours(each["from"]), hours(each["to"]), each["reason"]) for each in day["gaps"][0]["gaps"]] == [
        gap for gap in gaps if gap[2] not in NOT_MISSING
    ]
    assert as_hours(main["recorded_s"]) == pytest.approx(sum(end - start for start, end in spans), abs=0.02)
    assert {each["reason"]: as_hours(each["seconds"]) for each in main["reasons"]} == {
        reason: pytest.approx(sum(end - start for start, end, why in gaps if why == reason), abs=0.02)
        for reason in {why for _, _, why in gaps}
    }

    coverage = of_judgement(watched, session_id)
    assert coverage is not None
    shown = (
        [(us_to_hours(each.start_us), us_to_hours(each.end_us)) for each in coverage.spans],
        [(us_to_hours(each.start_us), us_to_hours(each.end_us), each.reason) for each in coverage.gaps],
    )
    # For the judgement, the time before the camera was registered is no gap.
    known = [gap for gap in gaps if gap[2] != "not_registered"]
    assert shown == in_session(*(judged or (spans, known)))


def us_to_hours(moment_us: int) -> float:
    return as_hours((from_us(moment_us) - MIDNIGHT).total_seconds())


def deleted(watched: Watched, from_h: float, to_h: float) -> None:
    """Change the database as if a rule had deleted the footage between two hours of DAY."""
    with watched.service.database.writing() as db:
        query = select(SegmentRow).where(SegmentRow.camera_id == watched.camera_id)
        inside = query.where(SegmentRow.wall_start >= hour(from_h), SegmentRow.wall_end <= hour(to_h))
        for row in list(db.scalars(inside)):
            db.add(
                DeletionRow(
                    segment_id=row.id,
                    camera_id=row.camera_id,
                    stream=row.stream,
                    run_id=row.run_id,
                    object_key=row.object_key,
                    wall_start=row.wall_start,
                    wall_end=row.wall_end,
                    size=row.size,
                    rule="age",
                    planned_at=hour(24),
                    file_deleted_at=hour(24),
                    state="done",
                )
            )
            db.delete(row)


def test_a_camera_that_was_registered_in_the_middle_of_the_day(watched: Watched) -> None:
    with watched.service.database.writing() as db:
        db.execute(update(CameraRow).where(CameraRow.id == watched.camera_id).values(created_at=hour(6)))
    watched.recorded(hour(8), 16 * 3600, None)
    watched.at(hour(30))
    assert_alike(watched, [(8, 24)], [(0, 6, "not_registered"), (6, 8, "not_recorded")])


def test_a_camera_that_was_recorded_before_it_was_entered_anew(watched: Watched) -> None:
    watched.recorded(hour(-3), 2 * 3600, "killed")
    with watched.service.database.writing() as db:
        db.execute(update(CameraRow).where(CameraRow.id == watched.camera_id).values(created_at=hour(6)))
    watched.recorded(hour(8), 16 * 3600, None)
    watched.at(hour(30))
    assert_alike(watched, [(8, 24)], [(0, 8, "killed")])


def test_a_camera_that_was_switched_off(watched: Watched) -> None:
    watched.recorded(hour(0), 10 * 3600, "stopped")
    with watched.service.database.writing() as db:
        db.execute(update(CameraRow).where(CameraRow.id == watched.camera_id).values(enabled=False))
    watched.at(hour(30))
    assert_alike(watched, [(0, 10)], [(10, 24, "switched_off")])


def test_a_camera_that_was_recorded_once_more_before_it_was_switched_off(watched: Watched) -> None:
    watched.recorded(hour(0), 10 * 3600, "stopped")
    watched.recorded(hour(30), 3600, "stopped")
    with watched.service.database.writing() as db:
        db.execute(update(CameraRow).where(CameraRow.id == watched.camera_id).values(enabled=False))
    watched.at(hour(40))
    assert_alike(watched, [(0, 10)], [(10, 24, "stopped")])


def test_a_camera_that_rests_by_the_timetable_and_is_not_recorded_in_its_second_class(watched: Watched) -> None:
    watched.by_timetable((hour(8), hour(12)), (hour(14), hour(16)))
    watched.recorded(hour(8) - timedelta(minutes=1), 4 * 3600 + 120, "off_schedule")
    watched.at(hour(30))
    gaps: Gaps = [
        (0, 7.98, "off_schedule"),
        (12.02, 13.98, "off_schedule"),
        (13.98, 16.02, "not_started"),
        (16.02, 24, "off_schedule"),
    ]
    assert_alike(watched, [(7.98, 12.02)], gaps)


def test_a_camera_with_a_timetable_that_was_never_recorded(watched: Watched) -> None:
    watched.by_timetable((hour(8), hour(12)))
    watched.at(hour(30))
    gaps: Gaps = [(0, 7.98, "off_schedule"), (7.98, 12.02, "not_started"), (12.02, 24, "off_schedule")]
    assert_alike(watched, [], gaps)


def test_a_run_that_was_killed_and_a_segment_that_was_lost(watched: Watched) -> None:
    watched.recorded(hour(0), 5 * 3600, "killed")
    watched.recorded(hour(6), 18 * 3600, None, lost=120)
    watched.at(hour(30))
    assert_alike(watched, [(0, 5), (6, 8), (8.02, 24)], [(5, 6, "killed"), (8, 8.02, "segment_lost")])


def test_footage_that_a_rule_deleted_around_a_part_that_was_held(watched: Watched) -> None:
    watched.recorded(hour(0), 12 * 3600, "connection_lost")
    watched.recorded(hour(13), 11 * 3600, None)
    deleted(watched, 0, 4)
    deleted(watched, 6, 12)
    hold = HoldRow(
        institution_id=watched.world.institutions[0],
        room_id=watched.world.rooms[0],
        camera_ids=[watched.camera_id],
        from_at=hour(4),
        to_at=hour(6),
        reason="complaint",
        placed_by=new_id(),
        placed_by_name="Supervisor",
        placed_at=hour(3),
    )
    watched.service.add(hold)
    watched.at(hour(30))
    gaps: Gaps = [(0, 4, "deleted_by_rule"), (6, 12, "deleted_by_rule"), (12, 13, "connection_lost")]
    # The judgement does not change when footage is deleted later.
    as_it_was: tuple[Spans, Gaps] = ([(0, 12), (13, 24)], [(12, 13, "connection_lost")])
    assert_alike(watched, [(4, 6), (13, 24)], gaps, judged=as_it_was)


def test_a_gap_that_goes_on_now(watched: Watched) -> None:
    watched.recorded(hour(0), 10 * 3600, "connection_lost")
    watched.at(hour(12))
    watched.says(state="backing_off", cause="unreachable")
    assert_alike(watched, [(0, 10)], [(10, 12, "unreachable")])


def test_a_camera_that_was_never_recorded_yet(watched: Watched) -> None:
    watched.at(hour(5))
    watched.says(state="refused", cause="refused_401")
    assert_alike(watched, [], [(0, 5, "refused_401")])


def test_the_time_before_the_first_record(watched: Watched) -> None:
    watched.recorded(hour(9), 15 * 3600, None)
    watched.at(hour(30))
    assert_alike(watched, [(9, 24)], [(0, 9, "not_recorded")])


def test_footage_whose_volume_is_not_mounted(watched: Watched) -> None:
    watched.recorded(hour(0), 10 * 3600, "connection_lost")
    watched.recorded(hour(11), 13 * 3600, None)
    with watched.service.database.writing() as db:
        rows = update(SegmentRow).where(SegmentRow.camera_id == watched.camera_id)
        db.execute(rows.values(link_number=1, link="sha256:" + "0" * 64))
        assert away(db, Archive(watched.service.settings.footage_dir), [watched.camera_id]) == [watched.camera_id]
    watched.at(hour(30))
    assert_alike(watched, [(0, 10), (11, 24)], [(10, 11, "connection_lost")])
