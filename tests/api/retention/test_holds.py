"""Holds that people place and release with a reason, holds by flags, and judgements after footage is deleted."""

import pytest
from sqlalchemy import select, update

from shike.api.auth.tables import AccountRow
from shike.attendance.retention.deleting import plan
from shike.attendance.retention.holds import MARGIN, held_of
from shike.attendance.retention.keeping import candidates
from shike.attendance.retention.rules import FOR_EVER_US, DueSegment, FlagHolds
from shike.attendance.tables.footage import SegmentRow
from shike.attendance.tables.judgement import FlagRow
from shike.attendance.tables.registry import CameraRow
from shike.attendance.tables.training import ClassSessionRow
from shike.capture.moment import rfc3339, to_us
from tests.api.observed import Observed, late
from tests.api.service import Service, World
from tests.api.stocked import Stocked


def test_a_hold_says_who_why_and_how_much_is_there_and_what_was_gone_before(stock: Stocked) -> None:
    stock.record(0, 100, 2), stock.record(0, 1, 10)
    stock.clean()
    supervisor = stock.service.client("supervisor")
    body = {"room_id": stock.world.rooms[0], "from": rfc3339(stock.ago(101)), "to": rfc3339(stock.ago(0.5))}
    hold = supervisor.post("/api/holds", json=body | {"reason": "complaint 12"}).json()
    assert (hold["segments"], hold["bytes"], hold["deleted_segments"]) == (10, 1_000, 2)
    assert (hold["placed_by_name"], hold["reason"], hold["cameras"]) == ("Supervisor", "complaint 12", 1)
    assert [each["id"] for each in supervisor.get("/api/holds").json()["items"]] == [hold["id"]]

    auditor = stock.service.client("auditor")
    released = auditor.post(f"/api/holds/{hold['id']}/release", json={"reason": "settled"}).json()
    assert (released["released_by_name"], released["release_reason"]) == ("Auditor", "settled")
    again = auditor.post(f"/api/holds/{hold['id']}/release", json={"reason": "settled"})
    assert (again.status_code, again.json()["code"]) == (409, "already_released")
    assert auditor.get("/api/holds").json()["items"] == []
    assert len(auditor.get("/api/holds", params={"state": "released"}).json()["items"]) == 1
    actions = [line["action"] for line in auditor.get("/api/audit-events").json()["items"]]
    assert actions[:2] == ["hold_released", "hold_placed"]


def test_a_hold_names_a_camera_or_a_room_and_a_range_in_order(stock: Stocked) -> None:
    client, world = stock.service.client("supervisor"), stock.world
    times = {"from": rfc3339(stock.ago(2)), "to": rfc3339(stock.ago(1)), "reason": "x"}
    for body, code in [
        (times, "one_of"),
        (times | {"camera_id": world.cameras[0], "room_id": world.rooms[0]}, "one_of"),
        (times | {"camera_id": world.cameras[0], "to": times["from"]}, "not_after_from"),
        (times | {"camera_id": world.root}, "not_found"),
    ]:
        answer = client.post("/api/holds", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)


def test_a_stranger_sees_no_hold_and_cannot_release_one(stock: Stocked) -> None:
    body = {"camera_id": stock.world.cameras[0], "from": rfc3339(stock.ago(2)), "to": rfc3339(stock.ago(1))}
    hold = stock.service.client("supervisor").post("/api/holds", json=body | {"reason": "x"}).json()
    stranger = stock.service.client("auditor of city 2")
    assert stranger.get("/api/holds").json()["items"] == []
    assert stranger.post(f"/api/holds/{hold['id']}/release", json={"reason": "x"}).status_code == 404


def test_a_hold_tells_nothing_of_a_camera_that_moved_to_another_institution(stock: Stocked) -> None:
    world, supervisor = stock.world, stock.service.client("supervisor")
    times = {"from": rfc3339(stock.ago(2)), "to": rfc3339(stock.ago(-2)), "reason": "complaint 12"}
    hold = supervisor.post("/api/holds", json=times | {"camera_id": world.cameras[0]}).json()
    with stock.service.database.writing() as db:
        db.execute(update(CameraRow).where(CameraRow.id == world.cameras[0]).values(room_id=world.rooms[1]))
        db.execute(update(AccountRow).where(AccountRow.username == "auditor").values(region_id=world.cities[0]))
    stock.record(0, 1, 10)
    (seen,) = stock.service.client("auditor").get("/api/holds").json()["items"]
    assert (seen["id"], seen["camera_name"], seen["segments"], seen["bytes"]) == (hold["id"], None, 0, 0)

    path = f"/api/cameras/{world.cameras[0]}/timeline"
    query = {"from": rfc3339(stock.ago(1)), "to": rfc3339(stock.ago(0.5))}
    for reader, reason in (("supervisor", "complaint 12"), ("auditor of city 2", None)):
        (held_range,) = stock.service.client(reader).get(path, params=query).json()["holds"]
        assert (held_range["kind"], held_range["reason"]) == ("hold", reason)

    supervisor.post(f"/api/holds/{hold['id']}/release", json={"reason": "settled"})
    lines = stock.service.client("auditor of city 2").get("/api/audit-events").json()["items"]
    assert [line["action"] for line in lines if line["action"].startswith("hold")] == []
    lines = stock.service.client("auditor").get("/api/audit-events").json()["items"]
    assert [line["action"] for line in lines][:2] == ["hold_released", "hold_placed"]


def test_a_camera_that_moves_takes_its_held_footage_along(stock: Stocked) -> None:
    stock.record(0, 100, 3), stock.record(0, 1, 10)
    body = {"room_id": stock.world.rooms[0], "from": rfc3339(stock.ago(101)), "to": rfc3339(stock.ago(99))}
    stock.service.client("supervisor").post("/api/holds", json=body | {"reason": "x"})
    with stock.service.database.writing() as db:
        moved = update(CameraRow).where(CameraRow.id == stock.world.cameras[0]).values(room_id=stock.world.rooms[1])
        db.execute(moved)
    stock.clean()
    assert len(stock.left()) == 13


@pytest.fixture
def judged(empty: Service, world: World) -> Observed:
    """A final class session with one gap whose class began late."""
    observed = Observed.of(empty, world)
    observed.filmed(0, 20)
    observed.filmed(25, 40)
    observed.counted(late)
    observed.signed(0, 40)
    observed.accepted()
    observed.evaluator().evaluate(observed.session_id)
    assert {"LATE_START", "VIDEO_GAP"} <= observed.flags().keys() and observed.records()[-1].final
    return observed


def held(observed: Observed, flags: FlagHolds) -> list[tuple[int, int, str]]:
    with observed.service.database.reading() as db:
        camera = db.get_one(CameraRow, observed.world.cameras[0])
        return [(each.start_us, each.end_us, each.kind) for each in held_of(db, camera, flags)]


def test_a_session_with_an_open_flag_is_held_with_its_margins_until_the_flags_are_closed(judged: Observed) -> None:
    window = (to_us(judged.start - MARGIN), to_us(judged.end + MARGIN), "flag")
    assert held(judged, "open") == held(judged, "confirmed") == [window] and held(judged, "no") == []
    client = judged.service.client("supervisor")
    for flag, verdict in zip(judged.flags().values(), ("confirmed", *["rejected"] * 9), strict=False):
        answer = client.post(f"/api/flags/{flag.id}/verdict", json={"verdict": verdict, "note": "looked at it"})
        assert answer.status_code == 200
    assert held(judged, "open") == [] and held(judged, "confirmed") == [window]


def test_a_judgement_made_again_after_its_footage_was_deleted_accuses_nobody_anew(judged: Observed) -> None:
    service, camera = judged.service, judged.world.cameras[0]
    records, flags = judged.records(), {code: row.id for code, row in judged.flags().items()}
    with service.database.writing() as db:
        db.execute(update(FlagRow).values(state="rejected"))
        due = [DueSegment(each, "age") for each in candidates(db, (camera, "main"), [(0, FOR_EVER_US)])]
        assert plan(db, due, {}, service.clock.now()) == len(due) > 2
        for key in db.scalars(select(SegmentRow.object_key).where(SegmentRow.camera_id == camera)):
            path = service.settings.footage_dir / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"footage")
    service.clock.move(86_400)
    with service.database.writing() as db:
        db.execute(update(FlagRow).values(state="open"))
    cleaner = Stocked(service, judged.world, judged.start).cleaner()
    with service.database.writing() as db:
        db.execute(update(ClassSessionRow).values(state="cancelled").where(ClassSessionRow.id != judged.session_id))
        db.execute(update(FlagRow).values(severity="info"))  # flags of this severity hold nothing
    cleaner.step(60)
    with service.database.reading() as db:
        assert db.scalars(select(SegmentRow).where(SegmentRow.camera_id == camera)).all() == []
    assert judged.evaluator().evaluate(judged.session_id) is False
    assert [row.id for row in judged.records()] == [row.id for row in records]
    assert {code: row.id for code, row in judged.flags().items()} == flags
