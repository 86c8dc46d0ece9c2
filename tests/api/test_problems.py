"""Errors are problem details with fields and a request id; they never repeat what was entered."""

import pytest

from shike.api.errors import TABLE, ApiError

from .service import Service


def all_kinds(kind: type[ApiError]) -> list[type[ApiError]]:
    return [each for child in kind.__subclasses__() for each in (child, *all_kinds(child))]


@pytest.mark.parametrize("kind", all_kinds(ApiError), ids=lambda kind: kind.__name__)
def test_every_error_of_the_service_has_its_row_in_the_table(kind: type[ApiError]) -> None:
    assert any(ancestor in TABLE for ancestor in kind.__mro__), f"{kind.__name__} would be answered with a 500"


def test_a_wrong_field_is_named_and_its_value_is_not_repeated(service: Service) -> None:
    body = {"username": "x", "name": "", "password": "secret", "role": "king", "scope": {}, "colour": "red"}
    answer = service.client("administrator").post("/api/accounts", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    fields = {error["field"]: error["code"] for error in answer.json()["errors"]}
    assert fields["password"] == "too_short" and fields["colour"] == "unknown"
    assert {"username", "name", "role"} <= set(fields)
    assert "secret" not in answer.text and "king" not in answer.text


def test_every_answer_carries_the_id_that_a_problem_names(service: Service) -> None:
    answer = service.nobody().get("/api/me")
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
    assert answer.json()["code"] == "not_logged_in"


def test_an_unknown_path_of_the_api_is_a_problem_and_not_a_page(service: Service) -> None:
    answer = service.nobody().get("/api/no-such-thing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_body_that_is_too_large_is_refused(service: Service) -> None:
    answer = service.nobody().post("/api/login", content=b" " * 2_000_000)
    assert answer.status_code == 413


def test_an_unexpected_error_is_a_500_with_nothing_but_its_id(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("very internal")

    service.app.state.current.read_health = fail
    answer = service.client("auditor").get("/api/wall")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "internal" not in answer.text.replace('"internal"', "")
    assert answer.json()["request_id"] in caplog.text and "very internal" in caplog.text


def test_every_answer_tells_the_browser_to_be_strict(service: Service) -> None:
    headers = service.nobody().get("/api/health").headers
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "media-src 'self' blob:" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
