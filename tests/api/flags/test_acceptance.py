"""Accepting a room through the service: which pictures are asked for, and when the room is accepted."""

from datetime import datetime, timedelta
from itertools import pairwise

from shike.capture.moment import from_us
from tests.api.observed import EVERY, Observed, late
from tests.api.service import Service, World


def observed_room(service: Service, world: World) -> Observed:
    observed = Observed.of(service, world)
    observed.filmed()
    observed.counted(late)
    return observed


def test_pictures_of_the_whole_occupancy_are_asked_for_until_the_room_is_accepted(empty: Service, world: World) -> None:
    observed_room(empty, world)
    client, path = empty.client("supervisor"), f"/api/rooms/{world.rooms[0]}/acceptance"
    state = client.get(path).json()
    assert (state["accepted"], state["missing"], state["least_samples"]) == (False, "samples", 10)
    asked: list[int] = []
    while not state["accepted"]:
        assert len(asked) < 12
        waiting = state["next"]
        asked.append(waiting["counted"])
        assert [len(boxes) for boxes in waiting["boxes"]] == [waiting["counted"]]
        body = {"picture_at": waiting["picture_at"], "true_count": waiting["counted"]}
        state = client.post(path, json=body).json()
    assert (asked.count(0), asked.count(20)) == (5, 5)
    assert (state["mae"], state["bias"], len(state["samples"])) == (0, 0, 10)
    moments = [datetime.fromisoformat(each["picture_at"]) for each in state["samples"]]
    assert min(later - earlier for earlier, later in pairwise(moments)) >= timedelta(minutes=1)


def test_a_number_can_be_corrected_and_removed_and_the_audit_trail_shows_it(empty: Service, world: World) -> None:
    observed = observed_room(empty, world)
    client, path = empty.client("supervisor"), f"/api/rooms/{world.rooms[0]}/acceptance"
    moment = observed.at(20).isoformat()
    client.post(path, json={"picture_at": moment, "true_count": 2})
    state = client.post(path, json={"picture_at": moment, "true_count": 22}).json()
    assert [(each["counted"], each["true_count"]) for each in state["samples"]] == [(20, 22)]
    assert (state["high_error"], state["bias"]) == (2, -2)
    state = client.delete(f"{path}/{state['samples'][0]['id']}").json()
    assert state["samples"] == []
    events = empty.client("auditor").get("/api/audit-events", params={"action": "acceptance"}).json()["items"]
    assert [event["detail"]["verb"] for event in events] == ["removed", "entered", "entered"]


def test_only_counted_pictures_can_be_labelled(empty: Service, world: World) -> None:
    observed = observed_room(empty, world)
    client, path = empty.client("supervisor"), f"/api/rooms/{world.rooms[0]}/acceptance"
    between = (observed.at(20) + EVERY / 2).isoformat()
    answer = client.post(path, json={"picture_at": between, "true_count": 2})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "not_counted")
    assert client.post(path, json={"picture_at": observed.at(20).isoformat(), "true_count": -1}).status_code == 422


def test_a_room_that_was_never_counted_has_no_picture_to_ask_about(empty: Service, world: World) -> None:
    state = empty.client("supervisor").get(f"/api/rooms/{world.rooms[0]}/acceptance").json()
    assert (state["next"], state["samples"], state["accepted"]) == (None, [], False)


def test_an_institution_sees_the_state_of_its_room_and_changes_nothing(empty: Service, world: World) -> None:
    observed_room(empty, world)
    client = empty.client("institution")
    assert client.get(f"/api/rooms/{world.rooms[0]}/acceptance").status_code == 200
    assert client.get(f"/api/rooms/{world.rooms[1]}/acceptance").status_code == 404
    body = {"picture_at": from_us(0).isoformat(), "true_count": 1}
    assert client.post(f"/api/rooms/{world.rooms[0]}/acceptance", json=body).status_code == 403
