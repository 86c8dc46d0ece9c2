"""Signatures that openssl verifies; keys that are made once and replaced without breaking earlier signatures."""

import base64
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from shike.capture.archive.chain import Chain, Link
from shike.capture.clock import SystemClock
from shike.capture.errors import FootageError, SigningKeyError
from shike.capture.proof.signing import (
    Signer,
    checkpoint,
    checkpoint_statement,
    introduce,
    key_statement,
    signature_of,
    verify,
)
from shike.capture.proof.signing_keys import SigningKeys, key_id, read_public

CAMERA = "01900000-0000-7000-8000-000000000001"
CLOCK = SystemClock()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    made = Chain(tmp_path / "chain")
    made.append("note", {"word": "first"})
    return made


def statement(row: Link) -> bytes:
    return checkpoint_statement(CAMERA, row.number, row.prev, row.fields["at_us"], row.fields["key"])


def key_rows(chain: Chain) -> list[Link]:
    return [link for link in chain.links() if link.kind == "key"]


def test_a_key_is_made_once_and_only_its_owner_can_read_it(keys: Path) -> None:
    first = Signer.at(keys)
    assert Signer.at(keys).key_id == first.key_id == key_id(first.public_der)
    private = keys / "signing" / f"{first.key_id}.pem"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.stat().st_mode) == stat.S_IMODE(private.parent.stat().st_mode) == 0o700
    assert read_public(private.with_suffix(".pub.pem")) == first.public_der


def test_processes_that_start_at_once_agree_on_one_key(keys: Path) -> None:
    code = "import sys; from pathlib import Path; from shike.capture.proof.signing import Signer; "
    code += "print(Signer.at(Path(sys.argv[1])).key_id)"
    started = [subprocess.Popen([sys.executable, "-c", code, keys], stdout=subprocess.PIPE) for _ in range(4)]
    assert len({process.communicate(timeout=60)[0] for process in started}) == 1


def test_a_checkpoint_is_what_openssl_confirms(keys: Path, chain: Chain, tmp_path: Path) -> None:
    signer = Signer.at(keys)
    row = checkpoint(chain, CAMERA, signer, CLOCK)
    signature = signature_of(row.fields["signature"])
    assert signature is not None and verify(signer.public_der, statement(row), signature)
    (tmp_path / "public.pem").write_bytes(signer.public_pem)
    (tmp_path / "said.txt").write_bytes(statement(row))
    (tmp_path / "said.sig").write_bytes(signature)
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin"]
    command += ["-in", "said.txt", "-sigfile", "said.sig"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0
    (tmp_path / "said.txt").write_bytes(statement(row).replace(b"number 3", b"number 4"))
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode != 0


def test_the_key_stands_in_the_chain_before_it_is_used(keys: Path, chain: Chain) -> None:
    signer = Signer.at(keys)
    row = checkpoint(chain, CAMERA, signer, CLOCK)
    assert [link.kind for link in chain.links()] == ["note", "key", "checkpoint"]
    fields = key_rows(chain)[0].fields
    assert base64.b64decode(fields["public"]) == signer.public_der
    assert (fields["key"], fields["algorithm"], fields["by"], fields["signature"]) == (
        signer.key_id,
        "ed25519",
        None,
        None,
    )
    assert row.fields["camera"] == CAMERA


def test_rows_that_are_signed_are_not_signed_again(keys: Path, chain: Chain) -> None:
    signer = Signer.at(keys)
    first = checkpoint(chain, CAMERA, signer, CLOCK)
    assert checkpoint(chain, CAMERA, signer, CLOCK) == first
    chain.append("timestamp", {"checkpoint": first.number})
    assert checkpoint(chain, CAMERA, signer, CLOCK) == first
    chain.append("note", {"word": "second"})
    assert checkpoint(chain, CAMERA, signer, CLOCK).number == first.number + 3
    assert len(key_rows(chain)) == 1


def test_there_is_nothing_to_sign_in_an_empty_chain(keys: Path, tmp_path: Path) -> None:
    with pytest.raises(FootageError, match="empty"):
        checkpoint(Chain(tmp_path / "none"), CAMERA, Signer.at(keys), CLOCK)


def test_a_new_key_is_introduced_by_the_signature_of_the_old_one(keys: Path, chain: Chain) -> None:
    old = Signer.at(keys)
    checkpoint(chain, CAMERA, old, CLOCK)
    SigningKeys(keys).renew()
    new = Signer.at(keys)
    assert new.key_id != old.key_id
    assert introduce(chain, CAMERA, new, CLOCK) and not introduce(chain, CAMERA, new, CLOCK)
    row = key_rows(chain)[-1]
    assert (row.fields["key"], row.fields["by"]) == (new.key_id, old.key_id)
    introduction = key_statement(
        CAMERA, row.number, row.prev, row.fields["at_us"], new.key_id, row.fields["public"], row.fields["by"]
    )
    signature = signature_of(row.fields["signature"])
    assert signature is not None and verify(old.public_der, introduction, signature)
    chain.append("note", {"word": "second"})
    assert checkpoint(chain, CAMERA, new, CLOCK).fields["key"] == new.key_id
    assert set(SigningKeys(keys).publics()) == {old.key_id, new.key_id}


def test_a_key_that_was_replaced_signs_nothing_any_more(keys: Path, chain: Chain) -> None:
    old = Signer.at(keys)
    checkpoint(chain, CAMERA, old, CLOCK)
    SigningKeys(keys).renew()
    introduce(chain, CAMERA, Signer.at(keys), CLOCK)
    chain.append("note", {"word": "second"})
    with pytest.raises(SigningKeyError, match=f"which replaced {old.key_id}"):
        checkpoint(chain, CAMERA, old, CLOCK)


def test_a_key_after_a_lost_one_is_introduced_without_a_signature(keys: Path, chain: Chain) -> None:
    lost = Signer.at(keys)
    checkpoint(chain, CAMERA, lost, CLOCK)
    (keys / "signing" / f"{lost.key_id}.pem").unlink()
    with pytest.raises(SigningKeyError, match=lost.key_id):
        Signer.at(keys)
    SigningKeys(keys).renew()
    chain.append("note", {"word": "second"})
    checkpoint(chain, CAMERA, Signer.at(keys), CLOCK)
    assert (key_rows(chain)[-1].fields["by"], key_rows(chain)[-1].fields["signature"]) == (None, None)


@pytest.mark.parametrize("text", ["sm2:AAAA", "ed25519:%%%", None, 7])
def test_a_signature_that_cannot_be_read_is_none(text: object) -> None:
    assert signature_of(text) is None


def test_a_key_of_another_algorithm_is_refused(tmp_path: Path) -> None:
    subprocess.run(["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-out", tmp_path / "ec.pem"], check=True)
    subprocess.run(["openssl", "ec", "-in", tmp_path / "ec.pem", "-pubout", "-out", tmp_path / "pub.pem"], check=True)
    with pytest.raises(SigningKeyError, match="another algorithm"):
        read_public(tmp_path / "pub.pem")
    with pytest.raises(SigningKeyError, match="no public key"):
        read_public(tmp_path / "ec.pem")
