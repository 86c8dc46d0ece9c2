"""Stored ID numbers: encryption and hash use the installation's own key."""

import stat
from pathlib import Path

import pytest
from cryptography.fernet import InvalidToken

from shike.attendance.training.identities import KEY_FILE, Identities

NUMBER = "11010519491231002X"


def test_a_sealed_number_opens_with_the_key_of_its_installation_alone(tmp_path: Path) -> None:
    here, elsewhere = Identities.at(tmp_path / "here"), Identities.at(tmp_path / "elsewhere")
    sealed = here.seal(NUMBER)
    assert NUMBER.encode() not in sealed
    assert Identities.at(tmp_path / "here").open(sealed) == NUMBER
    with pytest.raises(InvalidToken):
        elsewhere.open(sealed)


def test_fingerprints_match_within_an_installation_and_say_nothing_outside(tmp_path: Path) -> None:
    here, elsewhere = Identities.at(tmp_path / "here"), Identities.at(tmp_path / "elsewhere")
    assert here.fingerprint(NUMBER) == Identities.at(tmp_path / "here").fingerprint(NUMBER)
    assert here.fingerprint(NUMBER) != elsewhere.fingerprint(NUMBER)
    assert here.fingerprint(NUMBER) != here.fingerprint("341124199003072947")


def test_the_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    Identities.at(tmp_path)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
