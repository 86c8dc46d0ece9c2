"""Subsidy decisions of a class through the service: deciding, versions, reasons and permissions."""

from sqlalchemy import select, update

from shike.attendance.tables.judgement import AttendanceRecordRow, FlagRow
from shike.attendance.tables.training import EnrolmentRow, TrainingClassRow
from tests.api.service import Service, World
from tests.api.taught import Taught, add_class, add_record, add_trainee


def verdicts(answer: dict[str, object]) -> dict[str, tuple[object, object]]:
    items = answer["items"]
    assert isinstance(items, list)
    return {item["trainee_name"]: (item["verdict"], item["amount_fen"]) for item in items}


def test_a_class_nobody_has_decided_shows_its_trainees_without_a_verdict(empty: Service, world: World) -> None:
    taught = Taught.of(empty, world)
    client = empty.client("supervisor")
    answer = client.get(taught.path()).json()
    assert set(verdicts(answer).values()) == {(None, None)}
    assert answer["totals"] == [{"verdict": None, "people": 4, "amount_fen": 0}]
    assert client.get(taught.path("李秀兰")).json()["code"] == "decision_not_found"


def test_one_class_can_hold_all_four_verdicts(empty: Service, world: World) -> None:
    taught = Taught.of(empty, world)
    # A class of 技师 has all four verdicts: a trainee who pays for herself is referred.
    with empty.database.writing() as db:
        db.execute(update(TrainingClassRow).values(level="技师"))
    answer = empty.client("supervisor").post(taught.path(), json={}).json()
    assert verdicts(answer) == {
        "李秀兰": ("review", 350_000),
        "王强": ("eligible", 350_000),
        "赵敏": ("not_eligible", None),
        "陈静": ("referred", None),
    }
    assert (answer["new"], answer["unchanged"]) == (4, 0)
    assert {total["verdict"]: total["amount_fen"] for total in answer["totals"]}["eligible"] == 350_000


def test_a_decision_names_clause_parameter_facts_and_the_flag_that_it_waits_for(empty: Service, world: World) -> None:
    taught = Taught.of(empty, world)
    client = empty.client("supervisor")
    client.post(taught.path(), json={})
    decision = client.get(taught.path("李秀兰")).json()
    assert (decision["verdict"], decision["amount_fen"], decision["sentence"]["code"]) == ("review", 150_000, "review")
    reasons = {reason["code"]: reason for reason in decision["reasons"]}
    flagged = reasons["session_flags"]
    assert (flagged["met"], flagged["clause"], flagged["facts"]["codes"]) == (None, "S31", "LATE_START")
    assert flagged["evidence"] == [{"kind": "flag", "id": taught.flag, "url": f"/api/flags/{taught.flag}"}]
    assert "学员出勤等现场图像" in flagged["quote"]
    assert decision["missing"] == [{"fact": "flag_verdict", "who": "supervisor"}]
    assert reasons["rate"]["parameter"] == {
        "name": "upgrade_rate[中级工]",
        "value": "150000",
        "unit": "fen",
        "from": "2020-05-16",
        "source": "全人社发〔2020〕63号",
        "locality": None,
    }
    attended = reasons["attendance"]
    assert (attended["met"], attended["clause"], attended["parameter"]["source"]) == (True, None, "setting")
    assert [cell["sure_hours"] for cell in decision["sessions"]] == ["4.0"] * 5
    assert [cell["flags"] for cell in decision["sessions"]][-1][0]["code"] == "LATE_START"
    assert decision["trainee"]["id_number_masked"] == "341124********2047"


def test_a_confirmed_flag_stays_in_the_decision_and_a_rejected_one_frees_it(empty: Service, world: World) -> None:
    taught = Taught.of(empty, world)
    client = empty.client("supervisor")
    for state, verdict, standing in (("confirmed", "review", 1), ("rejected", "eligible", 0)):
        with empty.database.writing() as db:
            db.execute(update(FlagRow).values(state=state))
        client.post(taught.path(), json={})
        decision = client.get(taught.path("李秀兰")).json()
        reasons = {reason["code"]: reason for reason in decision["reasons"]}
        assert (decision["verdict"], reasons["session_flags"]["facts"]["standing"]) == (verdict, standing)
    assert [each["verdict"] for each in decision["history"]] == ["eligible", "review"]


def test_deciding_again_without_anything_new_keeps_the_version(empty: Service, world: World) -> None:
    taught = Taught.of(empty, world)
    client = empty.client("auditor")
    client.post(taught.path(), json={})
    again = client.post(taught.path(), json={}).json()
    assert (again["new"], again["unchanged"]) == (0, 4)
    assert {item["version"] for item in again["items"]} == {1}


def test_a_decision_shows_that_facts_have_changed_and_the_next_version_uses_them(empty: Service, world: World) -> None:
    taught = Taught.of(empty, world)
    client = empty.client("supervisor")
    client.post(taught.path(), json={})
    assert client.get(taught.path("王强")).json()["current"] is True
    with empty.database.writing() as db:
        changed = update(EnrolmentRow).where(EnrolmentRow.trainee_id == taught.trainees["王强"])
        db.execute(changed.values(result="failed"))
    stale = client.get(taught.path("王强")).json()
    assert (stale["current"], stale["verdict"]) == (False, "eligible")
    assert [line["current"] for line in client.get(taught.path()).json()["items"]].count(False) == 1
    made = client.post(taught.path(), json={}).json()
    assert (made["new"], made["unchanged"]) == (1, 3)
    decision = client.get(taught.path("王强")).json()
    assert (decision["version"], decision["verdict"], decision["current"]) == (2, "not_eligible", True)
    assert [each["version"] for each in decision["history"]] == [2, 1]


def test_hours_in_a_contradicted_window_are_contested_and_not_dropped(empty: Service, world: World) -> None:
    taught = Taught.of(empty, world)
    person = taught.trainees["李秀兰"]
    with empty.database.reading() as db:
        record = db.scalars(
            select(AttendanceRecordRow.body).where(AttendanceRecordRow.class_session_id == taught.sessions[0])
        ).one()
    people = [
        each | {"status": "review", "review": ["SIGNIN_GT_COUNT"]} if each["trainee_id"] == person else each
        for each in record["people"]
    ]
    start = next(each["first_in_us"] for each in people if each["trainee_id"] == person)
    window = {"code": "SIGNIN_GT_COUNT", "start_us": start, "end_us": start + 45 * 60_000_000}
    add_record(empty, taught.sessions[0], taught.trainees, set(), version=2, people=people, review=[window])
    client = empty.client("supervisor")
    client.post(taught.path(), json={})
    cell = client.get(taught.path("李秀兰")).json()["sessions"][0]
    assert (cell["sure_hours"], cell["contested_hours"], cell["record_version"]) == ("3.0", "1.0", 2)


def test_a_person_gets_no_second_subsidy_for_the_same_level_at_another_institution(
    empty: Service, world: World
) -> None:
    earlier = Taught.of(empty, world)
    client = empty.client("supervisor")
    client.post(earlier.path(), json={})
    later = add_class(empty, world, number="2026-08", level="中级工", starts_on="2026-10-13")
    again = add_trainee(empty, world.institutions[1], later, "王强", id_number_hash="hash of 王强")
    client.post(f"/api/classes/{later}/decisions", json={})
    decision = client.get(f"/api/classes/{later}/decisions/{again}").json()
    reasons = {reason["code"]: reason for reason in decision["reasons"]}
    assert (reasons["same_level"]["met"], reasons["same_level"]["facts"]["earlier"]) == (
        False,
        "2026-10 中式烹调师 中级工",
    )
    assert reasons["yearly_cap"]["facts"]["had"] == 1


def test_a_class_from_before_the_first_rate_is_an_error_and_leaves_nothing(empty: Service, world: World) -> None:
    taught = Taught.of(empty, world)
    with empty.database.writing() as db:
        db.execute(update(TrainingClassRow).values(starts_on="2020-05-15"))
    client = empty.client("supervisor")
    answer = client.post(taught.path(), json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_value_yet")
    assert "2020-05-15" in answer.json()["hint"]
    assert set(verdicts(client.get(taught.path()).json()).values()) == {(None, None)}


def test_an_institution_reads_its_own_decisions_and_makes_none(empty: Service, world: World) -> None:
    taught = Taught.of(empty, world)
    empty.client("supervisor").post(taught.path(), json={})
    own, other = empty.client("institution"), empty.client("second institution")
    assert own.get(taught.path("王强")).json()["verdict"] == "eligible"
    assert own.post(taught.path(), json={}).status_code == 403
    for path in (taught.path(), taught.path("王强")):
        assert other.get(path).status_code == 404
    assert empty.client("administrator of city 2").post(taught.path(), json={}).status_code == 404


def test_the_audit_trail_names_the_person_who_decided_and_the_result(empty: Service, world: World) -> None:
    taught = Taught.of(empty, world)
    empty.client("supervisor").post(taught.path(), json={})
    (line,) = empty.client("auditor").get("/api/audit-events", params={"action": "decision"}).json()["items"]
    assert (line["account_name"], line["target"]) == ("Supervisor", "2026-07 中式烹调师")
    assert line["detail"]["new"] == 4
    assert line["detail"]["verdicts"]["review"] >= 1


def test_hours_stay_credited_after_the_verdict_undecidable(empty: Service, world: World) -> None:
    taught = Taught.of(empty, world)
    last, person = taught.sessions[-1], taught.trainees["李秀兰"]
    with empty.database.reading() as db:
        record = db.scalars(select(AttendanceRecordRow.body).where(AttendanceRecordRow.class_session_id == last)).one()
    (own,) = (each for each in record["people"] if each["trainee_id"] == person)
    own |= {"status": "review", "review": ["EMPTY_ROOM"]}
    window = {"code": "EMPTY_ROOM", "start_us": own["first_in_us"], "end_us": own["last_out_us"]}
    add_record(empty, last, taught.trainees, set(), version=2, people=[own], review=[window])
    client = empty.client("supervisor")
    for state, sure in (("open", "0.0"), ("undecidable", "4.0")):
        with empty.database.writing() as db:
            db.execute(update(FlagRow).values(code="EMPTY_ROOM", state=state))
        client.post(taught.path(), json={})
        assert client.get(taught.path("李秀兰")).json()["sessions"][-1]["sure_hours"] == sure


def test_without_a_sign_out_credited_hours_stay_and_a_person_decides_about_the_rest(
    empty: Service, world: World
) -> None:
    taught = Taught.of(empty, world)
    last, person = taught.sessions[-1], taught.trainees["李秀兰"]
    with empty.database.reading() as db:
        record = db.scalars(select(AttendanceRecordRow.body).where(AttendanceRecordRow.class_session_id == last)).one()
    (own,) = (each for each in record["people"] if each["trainee_id"] == person)
    own |= {"status": "review", "review": ["no_sign_out"], "last_out_us": None}
    own |= {"credited_minutes": 45, "lesson_hours": "1.0"}
    add_record(empty, last, taught.trainees, set(), version=2, people=[own])
    client = empty.client("supervisor")
    client.post(taught.path(), json={})
    cell = client.get(taught.path("李秀兰")).json()["sessions"][-1]
    assert (cell["sure_hours"], cell["contested_hours"]) == ("1.0", "3.0")
