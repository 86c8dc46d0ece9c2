"""Recording policies: setting them, their history, and the disk space that they need."""

import shutil
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from shike.api.moment import now
from shike.attendance.tables.footage import SegmentRow
from shike.attendance.tables.recording import RecordingPolicyRow
from shike.attendance.tables.training import ClassSessionRow
from tests.api.service import Service, World

TIMETABLE = {"mode": "timetable", "margin_before_min": 15, "margin_after_min": 5, "reason": "只在上课时录像"}
ROOM = "/api/rooms/{}/recording-policy"
TB = 10**12


def plan(service: Service, world: World, starts_in: timedelta) -> str:
    """Move the first room's class session (three hours) to a time from now; returns its start as the API writes it."""
    start = (now(service.clock) + starts_in).replace(microsecond=0)
    with service.database.writing() as db:
        db.execute(
            update(ClassSessionRow)
            .where(ClassSessionRow.id == world.planned[0].class_session_id)
            .values(starts_at=start, ends_at=start + timedelta(hours=3))
        )
    return start.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_a_room_without_a_policy_is_always_recorded_without_sound(empty: Service, world: World) -> None:
    rooms = empty.client("supervisor").get("/api/recording-policies").json()["items"]
    assert [room["room_id"] for room in rooms] == list(world.rooms)
    assert rooms[0]["policy"] == {
        "mode": "always",
        "margin_before_min": 10,
        "margin_after_min": 10,
        "audio": False,
        "g711": "transcode",
        "reason": "",
        "valid_from": None,
        "set_by_name": None,
    }
    assert rooms[0]["due"] == {
        "recorded": True,
        "until": None,
        "why": "always",
        "class_session_id": None,
        "class_session": None,
    }
    assert rooms[0]["camera_count"] == 1


def test_a_policy_is_in_force_at_once_and_earlier_ones_are_kept(empty: Service, world: World) -> None:
    start = plan(empty, world, timedelta(hours=2))
    admin = empty.client("administrator")
    room = admin.put(ROOM.format(world.rooms[0]), json=TIMETABLE).json()
    assert room["due"]["recorded"] is False and room["due"]["why"] == "off_schedule"
    assert room["due"]["class_session"] == "2030-01 Cooks · 1"
    assert room["due"]["until"] < start
    empty.clock.move(2 * 3600 - 10 * 60)
    room = admin.put(ROOM.format(world.rooms[0]), json=TIMETABLE | {"audio": True, "reason": "口语课"}).json()
    assert room["due"]["why"] == "margin_before"
    empty.clock.move(15 * 60)
    room = admin.get(ROOM.format(world.rooms[0])).json()
    assert (room["due"]["why"], room["policy"]["audio"]) == ("class_session", True)
    assert [(each["mode"], each["audio"], each["reason"]) for each in room["history"]] == [
        ("timetable", True, "口语课"),
        ("timetable", False, "只在上课时录像"),
        ("always", False, ""),
    ]
    assert room["history"][0]["set_by_name"] == "Administrator"
    assert room["history"][0]["valid_from"] > room["history"][1]["valid_from"]
    listed = admin.get("/api/recording-policies").json()["items"]
    assert [room["policy"]["mode"] for room in listed] == ["timetable", "always"]


def test_a_policy_equal_to_the_one_in_force_is_not_stored_again(empty: Service, world: World) -> None:
    admin = empty.client("administrator")
    for reason in ("first", "second"):
        admin.put(ROOM.format(world.rooms[0]), json=TIMETABLE | {"reason": reason})
    with empty.database.reading() as db:
        assert [row.reason for row in db.scalars(select(RecordingPolicyRow))] == ["first"]


def test_a_policy_is_in_the_audit_trail_with_its_reason(empty: Service, world: World) -> None:
    empty.client("administrator").put(ROOM.format(world.rooms[0]), json=TIMETABLE | {"audio": True})
    (line,) = empty.client("auditor").get("/api/audit-events", params={"action": "registry_changed"}).json()["items"]
    assert (line["room_id"], line["institution_id"]) == (world.rooms[0], world.institutions[0])
    assert line["detail"] == {
        "verb": "updated",
        "kind": "recording_policy",
        "changed": ["mode", "margin_before_min", "margin_after_min", "audio"],
        "mode": "timetable",
        "audio": True,
        "reason": "只在上课时录像",
    }


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"margin_before_min": 0}, "margin_before_min"),
        ({"margin_after_min": 121}, "margin_after_min"),
        ({"mode": "sometimes"}, "mode"),
        ({"g711": "keep"}, "g711"),
        ({"valid_from": "2020-01-01T00:00:00Z"}, "valid_from"),
    ],
)
def test_an_invalid_policy_is_refused_with_its_field(
    empty: Service, world: World, wrong: dict[str, Any], field: str
) -> None:
    answer = empty.client("administrator").put(ROOM.format(world.rooms[0]), json=TIMETABLE | wrong)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_only_users_who_may_change_the_registry_set_a_policy_and_only_for_rooms_in_scope(
    empty: Service, world: World
) -> None:
    for role in ("supervisor", "auditor", "institution"):
        assert empty.client(role).put(ROOM.format(world.rooms[0]), json=TIMETABLE).status_code == 403
    stranger = empty.client("administrator of city 2")
    assert stranger.put(ROOM.format(world.rooms[0]), json=TIMETABLE).status_code == 404
    assert [room["room_id"] for room in stranger.get("/api/recording-policies").json()["items"]] == [world.rooms[1]]
    assert [room["room_id"] for room in stranger.get("/api/recording-needs").json()["rooms"]] == [world.rooms[1]]
    assert stranger.get("/api/recording-needs").json()["whole"] is False


@pytest.mark.parametrize("who", ["institution", "administrator of city 2"])
def test_a_user_who_sees_only_some_rooms_sees_nothing_of_the_shared_disk(
    empty: Service, world: World, who: str
) -> None:
    client = empty.client(who)
    for days in (1, 3650):  # neither as figures nor by trying which number of days fits
        needs = client.get("/api/recording-needs", params={"days_main": days}).json()
        assert needs["total_bytes"] > 0
        assert (needs["whole"], needs["disk"], needs["fits"], needs["short_by_bytes"]) == (False, None, None, None)


def test_policies_are_removed_with_their_room(empty: Service, world: World) -> None:
    admin = empty.client("administrator")
    body = {"institution_id": world.institutions[0], "name": "Shed"}
    room = admin.post("/api/rooms", json=body).json()["id"]
    admin.put(ROOM.format(room), json=TIMETABLE)
    assert admin.delete(f"/api/rooms/{room}").status_code == 204


def measured(service: Service, size: int) -> None:
    with service.database.writing() as db:
        db.execute(update(SegmentRow).values(size=size))


def test_needed_space_is_measured_rate_times_hours_times_days(
    empty: Service, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured(empty, 15_000_000)  # in 60 s: 2 Mbit/s
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(2 * TB, TB, TB))
    client = empty.client("supervisor")
    needs = client.get("/api/recording-needs", params={"days_main": 10}).json()
    assert [(room["hours_a_week"], room["bitrate_bps"], room["measured"]) for room in needs["rooms"]] == [
        (168, 2_000_000, True),
        (168, 2_000_000, True),
    ]
    assert needs["total_bytes"] == 2 * 10 * 86_400 * 250_000
    assert (needs["fits"], needs["short_by_bytes"], needs["whole"]) == (True, 0, True)
    # Footage is two segments of 15 MB; the rest of the used space is other data.
    usable = TB + 30_000_000 - TB // 10
    assert needs["disk"] == {
        "total_bytes": 2 * TB,
        "free_bytes": TB,
        "footage_bytes": 30_000_000,
        "usable_bytes": usable,
    }
    longer = client.get("/api/recording-needs", params={"days_main": 90}).json()
    assert longer["fits"] is False
    assert longer["short_by_bytes"] == longer["total_bytes"] - usable == 2 * 90 * 86_400 * 250_000 - usable


def test_a_mode_can_be_tried_before_it_is_chosen_for_all_rooms_or_for_some(empty: Service, world: World) -> None:
    plan(empty, world, timedelta(days=2))
    client = empty.client("administrator")
    tried = client.get("/api/recording-needs", params={"mode": "timetable"}).json()["rooms"]
    # Three hours and twenty minutes in the one planned week; the other room has no session in the four weeks.
    hours = [(room["hours_from"], room["hours_a_week"], room["hours_weeks"]) for room in tried]
    assert hours == [("timetable", 3.3, 1), ("assumed", 40, None)]
    query: dict[str, str | int] = {"mode": "timetable", "room_id": world.rooms[1], "hours_without_timetable": 10}
    some = client.get("/api/recording-needs", params=query).json()["rooms"]
    assert [(room["mode"], room["hours_from"]) for room in some] == [("always", "always"), ("timetable", "assumed")]
    assert some[1]["bytes"] * 4 == pytest.approx(tried[1]["bytes"], abs=4)
    # The request changed nothing.
    assert [room["mode"] for room in client.get("/api/recording-needs").json()["rooms"]] == ["always", "always"]


def test_a_camera_that_was_never_recorded_counts_with_the_nominal_rates(empty: Service, world: World) -> None:
    with empty.database.writing() as db:
        db.query(SegmentRow).delete()
    admin = empty.client("administrator")
    admin.patch(f"/api/cameras/{world.cameras[0]}", json={"sub_path": "/sub"})
    admin.patch(f"/api/cameras/{world.cameras[1]}", json={"enabled": False})
    needs = admin.get("/api/recording-needs", params={"days_main": 1, "days_sub": 2}).json()
    (room,) = needs["rooms"]  # a room without an enabled camera needs nothing
    assert (room["bitrate_bps"], room["measured"]) == (4_500_000, False)
    assert room["bytes"] == 86_400 * (500_000 + 2 * 62_500)
    assert needs["disk"]["total_bytes"] > needs["disk"]["free_bytes"] > 0
