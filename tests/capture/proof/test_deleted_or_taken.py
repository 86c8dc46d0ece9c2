"""Verification distinguishes files that a rule deleted from files that somebody removed."""

from shike.attendance.footage.indexed import IndexRows
from shike.capture.archive.chain import sha256
from shike.capture.proof.chain_walk import Trust
from shike.capture.proof.findings import VerificationScope
from shike.capture.proof.integrity import verify
from tests.capture.proof.proved import Proof, broken, codes
from tests.recorded import CAMERA


def test_what_was_deleted_by_a_rule_is_no_tampering(proof: Proof) -> None:
    row = proof.segments()[0]
    proof.delete_by_rule(row)
    proof.sign()
    report = proof.verify()
    assert report.holds and report.deleted == 1
    (finding,) = report.findings
    assert (finding.code, finding.field, finding.start_us) == ("deleted_by_rule", "age", row.fields["start_us"])


def test_a_file_that_was_gone_before_a_rule_came_to_it_is_no_deletion_by_rule(proof: Proof) -> None:
    by_rule, by_hand, meanwhile = proof.segments()[:3]
    proof.delete_by_rule(by_rule)
    proof.delete_by_rule(by_hand, missing=True)
    proof.sign()
    report = proof.verify()
    assert [(f.code, f.field, f.key) for f in broken(report)] == [("file_missed_by_rule", "age", by_hand.fields["key"])]
    assert report.deleted == 1
    # The same if the clean-up runs during the verification.
    once = iter([meanwhile])

    class Meanwhile(IndexRows):
        def waiting(self) -> set[str]:
            for row in once:
                proof.delete_by_rule(row, missing=True)
            return super().waiting()

    rows = Meanwhile(proof.database.reading, proof.spool)
    report = verify(VerificationScope(CAMERA), proof.archive, rows, Trust(proof.keys.publics()))
    assert [f.key for f in broken(report)] == [by_hand.fields["key"], meanwhile.fields["key"]]


def test_an_unfinished_deletion_is_no_tampering(proof: Proof) -> None:
    rows = proof.segments()[:2]
    for row in rows:
        fields = {"segment": row.fields["segment"], "digest": row.fields["digest"], "rule": "bytes", "policy": None}
        proof.chain.append("deleted", fields | {"at_us": proof.clock.now()})
    proof.file(rows[0]).unlink()  # its row in the index still exists
    proof.sign()
    assert proof.verify().holds


def test_a_deletion_of_something_else_is_found(proof: Proof) -> None:
    proof.delete_by_rule(proof.segments()[0], digest=sha256(b"other"))
    proof.sign()
    first = proof.segments()[0].fields
    assert codes(proof.verify()) == {"deletion_differs"}
    # Also if only the time is verified in which it was recorded.
    assert codes(proof.verify(from_us=first["start_us"], to_us=first["end_us"])) == {"deletion_differs"}


def test_a_changed_deletion_row_is_found_when_only_the_deleted_range_is_verified(proof: Proof) -> None:
    row = proof.segments()[0]
    proof.delete_by_rule(row)
    proof.sign()
    number = next(each.number for each in proof.rows if each.kind == "deleted")
    proof.change_row(number, lambda fields: fields.update(rule="floor"))
    assert codes(proof.verify(from_us=row.fields["start_us"], to_us=row.fields["end_us"])) == {"chain_broken"}
