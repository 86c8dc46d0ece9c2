"""Login, lock after wrong passwords, logout."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from shike.api.auth.guard import COOKIE
from shike.api.auth.roles import permissions_of
from shike.api.auth.tables import AccountRow, LoginSessionRow
from tests.api.service import PASSWORD, Service, World


def test_a_login_sets_a_cookie_that_scripts_and_other_sites_cannot_use(service: Service) -> None:
    answer = service.nobody().post("/api/login", json={"username": "auditor", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["permissions"] == sorted(permissions_of("auditor"))
    cookie = answer.headers["set-cookie"]
    for part in (f"{COOKIE}=", "HttpOnly", "SameSite=strict", "Path=/"):
        assert part in cookie
    assert "Secure" not in cookie


def test_only_a_hash_of_the_token_is_kept(service: Service) -> None:
    client = service.nobody()
    client.post("/api/login", json={"username": "auditor", "password": PASSWORD})
    with service.database.reading() as db:
        (login,) = db.query(LoginSessionRow).all()
    assert login.token_hash != client.cookies[COOKIE] and len(login.token_hash) == 64


@pytest.mark.parametrize("username", ["auditor", "somebody who does not exist"])
def test_wrong_passwords_count_down_and_then_lock_for_a_while(service: Service, username: str) -> None:
    nobody = service.nobody()
    wrong = {"username": username, "password": "wrong"}
    answers = [nobody.post("/api/login", json=wrong) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert [answer.json()["remaining_attempts"] for answer in answers[:5]] == [4, 3, 2, 1, 0]
    assert answers[5].json()["code"] == "locked"
    assert 0 < answers[5].json()["retry_after_s"] <= 15 * 60 + 1
    assert answers[5].headers["Retry-After"] == str(answers[5].json()["retry_after_s"])


def test_guesses_that_are_sent_at_once_are_counted_one_by_one(service: Service) -> None:
    nobody = service.nobody()
    with ThreadPoolExecutor(8) as pool:
        wrong = {"username": "auditor", "password": "wrong"}
        answers = list(pool.map(lambda _: nobody.post("/api/login", json=wrong).status_code, range(8)))
    assert sorted(answers) == [401] * 5 + [429] * 3


def test_a_lock_holds_against_the_right_password_and_ends_by_itself(service: Service) -> None:
    nobody = service.nobody()
    for _ in range(5):
        nobody.post("/api/login", json={"username": "auditor", "password": "wrong"})
    right = {"username": "auditor", "password": PASSWORD}
    assert nobody.post("/api/login", json=right).status_code == 429
    service.clock.move(15 * 60 + 1)
    assert nobody.post("/api/login", json=right).status_code == 200


def test_logging_out_ends_the_session_on_the_server_too(service: Service) -> None:
    client = service.client("auditor")
    token = client.cookies[COOKIE]
    assert client.post("/api/logout").status_code == 204
    client.cookies.set(COOKIE, token)
    assert client.get("/api/me").json()["code"] == "not_logged_in"


def test_a_session_ends_after_its_hours(service: Service) -> None:
    client = service.client("auditor")
    service.clock.move(11.9 * 3600)
    assert client.get("/api/me").status_code == 200
    service.clock.move(0.2 * 3600)
    assert client.get("/api/me").status_code == 401


def test_a_new_password_ends_every_other_session_of_the_account(service: Service) -> None:
    here, elsewhere = service.client("auditor"), service.client("auditor")
    wrong = here.post("/api/me/password", json={"old": "wrong", "new": "battery staple"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "old")
    short = here.post("/api/me/password", json={"old": PASSWORD, "new": "short"})
    assert (short.status_code, short.json()["errors"][0]["code"]) == (422, "too_short")
    assert here.post("/api/me/password", json={"old": PASSWORD, "new": "battery staple"}).status_code == 204
    assert here.get("/api/me").status_code == 200
    assert elsewhere.get("/api/me").status_code == 401


def test_a_closed_account_is_out_at_once_and_cannot_log_in(empty: Service, world: World) -> None:
    auditor = empty.client("auditor")
    path = f"/api/accounts/{world.accounts['auditor']}"
    assert empty.client("administrator").patch(path, json={"active": False}).status_code == 200
    assert auditor.get("/api/me").status_code == 401
    answer = empty.nobody().post("/api/login", json={"username": "auditor", "password": PASSWORD})
    assert answer.json()["code"] == "bad_credentials"


def test_being_seen_is_noted_at_most_once_a_minute(service: Service) -> None:
    client = service.client("auditor")
    with service.database.reading() as db:
        before = db.query(LoginSessionRow).one().last_seen_at
    service.clock.move(61)
    client.get("/api/me")
    with service.database.reading() as db:
        assert db.query(LoginSessionRow).one().last_seen_at > before
        assert db.query(AccountRow).filter_by(username="auditor").one().failed_logins == 0
