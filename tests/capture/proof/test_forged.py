"""Verification against a forger who can write every file but has no key; and what keys prove once replaced."""

from pathlib import Path
from typing import Any

from shike.capture.archive.chain import sha256
from shike.capture.proof.chain_walk import Trust
from shike.capture.proof.signing import (
    Signer,
    checkpoint,
    checkpoint_statement,
    introduce,
    signature_text,
)
from shike.capture.proof.signing_keys import SigningKeys
from tests.capture.proof.proved import Proof, broken, changed, codes, notes
from tests.recorded import CAMERA


def test_a_chain_that_is_linked_anew_after_a_change_is_found_by_the_signature(proof: Proof) -> None:
    row = proof.segments()[1]
    proof.flip(row, lambda data: len(data) - 1)
    digest = sha256(proof.file(row).read_bytes())
    lines = [each.line for each in proof.rows]
    lines[row.number - 1] = changed(lines[row.number - 1], lambda fields: fields.update(digest=digest))
    proof.relink(lines)
    proof.index_follows()
    report = proof.verify()
    assert codes(report) == {"signature_wrong"}
    first = next(each.number for each in proof.rows if each.kind == "checkpoint")
    assert broken(report)[0].row == first


def test_a_segment_that_was_removed_everywhere_is_found_by_its_run_and_by_the_signature(proof: Proof) -> None:
    row = proof.segments()[1]
    proof.file(row).unlink()
    proof.forget([row.fields["segment"]])
    proof.relink(each.line for each in proof.rows if each.number != row.number)
    proof.index_follows()
    assert codes(proof.verify()) == {"segment_missing", "signature_wrong"}


def test_a_forger_with_a_key_of_their_own_is_found(proof: Proof) -> None:
    proof.relink(each.line for each in proof.rows if each.kind == "segment")
    proof.index_follows()
    forged = Signer.at(proof.data / "forged")
    checkpoint(proof.chain, CAMERA, forged, proof.clock)
    report = proof.verify()
    assert codes(report) == {"key_unknown"} and report.signed_until_us is None
    assert [finding.found for finding in broken(report)] == [forged.key_id]  # reported once, not at every checkpoint


def test_a_forger_cannot_introduce_their_own_key_in_the_name_of_the_honest_one(proof: Proof) -> None:
    owner = Signer.at(proof.data / "keys").key_id
    proof.chain.append("note", {})
    SigningKeys(proof.data / "forged").current()
    introduce(proof.chain, CAMERA, Signer.at(proof.data / "forged"), proof.clock)
    row = proof.rows[-1]
    proof.change_row(row.number, lambda fields: fields.update(by=owner, signature="ed25519:" + "A" * 86 + "=="))
    checkpoint(proof.chain, CAMERA, Signer.at(proof.data / "forged"), proof.clock)
    assert codes(proof.verify()) == {"signature_wrong", "key_unknown"}


def test_a_chain_of_another_camera_is_found(proof: Proof) -> None:
    other = "01900000-0000-7000-8000-000000000002"
    chain = proof.archive.chain(other)
    chain.append("note", {})
    checkpoint(chain, other, Signer.at(proof.data / "keys"), proof.clock)
    proof.write(link.line for link in chain.links())
    assert "signature_wrong" in codes(proof.verify())


def test_a_second_row_for_a_segment_is_found_unless_it_only_adds_how_the_run_ended(proof: Proof) -> None:
    last = next(row for row in reversed(proof.segments()) if row.fields["ends_run"])
    record = proof.archive.examine(str(last.fields["key"]))
    assert record is not None
    fields = {name: value for name, value in last.fields.items() if name not in ("number", "prev", "kind")}
    proof.chain.append("segment", fields | {"ends_run": "disk_full"})
    assert "segment_twice" in codes(proof.verify())


def test_a_run_that_turned_out_to_have_ended_has_a_second_row(proof: Proof) -> None:
    before = proof.segments()[-1]
    lines = [row.line for row in proof.rows if row.kind == "segment"]
    at = next(n for n, line in enumerate(lines) if before.fields["segment"].encode() in line)
    lines.insert(at, changed(lines[at], lambda fields: fields.update(ends_run=None)))
    proof.relink(lines)
    proof.index_follows()
    assert proof.verify().holds


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def rotate(proof: Proof) -> Signer:
    old = Signer.at(proof.data / "keys").key_id
    proof.keys.renew()
    new = Signer.at(proof.data / "keys")
    introduce(proof.chain, CAMERA, new, proof.clock)
    proof.keys.retire(old)
    return new


def test_old_proofs_hold_after_the_key_was_replaced(proof: Proof) -> None:
    first = Signer.at(proof.data / "keys")
    for number in range(2):
        rotate(proof)
        proof.chain.append("note", {"word": number})
        proof.sign()
    assert proof.verify().findings == []
    # The first public key is enough.
    assert proof.verify(Trust({first.key_id: first.public_der})).findings == []


def test_verification_with_another_trusted_key_reports_an_unknown_key(honest: Proof, tmp_path: Path) -> None:
    other = Signer.at(tmp_path)
    report = honest.verify(Trust({other.key_id: other.public_der}))
    assert codes(report) == {"key_unknown"} and report.signed_until_us is None


def test_a_key_that_was_replaced_proves_nothing_any_more(proof: Proof) -> None:
    old = Signer.at(proof.data / "keys")
    rotate(proof)
    proof.chain.append("note", {})
    number, prev = proof.chain.place()
    at_us = proof.clock.now()
    signed = signed_checkpoint(old, number, prev, at_us)
    proof.chain.append("checkpoint", signed)
    assert codes(proof.verify()) == {"key_retired"}


def signed_checkpoint(signer: Signer, number: int, prev: str, at_us: int) -> dict[str, Any]:
    signature = signer.sign(checkpoint_statement(CAMERA, number, prev, at_us, signer.key_id))
    return {"camera": CAMERA, "at_us": at_us, "key": signer.key_id, "signature": signature_text(signature)}


def test_a_key_after_a_lost_one_is_reported_as_unvouched(proof: Proof) -> None:
    lost = Signer.at(proof.data / "keys")
    (proof.data / "keys" / "signing" / f"{lost.key_id}.pem").unlink()
    proof.keys.renew()
    proof.chain.append("note", {})
    proof.sign()
    report = proof.verify()
    assert report.holds and notes(report) == {"key_unvouched"}
    assert codes(proof.verify(Trust({lost.key_id: lost.public_der}))) == {"key_unknown"}


def test_footage_that_was_signed_long_after_recording_is_reported(proof: Proof) -> None:
    class Tomorrow:
        def now(self) -> int:
            return proof.clock.now() + 86_400_000_000

        def monotonic(self) -> float:
            return proof.clock.monotonic()

    proof.relink(each.line for each in proof.rows if each.kind == "segment")
    proof.index_follows()
    checkpoint(proof.chain, CAMERA, Signer.at(proof.data / "keys"), Tomorrow())
    report = proof.verify()
    assert report.holds and notes(report) == {"signed_late"}
