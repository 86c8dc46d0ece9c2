"""Which class a tile of the wall names, and how many people it says are expected."""

from datetime import timedelta

from shike.api.moment import now
from shike.attendance.tables.training import ClassSessionRow, LeaveRow
from shike.capture.ids import new_id
from tests.api.service import Service, World
from tests.api.taught import add_class, add_trainee

MINUTE = timedelta(minutes=1)


def sit(service: Service, class_id: str, room_id: str, begins: timedelta, ends: timedelta, **facts: str) -> str:
    """A class session that begins and ends so long from now."""
    session_id, moment = new_id(), now(service.clock)
    row = ClassSessionRow(id=session_id, class_id=class_id, room_id=room_id, sequence=1, created_at=moment)
    row.starts_at, row.ends_at = moment + begins, moment + ends
    row.teacher, row.state = facts.get("teacher", ""), facts.get("state", "running")
    service.add(row)
    return session_id


def test_a_tile_names_the_class_that_sits_there_and_expects_who_is_enrolled_and_not_on_leave(
    empty: Service, world: World
) -> None:
    class_id = add_class(empty, world, number="2026-07", level="中级工")
    people = [add_trainee(empty, world.institutions[0], class_id, name) for name in ("李秀兰", "王强", "赵敏")]
    session_id = sit(empty, class_id, world.rooms[0], -MINUTE, 5 * MINUTE, teacher="汪秀梅")
    leave = LeaveRow(class_session_id=session_id, trainee_id=people[0], reason="病假", approved_by="周老师")
    leave.created_at = now(empty.clock)
    empty.add(leave)
    tiles = {item["camera_id"]: item for item in empty.client("administrator").get("/api/wall").json()["items"]}
    assert tiles[world.cameras[0]]["class_session"] == {
        "id": session_id,
        "class_name": "中式烹调师",
        "teacher": "汪秀梅",
        "expected": 2,
    }
    assert tiles[world.cameras[1]]["class_session"] is None, "nothing sits in the other room"
    empty.clock.move(6 * 60)
    (item,) = empty.client("institution").get("/api/wall").json()["items"]
    assert item["class_session"] is None, "it is over"


def test_a_cancelled_class_does_not_sit_and_one_of_others_is_not_named(empty: Service, world: World) -> None:
    class_id = add_class(empty, world, number="2026-07", level="中级工")
    sit(empty, class_id, world.rooms[0], -MINUTE, MINUTE, state="cancelled")
    (item,) = empty.client("institution").get("/api/wall").json()["items"]
    assert item["class_session"] is None
    elsewhere = add_class(empty, world, number="2026-08", level="中级工")
    guest = sit(empty, elsewhere, world.rooms[1], -MINUTE, MINUTE)
    (theirs,) = empty.client("second institution").get("/api/wall").json()["items"]
    assert theirs["class_session"] is None, "the class of another institution, in one's own room"
    everything = empty.client("administrator").get("/api/wall").json()["items"]
    assert guest in {item["class_session"]["id"] for item in everything if item["class_session"]}
