"""Judging class sessions from stored data: while they run, until they are settled, and again after new inputs."""

from sqlalchemy import delete

from shike.api.processes.keep import Housekeeper
from shike.attendance.tables.counting import SampleRow
from shike.attendance.tables.judgement import AcceptanceSampleRow
from shike.attendance.tables.registry import CameraRow
from shike.attendance.tables.training import ClassSessionRow
from shike.capture.ids import new_id
from shike.capture.moment import rfc3339
from tests.api.observed import Observed, late
from tests.api.service import Service, World


def ended(service: Service, world: World) -> Observed:
    """A session of forty minutes that began sixteen minutes late, in an accepted room."""
    observed = Observed.of(service, world)
    observed.filmed()
    observed.counted(late)
    observed.signed(-2, 40)
    observed.accepted()
    return observed


def test_the_housekeeper_judges_a_session_that_ended(empty: Service, world: World) -> None:
    observed = ended(empty, world)
    Housekeeper(empty.settings, empty.database, empty.clock).beat()
    assert observed.session().state == "final"
    assert set(observed.flags()) == {"LATE_START", "SIGNIN_GT_COUNT"}
    flag = observed.flags()["LATE_START"]
    assert (flag.window_from, flag.window_to, flag.moment_at) == (observed.start, observed.at(16), observed.start)
    assert (flag.live, flag.severity, flag.values["late_min"]) == (False, "yellow", 16)
    assert {person["status"] for person in observed.people()} == {"review"}
    assert {person["credited_minutes"] for person in observed.people()} == {40}


def test_judging_again_without_new_inputs_changes_nothing(empty: Service, world: World) -> None:
    observed = ended(empty, world)
    evaluator = observed.evaluator()
    assert evaluator.evaluate(observed.session_id)
    before = observed.records()[0]
    empty.clock.move(600)
    assert not evaluator.evaluate(observed.session_id)
    after = observed.records()
    assert [(row.version, row.inputs_digest, row.body) for row in after] == [(1, before.inputs_digest, before.body)]


def test_a_late_sign_in_makes_a_new_version_and_keeps_the_old_one(empty: Service, world: World) -> None:
    observed = ended(empty, world)
    evaluator = observed.evaluator()
    evaluator.step(60)
    first_in = observed.sign(observed.trainees[0], "in", 5)
    evaluator.evaluate(observed.session_id)
    assert len(observed.records()) == 2, "another event is another input"
    observed.sign(observed.trainees[0], "in", 7, corrects_id=first_in)
    empty.clock.move(11)
    evaluator.step(60)
    assert [row.version for row in observed.records()] == [1, 2, 3]
    assert all(row.final for row in observed.records())


def test_a_running_session_has_one_provisional_record_and_live_flags_that_can_be_withdrawn(
    empty: Service, world: World
) -> None:
    observed = Observed.of(empty, world, ago_min=20)
    observed.accepted()
    observed.filmed(0, 20)
    observed.counted(lambda _minute: 0, 20)
    evaluator = observed.evaluator()
    evaluator.step(60)
    assert observed.session().state == "running"
    flags = observed.flags()
    assert set(flags) == {"LATE_START", "LOW_TURNOUT"}
    assert all(flag.live for flag in flags.values())
    with empty.database.writing() as db:
        db.execute(delete(SampleRow))
    observed.counted(lambda _minute: 20, 20)
    empty.clock.move(11)
    evaluator.step(60)
    assert not observed.flags()
    assert set(observed.flags("withdrawn")) == {"LATE_START", "LOW_TURNOUT"}
    assert [(row.version, row.final) for row in observed.records()] == [(1, False)]


def test_a_session_is_settled_when_its_footage_is_counted_or_half_an_hour_has_passed(
    empty: Service, world: World
) -> None:
    observed = Observed.of(empty, world, ago_min=41)
    observed.filmed()
    observed.counted(lambda _minute: 20, 30)
    evaluator = observed.evaluator()
    evaluator.evaluate(observed.session_id)
    assert observed.session().state == "ended", "ten minutes are not counted yet"
    empty.clock.move(31 * 60)
    evaluator.evaluate(observed.session_id)
    assert observed.session().state == "final"
    assert [(row.version, row.final) for row in observed.records()] == [(1, True)]


def test_accepting_the_room_later_raises_the_flags_of_settled_sessions(empty: Service, world: World) -> None:
    observed = ended(empty, world)
    with empty.database.writing() as db:
        db.execute(delete(AcceptanceSampleRow))
    evaluator = observed.evaluator()
    evaluator.step(60)
    assert not observed.flags()
    observed.accepted()
    empty.clock.move(11)
    evaluator.step(60)
    assert "LATE_START" in observed.flags()


def test_a_verdict_stays_with_its_flag_and_a_rejected_contradiction_ends_the_review(
    empty: Service, world: World
) -> None:
    observed = ended(empty, world)
    evaluator = observed.evaluator()
    evaluator.step(60)
    client = empty.client("supervisor")
    flags = observed.flags()
    for code, verdict in (("LATE_START", "confirmed"), ("SIGNIN_GT_COUNT", "rejected")):
        body = {"verdict": verdict, "note": "看过录像"}
        assert client.post(f"/api/flags/{flags[code].id}/verdict", json=body).status_code == 200
    empty.clock.move(11)
    evaluator.step(60)
    assert set(observed.flags("confirmed")) == {"LATE_START"}
    assert set(observed.flags("rejected")) == {"SIGNIN_GT_COUNT"}
    assert {person["status"] for person in observed.people()} == {"present"}


def test_a_room_without_footage_is_flagged_and_accuses_nobody(empty: Service, world: World) -> None:
    observed = Observed.of(empty, world)
    observed.accepted()
    observed.signed(-2, 40)
    observed.evaluator().step(60)
    assert set(observed.flags()) == {"CAMERA_DOWN", "VIDEO_GAP", "LOW_CONFIDENCE"}
    assert {person["status"] for person in observed.people()} == {"present"}


def test_the_time_before_a_room_had_a_camera_is_no_gap(empty: Service, world: World) -> None:
    observed = Observed.of(empty, world, ago_min=20)
    with empty.database.writing() as db:
        db.get_one(CameraRow, world.cameras[0]).created_at = observed.at(10)
    observed.filmed(10, 20)
    observed.counted(lambda minute: 20 if minute >= 10 else None, 20)
    observed.evaluator().step(60)
    assert set(observed.flags()) == {"LOW_CONFIDENCE"}
    assert observed.records()[0].body["room"]["covered_share"] > 0.9


def test_a_cancelled_session_keeps_no_open_flag(empty: Service, world: World) -> None:
    observed = ended(empty, world)
    evaluator = observed.evaluator()
    evaluator.step(60)
    with empty.database.writing() as db:
        db.get_one(ClassSessionRow, observed.session_id).state = "cancelled"
    empty.clock.move(11)
    evaluator.step(60)
    assert not observed.flags()
    assert observed.session().state == "cancelled"


def test_a_session_that_was_moved_keeps_no_open_flag_and_waits(empty: Service, world: World) -> None:
    observed = ended(empty, world)
    evaluator = observed.evaluator()
    evaluator.step(60)
    moved = {"starts_at": rfc3339(observed.at(24 * 60)), "ends_at": rfc3339(observed.at(24 * 60 + 40))}
    answer = empty.client("administrator").patch(f"/api/class-sessions/{observed.session_id}", json=moved)
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 422:  # outside of the days of the class
        with empty.database.writing() as db:
            row = db.get_one(ClassSessionRow, observed.session_id)
            row.starts_at, row.ends_at = observed.at(24 * 60), observed.at(24 * 60 + 40)
    empty.clock.move(11)
    evaluator.step(60)
    assert not observed.flags()
    assert observed.session().state == "planned"


def test_a_session_is_judged_again_after_its_room_has_lost_its_acceptance(empty: Service, world: World) -> None:
    observed = ended(empty, world)
    evaluator = observed.evaluator()
    evaluator.step(60)
    path = f"/api/rooms/{world.rooms[0]}/acceptance"
    client = empty.client("administrator")
    sample = client.get(path).json()["samples"][0]
    assert not client.delete(f"{path}/{sample['id']}").json()["accepted"]
    assert observed.session().state == "ended"
    empty.clock.move(11)
    evaluator.step(60)
    assert not observed.flags()
    assert [row.final for row in observed.records()] == [True, True]


def test_a_volume_that_does_not_answer_delays_only_its_own_sessions_and_no_clean_up(
    empty: Service, world: World
) -> None:
    observed = ended(empty, world)
    observed.evaluator().step(60)
    earlier = ClassSessionRow(id=new_id(), class_id=observed.class_id, room_id=world.rooms[1], sequence=2)
    earlier.starts_at, earlier.ends_at = observed.at(-60), observed.at(-20)
    earlier.created_at = observed.start
    empty.add(earlier)
    # A link to itself: opening a file behind it fails for every user, even root, and not with "file not found".
    volume = empty.settings.footage_dir / world.cameras[0]
    volume.parent.mkdir(exist_ok=True)
    volume.symlink_to(volume.name)
    housekeeper = Housekeeper(empty.settings, empty.database, empty.clock)
    observed.sign(observed.trainees[0], "in", 5)  # so the settled session is judged again
    for _ in range(3):
        housekeeper.beat()
    assert (empty.settings.state_dir / "unmounted.json").exists(), "the clean-up has had its turn"
    with empty.database.reading() as db:
        assert db.get_one(ClassSessionRow, earlier.id).state == "final"
    assert len(observed.records()) == 1
    volume.unlink()
    empty.clock.move(120)
    for _ in range(3):
        housekeeper.beat()
    assert len(observed.records()) == 2


def test_a_session_in_the_future_is_not_judged(empty: Service, world: World) -> None:
    observed = Observed.of(empty, world, ago_min=-60)
    observed.evaluator().step(60)
    assert observed.session().state == "planned"
    assert not observed.records()


def test_a_session_on_a_day_without_limits_in_force_is_not_judged(empty: Service, world: World) -> None:
    ancient = Observed.of(empty, world, ago_min=60 * 24 * 365 * 10)
    evaluator = ancient.evaluator()
    assert evaluator.step(60) == 1
    assert not ancient.records()
