"""Importing files of rosters, timetables and sign-ins: dry runs, refused rows, and importing again."""

import time
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from shike.attendance.tables.base import Base
from shike.attendance.tables.training import ClassSessionRow, EnrolmentRow, SignEventRow, TraineeRow
from shike.attendance.training.csv_files import MOST_ROWS
from shike.attendance.training.id_numbers import check_character
from tests.api.service import Service, World


def number(order: int) -> str:
    """A valid ID number, a different one for each `order`: a thousand people are born on each day."""
    born = date(1990, 3, 7) + timedelta(days=order // 1000)
    first_17 = f"341124{born:%Y%m%d}{order % 1000:03d}"
    return first_17 + check_character(first_17)


ROSTER = f"""学员名册
姓名,身份证号,手机号,用人单位,入职日期,备注
张三,{number(1)},13800000001,甲厂,2029/12/1,
李四,{number(2).lower()},,甲厂,2029-12-02,
王五,341124199003070030,,乙厂,2029年12月3日,
,{number(4)},,乙厂,昨天,
"""
CORRECTED = ROSTER.replace("341124199003070030", number(3)).replace(
    f",{number(4)},,乙厂,昨天", f"赵六,{number(4)},,乙厂,"
)
TIMETABLE = """课次,日期,开始时间,结束时间,教室,教师,类型,休息
2,2030-01-08,09:00,11:30,{room},李老师,理论,10:00-10:10
3,2030/1/8,14:00,16:30,{room},李老师,实操,
"""
YEARS_S = 3600 * 24 * 365 * 4  # after these years the class has begun


def send(
    client: httpx.Client, world: World, kind: str, text: str, *, encoding: str = "utf-8", **query: bool
) -> httpx.Response:
    return client.post(
        f"/api/imports/{kind}",
        params={"class_id": world.planned[0].class_id, **query},
        content=text.encode(encoding),
        headers={"Content-Type": "text/csv"},
    )


def count(service: Service, entity: type[Base]) -> int:
    with service.database.reading() as db:
        return db.scalar(select(func.count()).select_from(entity)) or 0


def counts(answer: httpx.Response) -> tuple[int, int, int, int]:
    body = answer.json()
    return body["created"], body["updated"], body["unchanged"], body["refused"]


def room_name(service: Service, world: World) -> str:
    name = service.client("institution").get(f"/api/rooms/{world.rooms[0]}").json()["name"]
    assert isinstance(name, str)
    return name


def test_a_roster_with_two_bad_rows_is_stored_only_after_they_are_corrected(empty: Service, world: World) -> None:
    client, before = empty.client("institution"), count(empty, TraineeRow)
    tried = send(client, world, "roster", ROSTER)
    body = tried.json()
    assert (body["rows"], body["applied"], counts(tried)) == (4, False, (2, 0, 0, 2))
    assert body["ignored_columns"] == ["备注"]
    assert [(error["row"], error["field"], error["code"], error["value_masked"]) for error in body["errors"]] == [
        (5, "id_number", "checksum", "341*************30"),
        (6, "name", "required", ""),
        (6, "hire_date", "not_a_date", "昨天"),
    ]
    assert count(empty, TraineeRow) == before
    corrected = send(client, world, "roster", CORRECTED)
    assert (corrected.json()["applied"], counts(corrected)) == (True, (4, 0, 0, 0))
    names = [row["name"] for row in client.get(f"/api/classes/{world.planned[0].class_id}/enrolments").json()["items"]]
    assert sorted(names) == sorted(["Somebody", "张三", "李四", "王五", "赵六"])


def test_a_dry_run_reports_the_result_and_stores_nothing(empty: Service, world: World) -> None:
    client, before = empty.client("institution"), count(empty, EnrolmentRow)
    tried = send(client, world, "roster", CORRECTED, dry_run=True)
    assert (tried.json()["dry_run"], tried.json()["applied"], counts(tried)) == (True, False, (4, 0, 0, 0))
    assert count(empty, EnrolmentRow) == before
    assert counts(send(client, world, "roster", CORRECTED)) == (4, 0, 0, 0)


def test_bad_rows_are_left_out_only_with_skip_bad(empty: Service, world: World) -> None:
    kept = send(empty.client("institution"), world, "roster", ROSTER, skip_bad=True)
    assert (kept.json()["applied"], counts(kept)) == (True, (2, 0, 0, 2))


def test_the_same_roster_again_changes_nothing_and_empty_cells_remove_nothing(empty: Service, world: World) -> None:
    client = empty.client("institution")
    send(client, world, "roster", CORRECTED)
    assert counts(send(client, world, "roster", CORRECTED, encoding="gb18030")) == (0, 0, 4, 0)
    results = f"姓名,身份证号,手机号,考核结果,证书等级\n张三,{number(1)},,合格,四级\n"
    assert counts(send(client, world, "roster", results)) == (0, 1, 0, 0)
    rows = client.get(f"/api/classes/{world.planned[0].class_id}/enrolments").json()["items"]
    row = next(row for row in rows if row["name"] == "张三")
    assert (row["phone"], row["employer"], row["hire_date"]) == ("13800000001", "甲厂", "2029-12-01")
    assert (row["result"], row["certificate_level"], row["joined_on"]) == ("passed", "中级工", "2030-01-07")


def test_a_row_with_a_person_twice_or_under_another_name_is_refused(empty: Service, world: World) -> None:
    client = empty.client("institution")
    send(client, world, "roster", CORRECTED)
    old = number(1)[:6] + number(1)[8:17]  # the same person, by a 15-digit number from before 1999
    text = f"姓名,身份证号\n张三,{number(1)}\n张三,{old}\n李斯,{number(2)}\n"
    errors = send(client, world, "roster", text).json()["errors"]
    assert [(error["row"], error["code"]) for error in errors] == [(3, "duplicate"), (4, "name_differs")]


def test_an_id_number_is_only_stored_encrypted_and_never_returned(empty: Service, world: World) -> None:
    client = empty.client("institution")
    texts = [send(client, world, "roster", ROSTER).text, send(client, world, "roster", CORRECTED).text]
    texts += [client.get(f"/api/classes/{world.planned[0].class_id}/enrolments").text]
    texts += [client.get("/api/trainees").text, empty.client("administrator").get("/api/audit-events").text]
    assert not any(number(order) in text for text in texts for order in (1, 2, 3, 4))
    assert "341124********" in texts[2]
    files = Path(empty.settings.data_dir / "db").iterdir()
    assert not any(number(1).encode() in file.read_bytes() for file in files)


def test_a_timetable_is_imported_once_and_a_changed_row_updates_its_session(empty: Service, world: World) -> None:
    client, text = empty.client("institution"), TIMETABLE.format(room=room_name(empty, world))
    assert counts(send(client, world, "timetable", text)) == (2, 0, 0, 0)
    assert counts(send(client, world, "timetable", text)) == (0, 0, 2, 0)
    assert counts(send(client, world, "timetable", text.replace("16:30", "17:00"))) == (0, 1, 1, 0)
    rows = client.get(f"/api/classes/{world.planned[0].class_id}/sessions").json()["items"]
    assert [(row["sequence"], row["kind"]) for row in rows] == [(1, "theory"), (2, "theory"), (3, "practice")]
    assert rows[2]["ends_at"] == "2030-01-08T09:00:00.000000Z"
    assert rows[1]["breaks"] == [{"from": "2030-01-08T02:00:00.000000Z", "to": "2030-01-08T02:10:00.000000Z"}]
    less = "课次,日期,开始时间,结束时间\n2,2030-01-08,09:00,11:30\n"
    assert counts(send(client, world, "timetable", less)) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("line", "field", "code"),
    [
        ("2,2030-01-08,11:30,09:00,,", "end", "not_after_start"),
        ("2,2030-01-08,09:00,11:30,,11:00-12:00", "breaks", "outside_session"),
        ("2,2030-01-08,09:00,11:30,,soon", "breaks", "not_breaks"),
        ("2,2030-01-08,09:00,11:30,nowhere,", "room", "not_found"),
        ("2,2030-02-08,09:00,11:30,,", "date", "outside_class"),
        ("2,2030-02-30,09:00,11:30,,", "date", "not_a_date"),
        ("2,2030-01-07,10:00,13:30,,", "start", "overlaps"),
        ("0,2030-01-08,09:00,11:30,,", "sequence", "not_a_number"),
    ],
)
def test_an_impossible_row_of_a_timetable_is_refused_with_the_reason(
    empty: Service, world: World, line: str, field: str, code: str
) -> None:
    text = f"课次,日期,开始时间,结束时间,教室,休息\n{line}\n"
    errors = send(empty.client("institution"), world, "timetable", text).json()["errors"]
    assert [(error["field"], error["code"]) for error in errors] == [(field, code)]


def test_an_institution_cannot_move_a_session_that_has_begun_and_an_administrator_can(
    empty: Service, world: World
) -> None:
    empty.clock.move(YEARS_S)
    text = "课次,日期,开始时间,结束时间\n1,2030-01-07,09:30,12:00\n"
    errors = send(empty.client("institution"), world, "timetable", text).json()["errors"]
    assert [error["code"] for error in errors] == ["already_started"]
    assert counts(send(empty.client("administrator"), world, "timetable", text)) == (0, 1, 0, 0)


def test_sign_ins_are_matched_to_people_and_sessions_and_stored_once(empty: Service, world: World) -> None:
    client = empty.client("institution")
    send(client, world, "roster", CORRECTED)
    empty.clock.move(YEARS_S)
    client = empty.client("institution")
    text = f"""课次,姓名,身份证号,签到时间,签退时间,设备
1,张三,{number(1)},08:55,12:01,reader 1
1,李四,,2030-01-07 08:56:30,,reader 1
,王五,{number(3)},2030/1/7 9:20,2030/1/7 12:00,
1,赵六,{number(9)},08:55,,
1,赵六,{number(4)},12:00,09:00,
1,李四,{number(1)},08:55,,
7,张三,{number(1)},08:55,,
1,张三,{number(1)},2030-01-09 08:55,,
"""
    kept = send(client, world, "sign_events", text, skip_bad=True)
    assert counts(kept) == (3, 0, 0, 5)
    assert [(error["row"], error["code"]) for error in kept.json()["errors"]] == [
        (5, "not_enrolled"),
        (6, "out_before_in"),
        (7, "name_differs"),
        (8, "not_found"),
        (9, "outside_session"),
    ]
    assert count(empty, SignEventRow) == 5
    assert counts(send(client, world, "sign_events", text, skip_bad=True)) == (0, 0, 3, 5)
    events = client.get(f"/api/class-sessions/{world.planned[0].class_session_id}/sign-events").json()["items"]
    assert [(event["name"], event["kind"], event["at"][11:19]) for event in events] == [
        ("张三", "in", "00:55:00"),
        ("李四", "in", "00:56:30"),
        ("王五", "in", "01:20:00"),
        ("王五", "out", "04:00:00"),
        ("张三", "out", "04:01:00"),
    ]


def test_a_file_with_one_event_per_row_as_card_readers_write_it_is_imported_too(empty: Service, world: World) -> None:
    client = empty.client("institution")
    send(client, world, "roster", CORRECTED)
    empty.clock.move(YEARS_S)
    client = empty.client("institution")
    text = "姓名,时间,签到类型\n张三,2030-01-07 08:50,签到\n张三,2030-01-07 12:00,签退\n张三,2030-01-07 12:00,\n"
    body = send(client, world, "sign_events", text, skip_bad=True).json()
    assert (body["created"], [error["code"] for error in body["errors"]]) == (2, ["required"])


def test_a_sign_in_in_the_future_is_refused(empty: Service, world: World) -> None:
    client = empty.client("institution")
    send(client, world, "roster", CORRECTED)
    errors = send(client, world, "sign_events", "课次,姓名,签到时间\n1,张三,09:00\n").json()["errors"]
    assert [(error["field"], error["code"]) for error in errors] == [("signed_in_at", "in_future")]


def test_a_class_out_of_scope_is_not_found(empty: Service, world: World) -> None:
    for stranger in ("second institution", "administrator of city 2"):
        assert send(empty.client(stranger), world, "roster", CORRECTED).status_code == 404
    assert send(empty.client("supervisor"), world, "roster", CORRECTED).status_code == 403


def test_the_error_of_a_file_that_is_no_table_names_the_file(empty: Service, world: World) -> None:
    client = empty.client("institution")
    for text, code in [("nothing", "no_headings"), ("姓名,身份证号\n", "empty")]:
        answer = send(client, world, "roster", text)
        error = answer.json()["errors"][0]
        assert (answer.status_code, error["field"], error["code"]) == (422, "file", code)
    assert send(client, world, "roster", "x" * 2_000_000).status_code == 413


def test_the_audit_trail_names_the_file_and_not_the_people(empty: Service, world: World) -> None:
    client = empty.client("institution")
    send(client, world, "roster", CORRECTED, dry_run=True)
    send(client, world, "roster", CORRECTED)
    events = empty.client("auditor").get("/api/audit-events", params={"action": "import"}).json()["items"]
    assert len(events) == 1
    detail = events[0]["detail"]
    assert (detail["kind"], detail["rows"], detail["created"], len(detail["sha256"])) == ("roster", 4, 4, 64)


@pytest.mark.parametrize("kind", ["roster", "timetable", "sign_events"])
def test_a_template_is_offered_in_both_languages(empty: Service, world: World, kind: str) -> None:
    for language in ("zh", "en"):
        answer = empty.client("institution").get(f"/api/imports/{kind}/template.csv", params={"language": language})
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.content.startswith(b"\xef\xbb\xbf")


def test_the_largest_roster_is_imported_within_seconds(empty: Service, world: World) -> None:
    text = "姓名,身份证号\n" + "".join(f"学员{each},{number(each)}\n" for each in range(MOST_ROWS))
    client, started = empty.client("institution"), time.monotonic()
    assert counts(send(client, world, "roster", text)) == (MOST_ROWS, 0, 0, 0)
    assert time.monotonic() - started < 20
    assert count(empty, ClassSessionRow) == 2


def test_the_largest_file_of_sign_ins_without_session_numbers_is_imported_within_seconds(
    empty: Service, world: World
) -> None:
    client = empty.client("institution")
    send(client, world, "roster", "姓名,身份证号\n" + "".join(f"学员{each},{number(each)}\n" for each in range(2500)))
    empty.clock.move(YEARS_S)
    client = empty.client("institution")
    rows = [f"学员{each},{at},{kind}\n" for each in range(2500) for at, kind in (("08:55", "签到"), ("12:00", "签退"))]
    text = "姓名,时间,签到类型\n" + "".join(rows).replace(",08:", ",2030-01-07 08:").replace(",12:", ",2030-01-07 12:")
    started = time.monotonic()
    assert counts(send(client, world, "sign_events", text)) == (5000, 0, 0, 0)
    assert time.monotonic() - started < 20
