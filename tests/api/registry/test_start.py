"""From an empty installation to the first administrator."""

from pathlib import Path

from tests.api.service import PASSWORD, Service, furnish


def setup_of(code: str) -> dict[str, str]:
    return {
        "setup_code": code,
        "username": "first",
        "name": "First",
        "password": PASSWORD,
        "region_name": "Jiangsu",
    }


def code_on_the_console(service: Service) -> str:
    (line,) = service.console
    return line.rsplit(" ", 1)[1]


def test_the_code_on_the_console_makes_the_first_administrator_once(empty: Service) -> None:
    nobody = empty.nobody()
    assert nobody.get("/api/start").json() == {
        "needs_setup": True,
        "steps": {"account": False, "institution": False, "room": False, "camera": False, "picture": False},
    }
    assert nobody.post("/api/start", json=setup_of("AAAA-BBBB-CCCC")).json()["code"] == "bad_setup_code"
    code = code_on_the_console(empty)
    made = nobody.post("/api/start", json=setup_of(code.lower().replace("-", " ")))
    assert (made.status_code, made.json()["role"], made.json()["scope_label"]) == (201, "administrator", "Jiangsu")
    assert nobody.get("/api/me").json()["username"] == "first"
    assert [one["level"] for one in nobody.get("/api/regions").json()["items"]] == ["county"]
    again = empty.nobody().post("/api/start", json=setup_of(code))
    assert (again.status_code, again.json()["code"]) == (409, "already_set_up")


def test_the_code_is_kept_as_a_hash_only(empty: Service) -> None:
    code = code_on_the_console(empty)
    stored = Path(empty.settings.state_dir, "setup-code").read_text()
    assert code not in stored and len(stored) == 64


def test_a_service_with_accounts_prints_no_code_and_keeps_none(tmp_path: Path) -> None:
    with Service(tmp_path) as first:
        furnish(first)
    with Service(tmp_path) as second:
        assert second.console == []
        assert not Path(second.settings.state_dir, "setup-code").exists()
        answer = second.nobody().get("/api/start").json()
        assert answer["needs_setup"] is False
        assert answer["steps"] == dict.fromkeys(("account", "institution", "room", "camera", "picture"), True)
