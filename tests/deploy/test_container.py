"""The container runs a command that exists, not as root, and has a health check."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from shike.api.auth.roles import ROUTES, Permission
from shike.api.commands.cli import COMMANDS
from shike.api.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
PORT = Settings.model_fields["port"].default


def instructions() -> list[tuple[str, str]]:
    """Instructions of the container file with their arguments, continued lines joined, comments left out."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines) if word]


def last(word: str) -> str:
    return [rest for instruction, rest in instructions() if instruction == word][-1]


def compose() -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return value


def shike_settings(names: list[str]) -> set[str]:
    return {name.removeprefix("SHIKE_").lower() for name in names if name.startswith("SHIKE_")}


def test_the_container_starts_a_command_that_exists() -> None:
    program, command = json.loads(last("CMD"))
    assert program == "shike"
    assert command in COMMANDS


def test_the_container_does_not_run_as_root() -> None:
    assert last("USER") == "shike"


def test_the_health_check_asks_a_public_address_of_the_port_that_is_served() -> None:
    check = last("HEALTHCHECK")
    assert f"http://127.0.0.1:{PORT}/api/health" in check
    assert ROUTES["GET /api/health"] is Permission.PUBLIC
    assert last("EXPOSE") == str(PORT)


def test_base_images_name_no_registry() -> None:
    for rest in (rest for word, rest in instructions() if word == "FROM"):
        assert re.fullmatch(r"python:[0-9.]+(-slim)?( AS \w+)?", rest)


def test_the_container_sets_only_settings_that_exist() -> None:
    names = re.findall(r"(\w+)=", last("ENV"))
    assert shike_settings(names) <= set(Settings.model_fields)


def test_compose_starts_the_same_command_for_this_machine_only() -> None:
    service = compose()["services"]["shike"]
    assert service["command"] == json.loads(last("CMD"))
    assert service["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    assert shike_settings(list(service["environment"])) <= set(Settings.model_fields)


def test_compose_keeps_the_data_in_a_volume() -> None:
    service = compose()["services"]["shike"]
    name, _, place = service["volumes"][0].partition(":")
    assert name in compose()["volumes"]
    assert place == last("VOLUME")
