"""The systemd units start commands that exist, and a restart of one never stops recording."""

import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from shike.api.commands.cli import COMMANDS
from shike.api.processes.supervisor import COMMANDS as PROCESSES
from shike.api.settings import Settings

SYSTEMD = Path(__file__).parents[2] / "deploy" / "systemd"
SERVICES = sorted(SYSTEMD.glob("*.service"))


def read(path: Path) -> ConfigParser:
    unit = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(path)
    return unit


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_a_unit_starts_a_command_that_exists(path: Path) -> None:
    program, command = read(path)["Service"]["ExecStart"].split()
    assert program == "/opt/shike/bin/shike"
    assert command in COMMANDS


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_a_unit_runs_without_rights_that_it_does_not_need(path: Path) -> None:
    service = read(path)["Service"]
    assert service["User"] == "shike"
    assert service["CapabilityBoundingSet"] == ""
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_a_unit_sets_only_settings_that_exist(path: Path) -> None:
    name, _, _ = read(path)["Service"]["Environment"].partition("=")
    assert name.removeprefix("SHIKE_").lower() in Settings.model_fields


def test_the_target_starts_every_process_that_up_starts() -> None:
    wanted = read(SYSTEMD / "shike.target")["Unit"]["Wants"].split()
    assert set(wanted) == {f"shike-{name}.service" for name in PROCESSES}
    assert {path.name for path in SERVICES} == {*wanted, "shike.service"}


def test_no_process_is_stopped_with_another() -> None:
    for path in SERVICES:
        unit = read(path)["Unit"]
        assert not {"Requires", "BindsTo", "Requisite"} & set(unit), path.name
        assert unit.get("PartOf") in (None, "shike.target")


def test_all_in_one_and_apart_exclude_each_other() -> None:
    conflicts = read(SYSTEMD / "shike.service")["Unit"]["Conflicts"].split()
    assert set(conflicts) == {f"shike-{name}.service" for name in PROCESSES}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    for path in SYSTEMD.glob("shike*"):
        # The program is not installed here, and systemd would report that.
        (tmp_path / path.name).write_text(path.read_text().replace("/opt/shike/bin/shike", "/bin/true"))
    units = sorted(str(path) for kind in ("service", "target") for path in tmp_path.glob(f"*.{kind}"))
    checked = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert [line for line in checked.stderr.splitlines() if str(tmp_path) in line or "shike" in line] == []
    assert checked.returncode == 0
