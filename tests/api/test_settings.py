"""Settings come from the environment, else a file, else defaults; the guide describes each."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from shike.api.settings import Settings

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "settings.md"
ROW = re.compile(r"^\| `(\w+)` \| `SHIKE_(\w+)` \|", re.MULTILINE)


def test_every_setting_is_in_the_guide_and_nothing_else_is() -> None:
    rows = ROW.findall(GUIDE.read_text())
    assert [name for name, _ in rows] == list(Settings.model_fields)
    assert all(variable == name.upper() for name, variable in rows)


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shike.toml"
    file.write_text('port = 9000\nnode = "room-3"\n')
    monkeypatch.setenv("SHIKE_CONFIG", str(file))
    monkeypatch.setenv("SHIKE_PORT", "9001")
    settings = Settings()
    assert (settings.port, settings.node, settings.host) == (9001, "room-3", "127.0.0.1")


def test_a_typo_in_the_file_and_a_file_that_is_not_there_are_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shike.toml"
    monkeypatch.setenv("SHIKE_CONFIG", str(file))
    with pytest.raises(FileNotFoundError, match="SHIKE_CONFIG"):
        Settings()
    file.write_text("prot = 9000\n")
    with pytest.raises(ValidationError, match="prot"):
        Settings()


def test_a_watchdog_that_would_kill_what_still_waits_for_a_camera_is_an_error() -> None:
    with pytest.raises(ValidationError, match=r"watchdog_seconds must be at least 65 .* read_timeout_seconds of 30"):
        Settings(read_timeout_seconds=30, watchdog_seconds=64)
    assert Settings(read_timeout_seconds=30, watchdog_seconds=65).watchdog_seconds == 65
