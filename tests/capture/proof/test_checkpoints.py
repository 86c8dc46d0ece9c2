"""Checkpoints at intervals; time stamps from an authority that may be unreachable, wrong or not trusted."""

import base64
import logging
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from rfc3161_client import TimestampRequestBuilder

from shike.capture.archive.chain import Chain, Link
from shike.capture.archive.files import Archive
from shike.capture.clock import SystemClock
from shike.capture.errors import TimestampError
from shike.capture.proof.chain_walk import Trust, Walk, walk
from shike.capture.proof.checkpoints import Checkpoints, Intervals
from shike.capture.proof.signing_keys import SigningKeys
from shike.capture.proof.timestamps import ask, certificates, check
from tests.capture.proof.authority import Authority, serving

CAMERA = "01900000-0000-7000-8000-000000000001"
OTHER = "01900000-0000-7000-8000-000000000002"


class MovedClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moved_s = 0.0

    def now(self) -> int:
        return SystemClock().now() + round(self.moved_s * 1_000_000)

    def monotonic(self) -> float:
        return SystemClock().monotonic() + self.moved_s


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "footage")


@pytest.fixture
def chain(archive: Archive) -> Chain:
    return archive.chain(CAMERA)


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    with serving(tmp_path / "authority") as running:
        yield running


def signing(archive: Archive, tmp_path: Path, clock: MovedClock, url: str = "") -> Checkpoints:
    return Checkpoints(archive, tmp_path / "keys", Intervals(300, url, 3600), clock)


def kinds(chain: Chain) -> list[str]:
    return [link.kind for link in chain.links()]


def walked(chain: Chain, tmp_path: Path, root: Path | None = None) -> Walk:
    trusted = () if root is None else certificates(root)
    return walk(CAMERA, chain.rows(), Trust(SigningKeys(tmp_path / "keys").publics(), trusted))


def codes(seen: Walk) -> list[str]:
    return [finding.code for finding in seen.findings]


def test_a_chain_that_grows_is_signed_at_intervals(
    archive: Archive, chain: Chain, clock: MovedClock, tmp_path: Path
) -> None:
    checkpoints = signing(archive, tmp_path, clock)
    chain.append("note", {})
    assert checkpoints.beat() == 1 and kinds(chain) == ["note", "key", "checkpoint"]
    assert checkpoints.beat() == 0
    chain.append("note", {})
    assert checkpoints.beat() == 0
    clock.moved_s += 301
    assert checkpoints.beat() == 1 and kinds(chain)[3:] == ["note", "checkpoint"]
    clock.moved_s += 301
    assert checkpoints.beat() == 0
    # A new process does not sign again what is signed.
    assert signing(archive, tmp_path, clock).beat() == 0


def test_the_end_of_a_run_is_signed_at_once(archive: Archive, chain: Chain, clock: MovedClock, tmp_path: Path) -> None:
    checkpoints = signing(archive, tmp_path, clock)
    chain.append("segment", {"segment": "a", "ends_run": None})
    checkpoints.beat()
    chain.append("segment", {"segment": "b", "ends_run": None})
    assert checkpoints.beat() == 0
    chain.append("segment", {"segment": "c", "ends_run": "connection_lost"})
    assert checkpoints.beat() == 1


def test_the_last_beat_signs_what_is_there(archive: Archive, chain: Chain, clock: MovedClock, tmp_path: Path) -> None:
    checkpoints = signing(archive, tmp_path, clock)
    for _ in range(2):
        chain.append("note", {})
        checkpoints.beat(last=True)
    assert kinds(chain) == ["note", "key", "checkpoint", "note", "checkpoint"]


def test_a_camera_that_cannot_be_signed_is_logged_once_and_stops_no_other(
    archive: Archive, chain: Chain, clock: MovedClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = signing(archive, tmp_path, clock)
    for each in (chain, archive.chain(OTHER)):
        each.append("note", {})
    checkpoints.beat()
    # The key is replaced in one chain, then the old one is restored in the keys folder, as from an old backup.
    keys = SigningKeys(tmp_path / "keys")
    current = (tmp_path / "keys" / "signing" / "current").read_text()
    keys.renew()
    chain.append("note", {})
    clock.moved_s += 301
    checkpoints.beat()
    (tmp_path / "keys" / "signing" / "current").write_text(current)
    for _ in range(2):
        clock.moved_s += 301
        chain.append("note", {})
        archive.chain(OTHER).append("note", {})
        with caplog.at_level(logging.ERROR):
            assert checkpoints.beat() == 1
    logged = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(logged) == 1 and CAMERA in logged[0] and "shike keys rotate" in logged[0]


def foreign(password: bytes | None) -> bytes:
    """A private key of another installation, in PEM form."""
    locked = NoEncryption() if password is None else BestAvailableEncryption(password)
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)


@pytest.mark.parametrize(
    "content",
    [
        b"no key",
        b"\xff\xfe",
        foreign(None),
        foreign(b"secret"),
        ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ],
    ids=["nothing", "binary", "another", "locked", "other-algorithm"],
)
@pytest.mark.parametrize("where", ["key", "current"])
def test_signing_goes_on_once_a_foreign_key_is_taken_away_again(
    archive: Archive,
    chain: Chain,
    clock: MovedClock,
    tmp_path: Path,
    content: bytes,
    where: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    chain.append("note", {})
    checkpoints = signing(archive, tmp_path, clock)
    SigningKeys(tmp_path / "keys").have_one()
    current = tmp_path / "keys" / "signing" / "current"
    path = current if where == "current" else current.with_name(f"{current.read_text().strip()}.pem")
    before = path.read_bytes()
    path.write_bytes(content)
    assert [checkpoints.beat() for _ in range(2)] == [0, 0]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert kinds(chain) == ["note"]
    path.write_bytes(before)
    assert checkpoints.beat() == 1


def test_rows_after_a_damaged_row_are_signed(archive: Archive, chain: Chain, clock: MovedClock, tmp_path: Path) -> None:
    chain.append("note", {})
    path = tmp_path / "footage" / CAMERA / "chain" / "000000001.jsonl"
    path.write_bytes(path.read_bytes() + b"spoilt\n")
    chain.append("note", {})
    assert signing(archive, tmp_path, clock).beat() == 1
    assert codes(walked(chain, tmp_path)) == ["row_unreadable"]


# ── time stamps ────────────────────────────────────────────────────────────────────────────────────────────────────


def stamped(archive: Archive, chain: Chain, clock: MovedClock, tmp_path: Path, authority: Authority) -> Link:
    chain.append("note", {})
    assert signing(archive, tmp_path, clock, authority.url).beat() == 1
    return list(chain.links())[-1]


def test_a_time_stamp_follows_a_checkpoint_and_holds_for_us_and_for_openssl(
    archive: Archive, chain: Chain, clock: MovedClock, tmp_path: Path, authority: Authority
) -> None:
    row = stamped(archive, chain, clock, tmp_path, authority)
    assert kinds(chain) == ["note", "key", "checkpoint", "timestamp"]
    assert (row.fields["checkpoint"], row.fields["authority"], row.fields["algorithm"]) == (3, "127.0.0.1", "rfc3161")
    seen = walked(chain, tmp_path, authority.root)
    assert seen.findings == [] and seen.stamped_until_us is not None
    assert abs(seen.stamped_until_us - clock.now()) < 60_000_000
    (tmp_path / "row").write_bytes(list(chain.links())[2].line)
    (tmp_path / "token").write_bytes(base64.b64decode(row.fields["token"]))
    command = ["openssl", "ts", "-verify", "-token_in", "-in", "token", "-data", "row", "-CAfile", str(authority.root)]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0


def test_time_stamps_come_at_their_own_interval(
    archive: Archive, chain: Chain, clock: MovedClock, tmp_path: Path, authority: Authority
) -> None:
    checkpoints = signing(archive, tmp_path, clock, authority.url)
    for _ in range(14):
        chain.append("note", {})
        checkpoints.beat()
        clock.moved_s += 301
    assert authority.requests == kinds(chain).count("timestamp") == 2
    assert kinds(chain).count("checkpoint") == 14
    # Without a new row there is no checkpoint, and no time stamp on an old one.
    clock.moved_s += 4000
    assert checkpoints.beat() == 0 and signing(archive, tmp_path, clock, authority.url).beat() == 0
    assert authority.requests == 2


def test_an_unreachable_authority_is_logged_and_asked_again_later(
    archive: Archive, chain: Chain, clock: MovedClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        url = f"http://user:secret@127.0.0.1:{taken.getsockname()[1]}/stamps"
        checkpoints = signing(archive, tmp_path, clock, url)
        for camera in (CAMERA, OTHER):
            archive.chain(camera).append("note", {})
        assert checkpoints.beat() == 2
    logged = [record.getMessage() for record in caplog.records]
    assert len(logged) == 1 and "cannot be reached" in logged[0] and "secret" not in logged[0]
    assert kinds(chain) == ["note", "key", "checkpoint"]
    with serving(tmp_path / "authority") as authority:
        again = Checkpoints(archive, tmp_path / "keys", Intervals(300, authority.url, 3600), clock)
        chain.append("note", {})
        clock.moved_s += 301
        again.beat()
    assert kinds(chain)[-1] == "timestamp"


def test_no_certificate_named_means_that_the_stamp_is_not_checked(
    archive: Archive, chain: Chain, clock: MovedClock, tmp_path: Path, authority: Authority
) -> None:
    stamped(archive, chain, clock, tmp_path, authority)
    seen = walked(chain, tmp_path)
    assert codes(seen) == ["timestamp_unchecked"] and seen.stamped_until_us is None


def test_a_stamp_of_another_authority_is_found(
    archive: Archive, chain: Chain, clock: MovedClock, tmp_path: Path, authority: Authority
) -> None:
    stamped(archive, chain, clock, tmp_path, authority)
    with serving(tmp_path / "other") as other:
        seen = walked(chain, tmp_path, other.root)
    assert codes(seen) == ["timestamp_untrusted"] and seen.stamped_until_us is None


def test_a_stamp_that_was_moved_to_another_checkpoint_is_found(
    archive: Archive, chain: Chain, clock: MovedClock, tmp_path: Path, authority: Authority
) -> None:
    row = stamped(archive, chain, clock, tmp_path, authority)
    chain.append("note", {})
    signing(archive, tmp_path, clock).beat()
    fields = {name: row.fields[name] for name in ("authority", "algorithm", "token", "at_us")}
    chain.append("timestamp", fields | {"checkpoint": 6})
    chain.append("timestamp", fields | {"checkpoint": 5})
    chain.append("timestamp", fields | {"checkpoint": 6, "token": "AAAA"})
    assert codes(walked(chain, tmp_path, authority.root)) == ["timestamp_wrong"] * 3


def test_a_checkpoint_with_a_time_after_its_stamp_is_reported(
    archive: Archive, chain: Chain, clock: MovedClock, tmp_path: Path, authority: Authority
) -> None:
    clock.moved_s = 7200
    stamped(archive, chain, clock, tmp_path, authority)
    assert codes(walked(chain, tmp_path, authority.root)) == ["timestamp_early"]


def test_a_stamp_with_a_changed_bit_is_no_stamp(authority: Authority) -> None:
    token = ask(authority.url, b"said")
    trusted = certificates(authority.root)
    assert check(token, b"said", trusted).trusted is True
    with pytest.raises(TimestampError, match="something else"):
        check(token, b"other", trusted)
    spoilt = token[:-5] + bytes([token[-5] ^ 1]) + token[-4:]
    assert check(spoilt, b"said", trusted).trusted is False


@pytest.mark.parametrize(
    ("status", "content", "message"),
    [
        (500, b"", "HTTP status 500"),
        (200, b"<html>no</html>", "did not answer with a time stamp"),
        (200, b"\x30" * 300_000, "more than"),
        (200, b"\x30\x05\x30\x03\x02\x01\x02", "refused"),
    ],
)
def test_an_answer_that_is_no_time_stamp_is_refused(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, status: int, content: bytes, message: str
) -> None:
    authority.status = status
    monkeypatch.setattr(authority, "answer", lambda _request: content)
    with pytest.raises(TimestampError, match=message):
        ask(authority.url, b"said")


def test_an_old_answer_is_refused(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    before = authority.answer(TimestampRequestBuilder().data(b"said").build().as_bytes())
    monkeypatch.setattr(authority, "answer", lambda _request: before)
    with pytest.raises(TimestampError):
        ask(authority.url, b"said")


@pytest.mark.parametrize("url", ["ftp://example.org/", "nowhere", "http://"])
def test_an_invalid_address_is_refused(url: str) -> None:
    with pytest.raises(TimestampError, match="address"):
        ask(url, b"said")


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("nothing")
    with pytest.raises(TimestampError, match="no certificates"):
        certificates(tmp_path / "none.pem")
