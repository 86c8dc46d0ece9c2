"""The page of a camera: state, last gap, what is written, how long the disk will last."""

from datetime import timedelta

import pytest
from sqlalchemy import delete

from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.capture.archive.spool import Spool
from shike.capture.moment import rfc3339_us
from tests.api.filmed import Filmed
from tests.api.service import Service, World
from tests.recorded import CAMERA

from .watched import Watched, hour


@pytest.fixture
def watched(empty: Service, world: World) -> Watched:
    """Recorded since the morning with one gap, and recording now, at 20:00."""
    watched = Watched.of(empty, world, sub=True)
    watched.recorded(hour(6), 6 * 3600, "camera_silent")
    watched.recorded(hour(12.5), 7.5 * 3600 + 60, None)
    watched.at(hour(20))
    return watched


def test_a_camera_says_what_it_is_doing_and_since_when(watched: Watched) -> None:
    watched.says(
        bitrate_bps=4_000_000, fps=25.0, width=1920, height=1080, codec="h264", dropped=3, clock_offset_ms=-120
    )
    status = watched.get("/api/cameras/{id}/status")
    main, sub = status["streams"]
    state = main["state"]
    assert (state["state"], state["bitrate_bps"], state["fps"], state["codec"]) == ("recording", 4_000_000, 25, "h264")
    assert (state["width"], state["height"], state["dropped"], state["clock_offset_ms"]) == (1920, 1080, 3, -120)
    assert main["recorded_since"] == "2026-11-19T22:00:00.000000Z"
    assert main["last_gap"] == {
        "from": "2026-11-20T04:00:00.000000Z",
        "to": "2026-11-20T04:30:00.000000Z",
        "reason": "camera_silent",
    }
    assert (main["bytes_24h"], main["recorded_24h_s"]) == (811_000_000, pytest.approx(13.5 * 3600, abs=1))
    assert (sub["stream"], sub["state"], sub["recorded_since"]) == ("sub", None, None)
    assert (sub["last_gap"]["reason"], sub["bytes_24h"]) == ("not_recorded", 0)


def test_footage_that_is_not_indexed_yet_counts_as_recorded(filmed: Filmed) -> None:
    spool = Spool(filmed.service.settings.spool_dir)
    for record in filmed.records:
        spool.put(record)
    with filmed.service.database.writing() as db:
        db.execute(delete(SegmentRow))
        db.execute(delete(RunRow))
    status = filmed.service.client("supervisor").get(f"/api/cameras/{CAMERA}/status").json()
    assert status["streams"][0]["recorded_since"] == rfc3339_us(filmed.main[0].wall_start_us)


def test_time_that_was_recorded_twice_counts_once(watched: Watched) -> None:
    watched.recorded(
        hour(11), 7200, "import_done", origin="imported"
    )  # an hour and a half of it overlaps the camera's own recording
    status = watched.get("/api/cameras/{id}/status")["streams"][0]
    assert status["recorded_24h_s"] == pytest.approx(14 * 3600, abs=1)
    assert status["bytes_24h"] == 811_000_000 + 120_000_000


def test_a_camera_says_whether_sound_is_asked_for_and_whether_any_comes(watched: Watched) -> None:
    watched.says()
    status = watched.get("/api/cameras/{id}/status")
    assert (status["records_sound"], status["streams"][0]["state"]["audio"]) == (False, None)
    policy = {"mode": "always", "margin_before_min": 10, "margin_after_min": 5, "audio": True, "g711": "drop"}
    room = f"/api/rooms/{status['room_id']}/recording-policy"
    answer = watched.service.client("administrator").put(room, json={**policy, "reason": "language class"})
    assert answer.status_code == 200, answer.text
    watched.says(audio="dropped_g711")
    status = watched.get("/api/cameras/{id}/status")
    assert (status["records_sound"], status["streams"][0]["state"]["audio"]) == (True, "dropped_g711")


def test_a_gap_that_is_still_open_ends_now_and_has_the_present_reason(watched: Watched) -> None:
    watched.at(hour(21))
    watched.says(state="backing_off", cause="unreachable", attempt=4, next_try_us=watched.service.clock.now() + 10**7)
    status = watched.get("/api/cameras/{id}/status")
    main = status["streams"][0]
    assert (main["state"]["cause"], main["state"]["attempt"]) == ("unreachable", 4)
    assert (main["last_gap"]["reason"], main["last_gap"]["to"]) == ("unreachable", status["asked_at"])


def test_a_camera_without_a_gap_has_no_last_one(empty: Service, world: World) -> None:
    watched = Watched.of(empty, world)
    watched.recorded(hour(-24), 31 * 3600, None)
    watched.at(hour(6))
    assert watched.get("/api/cameras/{id}/status")["streams"][0]["last_gap"] is None


def test_the_time_until_the_disk_is_full_follows_from_the_rate_of_all_cameras(watched: Watched) -> None:
    disk = watched.get("/api/cameras/{id}/status")["disk"]
    assert disk["bytes_per_day"] == pytest.approx(811_000_000 * 24 / 14, rel=1e-3)
    assert disk["days_left"] == pytest.approx(disk["free_bytes"] / disk["bytes_per_day"])
    assert 0 < disk["free_bytes"] <= disk["total_bytes"]


def test_the_rate_is_unknown_before_an_hour_was_recorded(empty: Service, world: World) -> None:
    watched = Watched.of(empty, world)
    watched.at(hour(2))
    watched.recorded(hour(2) - timedelta(minutes=50), 3000, None)
    disk = watched.get("/api/cameras/{id}/status")["disk"]
    assert (disk["bytes_per_day"], disk["days_left"]) == (None, None) and disk["free_bytes"] > 0


def test_imports_do_not_count_in_the_rate(empty: Service, world: World) -> None:
    watched = Watched.of(empty, world)
    watched.at(hour(20))
    watched.recorded(hour(2), 1800, "import_done", origin="imported")
    assert watched.get("/api/cameras/{id}/status")["disk"]["days_left"] is None
    watched.recorded(hour(18), 7200, None)
    empty.clock.move(61)
    disk = watched.get("/api/cameras/{id}/status")["disk"]
    assert disk["bytes_per_day"] == pytest.approx(120_000_000 * 12, rel=0.03)


def test_a_user_who_sees_only_some_rooms_sees_nothing_of_the_shared_disk(watched: Watched) -> None:
    status = watched.service.client("institution").get(f"/api/cameras/{watched.camera_id}/status").json()
    assert (status["camera_id"], status["disk"]) == (watched.camera_id, None)


def test_the_camera_address_is_not_shown(watched: Watched) -> None:
    watched.says(state="refused", cause="refused_401")
    text = watched.service.client("administrator").get(f"/api/cameras/{watched.camera_id}/status").text
    assert "192.0.2.10" not in text and "viewer" not in text


def test_a_camera_out_of_scope_is_not_found(watched: Watched) -> None:
    answer = watched.service.client("second institution").get(f"/api/cameras/{watched.camera_id}/status")
    assert (answer.status_code, answer.json()["code"]) == (404, "camera_not_found")
