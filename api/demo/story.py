"""The class sessions of the demonstration: one that runs now, and one of yesterday, which began late.

Yesterday's footage is assembled from the empty and the occupied parts of room B's clip and imported. The product
computes counts, flags and decisions from that footage. People, numbers and firms are invented.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from shike.api.demo.client import DemoClient
from shike.attendance.training.id_numbers import check_character
from shike.camera_sim.media import samples, strip
from shike.camera_sim.media.assembly import ClipPart, assemble, groups_of
from shike.camera_sim.media.clip import ClipError
from shike.capture.moment import BEIJING

GROUP_S = 2.0
# Room B's clip: empty until 8 s, everybody seated from 30 s to 42 s, empty again from 58 s.
_EMPTY, _ARRIVING, _SEATED, _LEAVING = (0, 3), (4, 14), (15, 20), (21, 28)
BEFORE = timedelta(minutes=3)
PLANNED = timedelta(minutes=40)
PARTS = (
    ClipPart(*_EMPTY, seconds=BEFORE.total_seconds() + 16 * 60),
    ClipPart(*_ARRIVING, seconds=22),
    ClipPart(*_SEATED, seconds=23 * 60),
    ClipPart(*_LEAVING, seconds=16),
    ClipPart(*_EMPTY, seconds=60),
)
EXPECTED = 28
EMPLOYER = "全椒县襄河大酒店有限公司"
_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
_GIVEN = (
    *("建国", "秀兰", "海燕", "志明", "德福", "春梅", "玉华", "立新", "小红"),
    *("长江", "国庆", "丽娟", "文军", "爱民", "桂英", "金凤", "永强", "晓东"),
)


Say = Callable[[str], None]


@dataclass(frozen=True)
class InventedTrainee:
    """An invented trainee; the check character of the ID number is correct."""

    name: str
    id_number: str


def people(count: int, start: int) -> list[InventedTrainee]:
    """Invented trainees, the same at every start of the demonstration."""
    made = []
    for at in range(start, start + count):
        first_17 = f"341124{1970 + at % 30}{1 + at % 12:02d}{1 + at % 28:02d}{900 + at % 100}"
        name = _FAMILY[at % len(_FAMILY)] + _GIVEN[at * 7 % len(_GIVEN)]
        made.append(InventedTrainee(name, first_17 + check_character(first_17)))
    return made


def begin_class(client: DemoClient, rooms: dict[str, Any]) -> None:
    """Makes a class session in room A that begins now, with trainees signed in."""
    room, moment = rooms["201 教室"], datetime.now(UTC)
    if client.get("/api/class-sessions", state="running")["items"]:
        return
    known = client.get("/api/classes")["items"]
    existing = next((each for each in known if each["number"] == "2026-014"), None)
    start = moment.replace(microsecond=0)
    crowd = people(22, 100)
    made = existing or client.post(
        "/api/classes",
        institution_id=room["institution_id"],
        number="2026-014",
        name="电子商务师 中级 2 班",
        project_type="upgrade",
        occupation="电子商务师",
        level="中级工",
        starts_on=(start - timedelta(days=9)).date().isoformat(),
        ends_on=(start + timedelta(days=20)).date().isoformat(),
        planned_lesson_hours=40,
        funding_year=start.year,
    )
    client.upload("/api/imports/roster", roster(crowd), class_id=made["id"])
    created = client.post(
        "/api/class-sessions",
        class_id=made["id"],
        room_id=room["id"],
        teacher="葛蕾",
        starts_at=start.isoformat(),
        ends_at=(start + timedelta(minutes=90)).isoformat(),
    )
    rows = [["课次", "身份证号", "签到时间"]]
    for at, person in enumerate(crowd[:20]):
        rows.append([str(created["sequence"]), person.id_number, _local(start - timedelta(seconds=300 - 20 * at))])
    client.upload("/api/imports/sign_events", rows, class_id=made["id"])


def make_yesterday(client: DemoClient, rooms: dict[str, Any], data: Path, say: Say) -> None:
    """Makes yesterday's class session in room B: imports its footage and has it counted, judged and decided."""
    if any(each["number"] == "2026-007" for each in client.get("/api/classes")["items"]):
        return
    room = rooms["305 教室"]
    start = datetime.now(BEIJING).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=1)
    say("5/7  Importing yesterday's class session: 42 minutes of room B …")
    _import_footage(data, _camera(client, room["id"]), start)
    made = register_class(client, room, start)
    client.upload("/api/imports/roster", roster(people(EXPECTED + 1, 0), decided=True), class_id=made["id"])
    register_sessions(client, made, room, start)
    say("6/7  Counting it, and accepting the room by the true number of people in its pictures …")
    accept(client, room["id"])
    say("     The room is accepted; waiting for yesterday's flags …")
    session_id = session_of(client, made["id"], room["id"])
    _until(lambda: is_final(client, session_id), 240)
    client.post(f"/api/classes/{made['id']}/decisions")
    say("7/7  Yesterday's class session is judged, and the decisions about its class are made.")


def _import_footage(data: Path, camera_id: str, start: datetime) -> None:
    file = data / "yesterday.mp4"
    assemble(samples.folder() / "room-b-main.mp4", file, groups_of(PARTS, GROUP_S))
    command = [sys.executable, "-m", "shike.api.commands.cli", "ingest", str(file), "--camera", camera_id]
    moment = (start - BEFORE).isoformat()
    subprocess.run([*command, "--start", moment, "--simulated"], check=True, capture_output=True)
    file.unlink()


def register_class(client: DemoClient, room: dict[str, Any], start: datetime) -> Any:
    """The class of yesterday's session; it had three sessions before."""
    return client.post(
        "/api/classes",
        institution_id=room["institution_id"],
        number="2026-007",
        name="中式烹调师 技师 1 班",
        project_type="upgrade",
        occupation="中式烹调师",
        level="技师",
        starts_on=_days(start)[0].date().isoformat(),
        ends_on=start.date().isoformat(),
        planned_lesson_hours=13,
        funding_year=start.year,
    )


def _days(start: datetime) -> list[datetime]:
    return [start - timedelta(days=back) for back in (4, 3, 2)]


def register_sessions(client: DemoClient, made: Any, room: dict[str, Any], start: datetime) -> None:
    """Three sessions in a yard without camera, yesterday's in room B, their sign-ins, and one trainee on leave."""
    yard = client.post(
        "/api/rooms",
        institution_id=room["institution_id"],
        name="实训场地",
        seats=40,
        privacy_notice_posted=True,
        no_camera_reason="条件成熟后配备",
    )
    days, crowd = _days(start), people(EXPECTED + 1, 0)
    timetable = [["课次", "日期", "开始时间", "结束时间", "教室", "教师", "类型"]]
    for sequence, day in enumerate(days, 1):
        timetable.append([str(sequence), day.date().isoformat(), "09:00", "12:00", yard["name"], "周明", "实操"])
    end = start + PLANNED
    timetable.append(["4", start.date().isoformat(), "09:00", f"{end:%H:%M}", room["name"], "周明", "理论"])
    client.upload("/api/imports/timetable", timetable, class_id=made["id"])
    signs = [["课次", "身份证号", "签到时间", "签退时间"], *_signs(crowd, days, start)]
    client.upload("/api/imports/sign_events", signs, class_id=made["id"])
    _on_leave(client, made["id"], crowd[0])


def _signs(crowd: list[InventedTrainee], days: list[datetime], start: datetime) -> Iterator[list[str]]:
    for sequence, day in enumerate(days, 1):
        for at, person in enumerate(crowd):
            came = _local(day + timedelta(seconds=10 * at - 600))
            yield [str(sequence), person.id_number, came, _local(day + timedelta(hours=3, seconds=5 * at))]
    # Yesterday the first trainee was on leave and five did not come; the others signed in when the room filled.
    for at, person in enumerate(crowd[6:]):
        came = _local(start + timedelta(minutes=14, seconds=12 * at))
        yield ["4", person.id_number, came, _local(start + PLANNED + timedelta(seconds=2 * at))]


def _on_leave(client: DemoClient, class_id: str, person: InventedTrainee) -> None:
    enrolments = client.get(f"/api/classes/{class_id}/enrolments")["items"]
    trainee = next(each["trainee_id"] for each in enrolments if each["name"] == person.name)
    session = client.get("/api/class-sessions", class_id=class_id)["items"]
    last = max(session, key=lambda each: str(each["starts_at"]))
    client.post(f"/api/class-sessions/{last['id']}/leaves", trainee_id=trainee, reason="病假", approved_by="周明")


def roster(crowd: list[InventedTrainee], *, decided: bool = False) -> list[list[str]]:
    rows = [["姓名", "身份证号", "人员类别", "用人单位", "考核结果"]]
    for at, person in enumerate(crowd):
        # The second pays for herself; the third failed; all others passed.
        category, employer = ("个人自费", "") if decided and at == 1 else ("企业职工", EMPLOYER)
        result = ("不合格" if at == 2 else "合格") if decided else ""
        rows.append([person.name, person.id_number, category, employer, result])
    return rows


def accept(client: DemoClient, room_id: str) -> None:
    """Enters the true count of each picture that the acceptance page asks for, as a person would."""
    truth = json.loads((samples.folder() / "truth.json").read_text())

    def enter_next() -> bool:
        state = client.get(f"/api/rooms/{room_id}/acceptance")
        if state["accepted"] or state["next"] is None:
            return bool(state["accepted"])
        picture_at, camera_id = state["next"]["picture_at"], state["next"]["camera_ids"][0]
        seen = _seen(client, camera_id, datetime.fromisoformat(picture_at), truth)
        client.post(f"/api/rooms/{room_id}/acceptance", picture_at=picture_at, true_count=seen)
        return False

    _until(enter_next, 240, pause_s=0.5)


def _seen(client: DemoClient, camera_id: str, moment: datetime, truth: Any) -> int:
    """How many people a picture of room B shows. The strip along its edge encodes which second of the clip it is."""
    at = (moment + timedelta(milliseconds=50)).isoformat()  # main and sub-stream are some milliseconds apart
    jpeg = client.picture(f"/api/cameras/{camera_id}/picture.jpg", at=at, large="true")
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    mark = None if picture is None else strip.read(picture)
    if mark is None:
        raise ClipError(f"the picture of {moment} is not from the sample videos")
    return len(truth["truth"][mark.frame // truth["fps"]]["views"]["room-b"])


def is_final(client: DemoClient, session_id: str) -> bool:
    detail = client.get(f"/api/class-sessions/{session_id}/detail")
    return bool(detail["record"] and detail["record"]["final"] and detail["flags"])


def session_of(client: DemoClient, class_id: str, room_id: str) -> str:
    """The id of the first session of the class in a room."""
    return str(client.get("/api/class-sessions", class_id=class_id, room_id=room_id)["items"][0]["id"])


def _camera(client: DemoClient, room_id: str) -> str:
    return str(client.get("/api/cameras", room_id=room_id)["items"][0]["id"])


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def _until(done: Callable[[], bool], seconds: float, pause_s: float = 2.0) -> None:
    """Waits until `done` is true. TimeoutError if it takes too long."""
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise TimeoutError("yesterday's class session takes longer than it should; the logs say why")
        time.sleep(pause_s)
