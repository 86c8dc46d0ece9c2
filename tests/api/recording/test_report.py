"""The daily recording report: coverage, gaps and their reasons, for one camera and for all."""

import csv
import io
import random
import sqlite3
import time
from collections.abc import Container, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, event

from shike.attendance.footage.coverage import coverage
from shike.attendance.footage.index import Footage
from shike.attendance.footage.stream_facts import StreamFacts
from shike.attendance.footage.stretches import Stretches
from shike.attendance.recording.report import NOT_MISSING
from shike.attendance.tables.footage import SegmentRow
from shike.attendance.tables.registry import CameraRow
from shike.camera_sim import CameraSim
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import SegmentRecord
from shike.capture.archive.spool import Spool
from shike.capture.ids import new_id
from shike.capture.moment import to_us
from shike.capture.recorder.config import Lengths
from tests.api.filmed import Filmed
from tests.api.service import Service, World
from tests.recorded import CAMERA, wait_until
from tests.recording import camera_thread, sharing

from .watched import DAY, MIDNIGHT, Watched, hour

WORDS = Path(__file__).parents[3] / "web" / "src" / "messages"


def test_a_day_says_how_much_was_recorded_and_why_the_rest_was_not(watched: Watched) -> None:
    report = watched.get("/api/cameras/{id}/recording-report", day=str(DAY))
    (main,) = report["streams"]
    assert (main["expected_s"], main["missing_s"], main["gap_count"]) == (86_400, 1_860, 2)
    assert main["coverage"] == pytest.approx(84_540 / 86_400)
    assert [(each["reason"], each["gaps"], each["seconds"]) for each in main["reasons"]] == [
        ("camera_silent", 1, 1800),
        ("segment_lost", 1, 60),
    ]
    assert main["longest_gap"] == {
        "from": "2026-11-19T18:00:00.000000Z",
        "to": "2026-11-19T18:30:00.000000Z",
        "reason": "camera_silent",
    }
    assert [gap["reason"] for gap in report["gaps"][0]["gaps"]] == ["camera_silent", "segment_lost"]
    assert (main["bytes"], main["dropped"]) == ((84_540 // 60) * 1_000_000, 2)


def test_a_day_that_is_not_over_is_reported_up_to_now_with_what_the_camera_says(watched: Watched) -> None:
    watched.at(hour(27))
    watched.says(state="refused", cause="refused_401")
    report = watched.get("/api/cameras/{id}/recording-report")
    assert (report["day"], report["until"][:17]) == ("2026-11-21", "2026-11-20T19:00:")
    (main,) = report["streams"]
    assert (main["expected_s"], main["recorded_s"]) == (pytest.approx(3 * 3600, abs=1), 0)
    assert main["reasons"][0]["reason"] == "unknown"


def test_a_camera_that_was_never_recorded_says_why_not(empty: Service, world: World) -> None:
    watched = Watched.of(empty, world)
    watched.at(hour(5))
    watched.says(state="refused", cause="refused_401")
    (main,) = watched.get("/api/cameras/{id}/recording-report")["streams"]
    assert (main["coverage"], [each["reason"] for each in main["reasons"]]) == (0, ["refused_401"])


def test_time_before_the_camera_was_registered_and_off_the_timetable_is_not_missing(
    empty: Service, world: World
) -> None:
    watched = Watched.of(empty, world)
    watched.by_timetable((hour(8), hour(12)))
    watched.recorded(hour(8) - timedelta(minutes=1), 4 * 3600 + 120, "off_schedule")
    watched.at(hour(30))
    (main,) = watched.get("/api/cameras/{id}/recording-report", day=str(DAY))["streams"]
    assert (main["coverage"], main["expected_s"], main["gap_count"]) == (1, 4 * 3600 + 120, 0)
    assert [(each["reason"], each["missing"]) for each in main["reasons"]] == [("off_schedule", False)]
    days = watched.get("/api/cameras/{id}/recording-days", until=str(DAY - timedelta(days=1)), days=2)["items"]
    assert [(each["day"], each["coverage"]) for each in days] == [("2026-11-18", None), ("2026-11-19", None)]


def test_a_camera_that_was_not_recorded_in_a_class_session_is_missing_only_there(empty: Service, world: World) -> None:
    watched = Watched.of(empty, world)
    watched.by_timetable((hour(8), hour(12)), (hour(14), hour(16)))
    watched.recorded(hour(8) - timedelta(minutes=1), 4 * 3600 + 120, "off_schedule")
    watched.at(hour(30))
    watched.says(state="resting", cause="off_schedule")
    (main,) = watched.get("/api/cameras/{id}/recording-report", day=str(DAY))["streams"]
    assert (main["recorded_s"], main["missing_s"]) == (4 * 3600 + 120, 2 * 3600 + 120)
    assert {each["reason"]: (each["seconds"], each["missing"]) for each in main["reasons"]} == {
        "off_schedule": (24 * 3600 - 6 * 3600 - 240, False),
        "not_started": (2 * 3600 + 120, True),
    }
    gap = watched.get("/api/cameras/{id}/status")["streams"][0]["last_gap"]
    assert (gap["reason"], gap["from"]) == ("not_started", "2026-11-20T05:59:00.000000Z")


def test_a_camera_with_a_timetable_that_was_never_recorded_misses_its_class_sessions(
    empty: Service, world: World
) -> None:
    watched = Watched.of(empty, world)
    watched.by_timetable((hour(8), hour(12)))
    watched.at(hour(30))
    (main,) = watched.get("/api/cameras/{id}/recording-report", day=str(DAY))["streams"]
    assert (main["coverage"], main["missing_s"]) == (0, 4 * 3600 + 120)


def test_a_camera_that_was_switched_off_misses_nothing_from_then_on(watched: Watched) -> None:
    watched.recorded(hour(24), 3600, "stopped")
    client = watched.service.client("administrator")
    assert client.patch(f"/api/cameras/{watched.camera_id}", json={"enabled": False}).status_code == 200
    (main,) = watched.get("/api/cameras/{id}/recording-report")["streams"]
    assert (main["coverage"], [each["reason"] for each in main["reasons"]]) == (1, ["switched_off"])
    watched.at(hour(50))
    names = [item["camera_name"] for item in watched.get("/api/recording-report")["items"]]
    assert "Watched" not in names and len(names) == 2


def test_imported_footage_is_counted_apart_and_does_not_cover_missing_time(empty: Service, world: World) -> None:
    watched = Watched.of(empty, world)
    watched.recorded(hour(-30), 1800, "import_done", origin="imported")
    watched.recorded(hour(2), 1800, "import_done", origin="imported")
    watched.recorded(hour(12), 6 * 3600, None)
    watched.at(hour(24))
    days = watched.get("/api/cameras/{id}/recording-days", until=str(DAY), days=3)["items"]
    shown = [(each["imported_s"], each["recorded_s"], each["coverage"]) for each in days]
    before, _, today = shown
    assert before == (1800, 0, None)
    assert today == (1800, 6 * 3600, pytest.approx(6 / 23.5))
    (main,) = watched.get("/api/cameras/{id}/recording-report", day=str(DAY))["streams"]
    assert (main["imported_s"], main["expected_s"], main["missing_s"]) == (1800, 23.5 * 3600, 17.5 * 3600)
    client = watched.service.client("administrator")
    answer = client.get("/api/recording-report.csv", params={"day": str(DAY)})
    head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert [row[head.index("导入秒数")] for row in rows if row[3] == "Watched"] == ["1800.0"]
    assert "shike_stream_imported_today_seconds" in client.get("/metrics").text


def test_after_an_import_a_day_and_the_time_line_say_that_recording_had_not_begun(empty: Service, world: World) -> None:
    watched = Watched.of(empty, world)
    watched.recorded(hour(-40), 1800, "import_done", origin="imported")
    watched.recorded(hour(2), 1800, "import_done", origin="imported")
    watched.recorded(hour(12), 12 * 3600, None)
    watched.at(hour(24))
    (main,) = watched.get("/api/cameras/{id}/recording-report", day=str(DAY))["streams"]
    assert [(each["reason"], each["seconds"]) for each in main["reasons"]] == [("not_recorded", 11.5 * 3600)]
    before = watched.get("/api/cameras/{id}/recording-report", day=str(DAY - timedelta(days=2)))["streams"][0]
    assert [each["reason"] for each in before["reasons"]] == ["not_registered"]
    span = {"from": hour(0).isoformat(), "to": hour(24).isoformat()}
    gaps = watched.get("/api/cameras/{id}/timeline", **span)["gaps"]
    assert [gap["reason"] for gap in gaps] == ["not_recorded"] * 2


def test_playback_names_the_gaps_that_the_report_of_the_same_day_names(empty: Service, world: World) -> None:
    watched = Watched.of(empty, world)
    watched.recorded(hour(-23.9), 3600, "connection_lost")
    watched.recorded(hour(-20), 3600, "killed")
    watched.recorded(hour(1), 3600, "settings_changed")
    with watched.service.database.writing() as db:
        camera = db.get(CameraRow, watched.camera_id)
        assert camera is not None
        camera.created_at, camera.enabled = hour(-23.95), False
    watched.at(hour(24))
    reasons = []
    for day in (DAY - timedelta(days=1), DAY):
        begin = hour(0) + (day - DAY)
        report = watched.get("/api/cameras/{id}/recording-report", day=str(day))
        span = {"from": begin.isoformat(), "to": (begin + timedelta(days=1)).isoformat()}
        gaps = watched.get("/api/cameras/{id}/timeline", **span)["gaps"]
        assert report["gaps"][0]["gaps"] == [gap for gap in gaps if gap["reason"] not in NOT_MISSING]
        reasons += [gap["reason"] for gap in gaps]
    assert reasons == [
        *("not_registered", "not_recorded", "connection_lost", "killed"),
        *("killed", "switched_off"),
    ]


def test_the_reason_before_the_first_run_does_not_change_later(empty: Service, world: World) -> None:
    watched = Watched.of(empty, world)
    watched.recorded(hour(1), 3600, "connection_lost")
    watched.at(hour(2.5))
    watched.says(state="backing_off", cause="unreachable")

    def not_begun() -> list[float]:
        (main,) = watched.get("/api/cameras/{id}/recording-report", day=str(DAY))["streams"]
        return [each["seconds"] for each in main["reasons"] if each["reason"] == "not_recorded"]

    assert not_begun() == [3600]
    policy = {"mode": "timetable", "margin_before_min": 10, "margin_after_min": 5, "audio": False, "g711": "drop"}
    room = f"/api/rooms/{world.rooms[0]}/recording-policy"
    answer = watched.service.client("administrator").put(room, json={**policy, "reason": "classes only"})
    assert answer.status_code == 200, answer.text
    watched.at(hour(3))
    watched.says(state="resting", cause="off_schedule")
    assert not_begun() == [3600]


def test_all_cameras_in_scope_come_with_the_worst_first(watched: Watched) -> None:
    first = watched.get("/api/recording-report", day=str(DAY))["items"]
    assert first[0]["camera_name"] == "Watched"
    assert [item["streams"][0]["coverage"] for item in first] == [pytest.approx(84_540 / 86_400), None, None]
    assert (
        watched.get("/api/recording-report", "second institution", day=str(DAY))["items"][0]["camera_id"]
        == watched.world.cameras[1]
    )


def test_the_last_days_stand_in_a_row_and_a_gap_over_midnight_is_in_both(empty: Service, world: World) -> None:
    watched = Watched.of(empty, world)
    watched.recorded(hour(-24), 23 * 3600, "killed")
    watched.recorded(hour(1), 23 * 3600, None)
    watched.at(hour(24))
    days = watched.get("/api/cameras/{id}/recording-days", until=str(DAY), days=31)["items"]
    assert len(days) == 31 and [each["coverage"] for each in days[:29]] == [None] * 29
    assert [(each["day"], each["gap_count"], each["expected_s"] - each["recorded_s"]) for each in days[29:]] == [
        ("2026-11-19", 1, 3600),
        ("2026-11-20", 1, 3600),
    ]


def test_the_report_covers_what_the_time_line_covers(empty: Service, world: World) -> None:
    """Spans and gaps are the same from stretches, joined in the database, and from pieces."""
    watched, dice = Watched.of(empty, world), random.Random(11)
    at = hour(-3)
    while at < hour(27):
        seconds = dice.choice([0.4, 20, 90, 3600, 9000])
        lost = dice.choice([None, None, 0, 1, 30])
        watched.recorded(at, seconds, dice.choice([None, "killed", "camera_silent"]), lost=lost)
        at += timedelta(seconds=seconds + dice.choice([0, 0.3, 5, 700, -2]))
    archive, spool = Archive(empty.settings.footage_dir), Spool(empty.settings.spool_dir)
    start, end, camera = to_us(MIDNIGHT), to_us(hour(24)), watched.camera_id
    now = end + 1
    pieces = Footage(archive, spool, empty.database.reading).pieces(camera, "main", start, end)
    stretches = Stretches(archive, spool, empty.database.reading).of_range([camera], start, end)[camera, "main"]
    by_piece, by_stretch = (coverage(StreamFacts(start, end, now, each)) for each in (pieces, stretches))
    assert by_piece.gaps == by_stretch.gaps and len(by_piece.gaps) > 5
    assert by_piece.spans == by_stretch.spans


def test_records_in_the_spool_count_like_rows_of_the_index(filmed: Filmed) -> None:
    service = filmed.service
    archive, spool = Archive(service.settings.footage_dir), Spool(service.settings.spool_dir)
    stretches = Stretches(archive, spool, service.database.reading)
    indexed = totals(stretches, filmed)
    late = filmed.records[-2:]
    for record in late:
        spool.put(record)
    assert totals(stretches, filmed) == indexed
    with service.database.writing() as db:
        db.execute(delete(SegmentRow).where(SegmentRow.id.in_([record.identity.segment_id for record in late])))
    assert totals(stretches, filmed) == indexed
    assert sum(size for _, size in indexed.values()) == sum(record.size for record in filmed.records)


class LongSpool(Spool):
    """A spool with very many records, as after days without a database."""

    def pending(self, without: Container[str] = ()) -> Iterator[SegmentRecord]:
        for record in super().pending(without):
            for _ in range(6_000):
                yield replace(record, identity=replace(record.identity, segment_id=new_id()))


def test_a_spool_of_any_length_fits_into_the_queries(filmed: Filmed) -> None:
    service = filmed.service

    def few_values(connection: object, *_: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 5_000)

    spool = LongSpool(service.settings.spool_dir)
    spool.put(filmed.main[-1])
    event.listen(service.database.engine, "checkout", few_values)
    by_stream = Stretches(filmed.archive, spool, service.database.reading).of_range(
        [CAMERA], filmed.start_us, filmed.end_us
    )
    assert len(by_stream[CAMERA, "main"]) > 6_000


def totals(stretches: Stretches, filmed: Filmed) -> dict[str, tuple[float, int]]:
    """Seconds and bytes per stream. Seconds to a tenth: segments of a run may be a few µs apart."""
    start_us, end_us = filmed.start_us - 10_000_000, filmed.end_us + 10_000_000
    by_stream = stretches.of_range([CAMERA], start_us, end_us)
    return {
        stream: (round(sum(each.end_us - each.start_us for each in own) / 1e6, 1), sum(each.size for each in own))
        for (_, stream), own in by_stream.items()
    }


def test_an_open_segment_counts_up_to_its_newest_byte(filmed: Filmed, sim: CameraSim, tmp_path: Path) -> None:
    service = filmed.service
    archive, spool = Archive(service.settings.footage_dir), Spool(service.settings.spool_dir)
    recording = sharing(service.settings.data_dir, Lengths(segment_s=60))
    thread = camera_thread(sim, recording)
    thread.start()
    try:
        wait_until(lambda: len(getattr(archive.tail(CAMERA, "main"), "fragments", ())) > 3, "some fragments are there")
        stretches = Stretches(archive, spool, service.database.reading)
        tail, now_us = archive.tail(CAMERA, "main"), service.clock.now()
        (opened,) = [e for e in stretches.of_range([CAMERA], filmed.end_us, now_us)[CAMERA, "main"] if e.is_open]
    finally:
        thread.stop()
        thread.join(20)
    assert tail is not None and opened.run_id == tail.identity.run_id
    assert opened.start_us == tail.fragments[0].wall_us
    assert opened.end_us >= tail.fragments[-1].wall_us and opened.size >= tail.fragments[-1].end


@pytest.mark.parametrize("query", [{"day": "1999-12-31"}, {"day": "yesterday"}, {"days": 32}, {"days": 0}])
def test_invalid_days_are_refused_with_their_field(watched: Watched, query: dict[str, str]) -> None:
    answer = watched.service.client("supervisor").get(
        f"/api/cameras/{watched.camera_id}/recording-days", params=query | {"until": query.get("day", str(DAY))}
    )
    assert answer.status_code == 422 and answer.json()["errors"]


def test_a_day_to_come_is_neither_recorded_nor_missing(watched: Watched) -> None:
    (main,) = watched.get("/api/cameras/{id}/recording-report", day="2030-01-01")["streams"]
    assert (main["coverage"], main["gap_count"]) == (None, 0)


def test_a_day_of_a_camera_is_read_without_a_fragment_table(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "shike.attendance.footage.index.unpack", lambda _table: pytest.fail("a fragment table was unpacked")
    )
    began = time.process_time()
    watched.get("/api/cameras/{id}/recording-report", day=str(DAY))
    watched.get("/api/cameras/{id}/status")
    assert time.process_time() - began < 5  # about 0.06 on two idle cores
