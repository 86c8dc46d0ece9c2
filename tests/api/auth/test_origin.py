"""State-changing requests are accepted from the server's own pages and from programs without an Origin."""

import pytest

from tests.api.service import PASSWORD, Service

CREDENTIALS = {"username": "auditor", "password": PASSWORD}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://[bad"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_page_of_another_site_cannot_change_anything(service: Service, headers: dict[str, str]) -> None:
    answer = service.nobody().post("/api/login", json=CREDENTIALS, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


def test_our_own_page_and_a_program_can(service: Service) -> None:
    nobody = service.nobody()
    own = {"Origin": f"http://{service.host}", "Sec-Fetch-Site": "same-origin"}
    assert nobody.post("/api/login", json=CREDENTIALS, headers=own).status_code == 200
    assert nobody.post("/api/login", json=CREDENTIALS).status_code == 200


def test_behind_a_proxy_that_ends_tls_the_default_ports_are_the_same(service: Service) -> None:
    headers = {"Origin": "https://shike.example", "Host": "shike.example"}
    assert service.nobody().post("/api/login", json=CREDENTIALS, headers=headers).status_code == 200


def test_looking_is_free_of_the_check(service: Service) -> None:
    client = service.client("auditor")
    assert client.get("/api/me", headers={"Origin": "http://evil.example"}).status_code == 200
