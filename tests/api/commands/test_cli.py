"""The commands of the service."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shike.api.commands.cli import app
from tests.api.service import PASSWORD, Service


def test_the_schema_has_readable_operation_ids() -> None:
    schema = json.loads(CliRunner().invoke(app, ["openapi"]).stdout)
    ids = [operation["operationId"] for path in schema["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    assert {"list_cameras", "create_room", "get_wall", "login"} <= set(ids)


def test_an_account_from_the_console_can_log_in_and_get_a_new_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIKE_DATA_DIR", str(tmp_path))
    run = CliRunner()
    added = run.invoke(app, ["account", "add", "first", "--password", PASSWORD])
    assert added.exit_code == 0, added.output
    assert run.invoke(app, ["account", "add", "first", "--password", PASSWORD]).exit_code == 2
    changed = run.invoke(app, ["account", "password", "first", "--new", "battery staple"])
    assert changed.exit_code == 0, changed.output
    with Service(tmp_path) as service:
        assert service.console == []
        old, new = (
            service.nobody().post("/api/login", json={"username": "first", "password": word})
            for word in (PASSWORD, "battery staple")
        )
        assert (old.status_code, new.status_code) == (401, 200)
        assert new.json()["role"] == "administrator"
