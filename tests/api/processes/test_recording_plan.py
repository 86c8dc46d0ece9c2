"""The timetable becomes windows of the desired state, days ahead, and decides the reasons of gaps."""

from datetime import datetime, timedelta

from sqlalchemy import update

from shike.api.moment import now
from shike.api.processes.keep import Housekeeper
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.recording import RecordingPolicyRow
from shike.attendance.tables.registry import CameraRow
from shike.attendance.tables.training import ClassSessionRow
from shike.capture.ids import new_id
from shike.capture.moment import to_us
from shike.capture.recorder.desired import Desired, Wanted
from tests.api.service import Service, World, new_run, new_segment

MINUTE_US = 60_000_000


def decide(service: Service, room_id: str, mode: str, since: datetime | None = None, *, audio: bool = False) -> None:
    moment = now(service.clock)
    service.add(
        RecordingPolicyRow(
            room_id=room_id,
            mode=mode,
            margin_before_min=10,
            margin_after_min=5,
            audio=audio,
            valid_from=since or moment - timedelta(days=1),
            set_by=new_id(),
            set_by_name="Somebody",
            set_at=moment,
        )
    )


def move(service: Service, world: World, starts_in: timedelta, *, room: int = 0, state: str = "planned") -> datetime:
    """Moves the planned session of a room to a time from now, three hours long; returns its start."""
    start = now(service.clock) + starts_in
    with service.database.writing() as db:
        db.execute(
            update(ClassSessionRow)
            .where(ClassSessionRow.id == world.planned[room].class_session_id)
            .values(starts_at=start, ends_at=start + timedelta(hours=3), state=state)
        )
    return start


def wanted(service: Service, camera_id: str) -> Wanted:
    Housekeeper(service.settings, service.database, service.clock).publish()
    streams = Desired.load(service.settings.state_dir).streams
    return next(each for each in streams if each.camera_id == camera_id)


def test_a_room_by_timetable_gets_windows_with_margins_and_the_others_are_recorded_always(
    empty: Service, world: World
) -> None:
    decide(empty, world.rooms[0], "timetable", audio=True)
    start = to_us(move(empty, world, timedelta(days=3)))
    move(empty, world, timedelta(days=3), room=1)
    stream = wanted(empty, world.cameras[0])
    assert stream.windows == ((start - 10 * MINUTE_US, start + 185 * MINUTE_US),)
    assert (stream.audio, stream.g711) == (True, "transcode")
    other = wanted(empty, world.cameras[1])
    assert (other.windows, other.audio) == (None, False)


def test_cancelled_sessions_give_no_window_and_moved_ones_another(empty: Service, world: World) -> None:
    decide(empty, world.rooms[0], "timetable")
    move(empty, world, timedelta(hours=1), state="cancelled")
    assert wanted(empty, world.cameras[0]).windows == ()
    start = to_us(move(empty, world, timedelta(hours=2)))
    assert wanted(empty, world.cameras[0]).windows == ((start - 10 * MINUTE_US, start + 185 * MINUTE_US),)
    move(empty, world, timedelta(days=30))
    assert wanted(empty, world.cameras[0]).windows == ()


def test_where_nobody_decided_the_default_holds_and_it_may_be_the_timetable(empty: Service, world: World) -> None:
    settings = empty.settings.model_copy(update={"recording_mode": "timetable"})
    Housekeeper(settings, empty.database, empty.clock).publish()
    assert [each.windows for each in Desired.load(settings.state_dir).streams] == [(), ()]


def test_a_decision_for_later_is_published_before_it_is_in_force(empty: Service, world: World) -> None:
    change = now(empty.clock) + timedelta(days=1)
    decide(empty, world.rooms[0], "timetable", since=change)
    windows = wanted(empty, world.cameras[0]).windows
    assert windows is not None and [end for _, end in windows] == [to_us(change)]
    assert windows[0][0] < empty.clock.now()


def test_a_plan_that_does_not_change_is_not_written_again(empty: Service, world: World) -> None:
    decide(empty, world.rooms[0], "timetable")
    move(empty, world, timedelta(hours=1))
    housekeeper = Housekeeper(empty.settings, empty.database, empty.clock)
    housekeeper.publish()
    version = Desired.load(empty.settings.state_dir).version
    empty.clock.move(3)
    housekeeper.publish()
    assert Desired.load(empty.settings.state_dir).version == version
    move(empty, world, timedelta(hours=2))
    empty.clock.move(3)
    housekeeper.publish()
    assert Desired.load(empty.settings.state_dir).version == version + 1


def filmed_until_class_was_over(service: Service, world: World, start: datetime) -> None:
    """A run that ended off schedule before the class, and no run since."""
    ended = start - timedelta(hours=2)
    run = new_run(world.cameras[0], ended - timedelta(minutes=1))
    run.ended_at, run.end_reason = ended, "off_schedule"
    segment = new_segment(run, ended - timedelta(minutes=1))
    with service.database.writing() as db:
        for kind in (SegmentRow, RunRow):
            db.query(kind).filter_by(camera_id=world.cameras[0]).delete()
        db.execute(update(CameraRow).values(created_at=start - timedelta(days=1)))
    service.add(run)
    service.add(segment)


def test_a_camera_that_does_not_come_to_its_class_is_told_from_one_that_rests(empty: Service, world: World) -> None:
    decide(empty, world.rooms[0], "timetable")
    start = move(empty, world, timedelta(minutes=-30))
    with empty.database.writing() as db:
        db.execute(update(ClassSessionRow).values(created_at=start - timedelta(days=1)))
    filmed_until_class_was_over(empty, world, start)
    span = {"from": (start - timedelta(hours=3)).isoformat(), "to": (start + timedelta(hours=4)).isoformat()}
    client = empty.client("administrator")
    timeline = client.get(f"/api/cameras/{world.cameras[0]}/timeline", params=span).json()
    due = (start - timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert [(gap["reason"], gap["from"]) for gap in timeline["gaps"][1:]] == [
        ("off_schedule", timeline["spans"][0]["to"]),
        ("not_started", due),
    ]
    keeper = Housekeeper(empty.settings, empty.database, empty.clock)
    keeper._evaluator.evaluate(world.planned[0].class_session_id)
    detail = client.get(f"/api/class-sessions/{world.planned[0].class_session_id}/detail").json()
    down = [flag for flag in detail["flags"] if flag["code"] == "CAMERA_DOWN"]
    assert [flag["values"]["reason"] for flag in down] == ["not_started"]


def test_a_camera_of_a_class_that_was_entered_late_was_not_down(empty: Service, world: World) -> None:
    decide(empty, world.rooms[0], "timetable")
    start = move(empty, world, timedelta(minutes=-30))
    with empty.database.writing() as db:
        db.execute(update(ClassSessionRow).values(created_at=now(empty.clock)))
    filmed_until_class_was_over(empty, world, start)
    keeper = Housekeeper(empty.settings, empty.database, empty.clock)
    keeper._evaluator.evaluate(world.planned[0].class_session_id)
    detail = empty.client("administrator").get(f"/api/class-sessions/{world.planned[0].class_session_id}/detail").json()
    # The report shows missing video, but no failed camera.
    assert [flag["code"] for flag in detail["flags"] if flag["code"] != "LOW_CONFIDENCE"] == ["VIDEO_GAP"]
    assert {gap["reason"] for gap in detail["cameras"][0]["gaps"]} == {"off_schedule"}
