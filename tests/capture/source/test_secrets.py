"""Passwords of cameras: encrypted on disk, complete in the URL, and nowhere else."""

import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from cryptography.fernet import Fernet, InvalidToken
from hypothesis import given
from hypothesis import strategies as st

from shike.capture.errors import SourceError
from shike.capture.source.address import Address
from shike.capture.source.ffmpeg import source_error
from shike.capture.vault import Vault

SECRET = "p@ss:w/o?r#d %41密"


@given(st.text(min_size=1), st.text())
def test_any_login_survives_the_url(username: str, password: str) -> None:
    try:
        (username + password).encode()
    except UnicodeEncodeError:  # half a surrogate pair cannot be sent to a camera either
        return
    url = urlsplit(Address("10.0.0.9", 554, "/main?channel=1", username, password).url())
    assert (url.hostname, url.port, url.path, url.query) == ("10.0.0.9", 554, "/main", "channel=1")
    assert (unquote(url.username or ""), unquote(url.password or "")) == (username, password)


def test_an_address_never_shows_its_password() -> None:
    address = Address("10.0.0.9", 554, "/main", "viewer", SECRET)
    for shown in (str(address), repr(address), f"{address}", repr([address])):
        assert SECRET not in shown and "p%40ss" not in shown
    assert str(address) == "rtsp://10.0.0.9:554/main"


def test_an_ipv6_host_is_bracketed_and_no_login_leaves_no_at_sign() -> None:
    assert Address("fe80::1", 554, "/a").url() == "rtsp://[fe80::1]:554/a"


def test_an_error_of_a_source_holds_no_part_of_the_address() -> None:
    cause = OSError(5, "Input/output error", f"rtsp://viewer:{SECRET}@10.0.0.9/main")
    error = source_error(cause)
    assert isinstance(error, SourceError) and error.cause == "unreachable"
    assert SECRET not in f"{error} {error!r} {error.args}"


def test_an_encrypted_password_can_be_decrypted_by_this_installation_only(tmp_path: Path) -> None:
    vault = Vault.at(tmp_path / "keys")
    sealed = vault.seal(SECRET)
    assert SECRET.encode() not in sealed
    assert Vault.at(tmp_path / "keys").open(sealed) == SECRET
    assert vault.open(None) == ""
    with pytest.raises(InvalidToken):
        Vault(Fernet.generate_key()).open(sealed)


def test_only_the_owner_can_read_the_key(tmp_path: Path) -> None:
    Vault.at(tmp_path / "keys")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()] == [0o600]
