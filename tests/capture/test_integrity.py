"""Verification: footage that is as it was recorded holds; what is changed, dropped or put in another order is found."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.capture.proof import Proof, broken, changed, codes, told
from tests.capture.test_ingest import START_US, write
from tests.recorded import CAMERA, wait_until
from tests.recording import camera_thread, sharing

from shike.attendance.indexed import IndexRows
from shike.attendance.tables import from_us
from shike.camera_sim import CameraSim
from shike.capture.boxes import find
from shike.capture.chain import Link, sha256
from shike.capture.chain_walk import Trust
from shike.capture.findings import Asked, Indexed
from shike.capture.ingest import ingest
from shike.capture.integrity import verify
from shike.capture.segmenter import Lengths
from shike.capture.signing import Signer, checkpoint, checkpoint_statement, introduce, said_signature
from shike.capture.signing_keys import SigningKeys

Falsify = Callable[[Proof, list[Link]], object]


@pytest.fixture(scope="module")
def honest(filmed_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Proof:
    """Two live runs, main and sub, signed; then an import, signed again. Nothing in it is to be changed."""
    folder = tmp_path_factory.mktemp("honest")
    proof = Proof(filmed_folder).copied(folder / "data")
    proof.set_up()
    proof.index()
    proof.sign()
    done = ingest(
        write(folder / "lesson.mp4", 60),
        CAMERA,
        "main",
        START_US,
        archive=proof.archive,
        spool=proof.spool,
        clock=proof.clock,
        lengths=Lengths(),
        node="test",
        simulated=False,
    )
    assert done.pictures == 60
    proof.index()
    proof.sign()
    return proof


@pytest.fixture
def proof(honest: Proof, tmp_path: Path) -> Proof:
    """A copy that may be falsified."""
    return honest.copied(tmp_path / "data")


# ── what holds ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("quick", [False, True])
def test_footage_that_is_as_it_was_recorded_holds(honest: Proof, quick: bool) -> None:
    report = honest.verify(quick=quick)
    assert report.findings == [] and report.holds
    segments = [row for row in honest.rows if row.kind == "segment"]
    assert (report.segments, report.files, report.rows) == (len(segments), len(segments), len(honest.rows))
    assert report.bytes == (0 if quick else sum(row.said["size"] for row in segments))
    assert report.signed_until_us == honest.rows[-1].said["at_us"]


def test_a_range_is_verified_with_what_signs_it_and_no_more(honest: Proof) -> None:
    first, second = honest.segments()[:2]
    report = honest.verify(stream="main", from_us=first.said["start_us"], to_us=second.said["start_us"])
    assert report.holds and report.segments == report.files == 1
    assert (report.start_us, report.end_us) == (first.said["start_us"], first.said["end_us"])
    assert report.signed_until_us == next(row.said["at_us"] for row in honest.rows if row.kind == "checkpoint")


def test_what_is_changed_elsewhere_says_nothing_against_a_range(proof: Proof) -> None:
    proof.change_row(honest_import(proof).number, lambda said: said.update(dropped=7))
    first = proof.segments()[0].said
    assert proof.verify(from_us=first["start_us"], to_us=first["end_us"]).holds
    assert not proof.verify(from_us=START_US, to_us=START_US + 1_000_000).holds


def test_an_import_is_in_the_chain_as_an_import(honest: Proof) -> None:
    row = honest_import(honest)
    assert row.said["origin"] == "imported" and row.said["start_us"] == START_US


def test_what_is_not_signed_yet_is_said(proof: Proof) -> None:
    lines = [row.line for row in proof.rows]
    proof.write(lines[:-1])
    report = proof.verify()
    assert report.holds and told(report) == {"unsigned_since"}
    assert report.findings[0].row == honest_import(proof).number


def test_a_chain_that_was_never_signed_says_so(proof: Proof) -> None:
    proof.relink([row.line for row in proof.rows if row.kind == "segment"])
    proof.index_follows()
    report = proof.verify()
    assert report.holds and [(f.code, f.row) for f in report.findings] == [("unsigned_since", 1)]
    assert report.signed_until_us is None


def test_what_waits_in_the_spool_and_what_is_being_written_is_said(proof: Proof) -> None:
    waiting, writing = proof.segments()[-1], proof.segments("sub")[-1]
    record = proof.archive.examine(str(waiting.said["key"]))
    assert record is not None
    proof.spool.put(record)
    marker = proof.data / "footage" / CAMERA / "sub.live.open.json"
    marker.write_text(json.dumps({"key": "x".join(str(writing.said["key"]).rsplit("0", 1))}))
    proof.file(writing).with_name(Path(json.loads(marker.read_text())["key"]).name).write_bytes(b"beginning")
    proof.forget([waiting.said["segment"]])
    report = proof.verify()
    assert report.holds and told(report) == {"waiting_for_index", "being_written"}


# ── what was changed ───────────────────────────────────────────────────────────────────────────────────────────────


def honest_import(proof: Proof) -> Link:
    return proof.segments(origin="imported")[0]


def flip(proof: Proof, row: Link, where: Callable[[bytes], int]) -> None:
    path = proof.file(row)
    data = bytearray(path.read_bytes())
    data[where(bytes(data))] ^= 1
    path.write_bytes(data)


def swap_files(proof: Proof, a: Link, b: Link) -> None:
    first, second = proof.file(a).read_bytes(), proof.file(b).read_bytes()
    proof.file(a).write_bytes(second)
    proof.file(b).write_bytes(first)


def drop_row(proof: Proof, row: Link) -> None:
    proof.write(each.line for each in proof.rows if each.number != row.number)


def swap_rows(proof: Proof, number: int) -> None:
    lines = [row.line for row in proof.rows]
    lines[number - 1], lines[number] = lines[number], lines[number - 1]
    proof.write(lines)


def index_row(change: Callable[[Any, Any], object]) -> Falsify:
    return lambda proof, rows: proof.change_index(rows[1].said["segment"], change)


def chain_row(**said: Any) -> Falsify:
    return lambda proof, rows: proof.change_row(rows[1].number, lambda row: row.update(said))


def later(at: Any) -> Any:
    return from_us(round(at.timestamp() * 1_000_000) + 60_000_000)


FALSIFIED: dict[str, tuple[Falsify, str, str | None]] = {
    "one bit of a picture": (
        lambda proof, rows: flip(proof, rows[1], lambda data: data.rindex(b"mdat") + 40),
        "file_changed",
        "digest",
    ),
    "one bit of a time in a box": (
        lambda proof, rows: flip(proof, rows[1], lambda data: data.index(b"prft") + 20),
        "file_changed",
        "digest",
    ),
    "one bit of the codec's parameters": (
        lambda proof, rows: flip(proof, rows[1], lambda data: find(data, b"moov").end - 1),
        "file_changed",
        "digest",
    ),
    "a byte more": (
        lambda proof, rows: proof.file(rows[1]).write_bytes(proof.file(rows[1]).read_bytes() + b"\0"),
        "file_changed",
        "size",
    ),
    "an empty file": (lambda proof, rows: proof.file(rows[1]).write_bytes(b""), "file_changed", "size"),
    "two files swapped": (lambda proof, rows: swap_files(proof, rows[0], rows[1]), "file_changed", None),
    "a file deleted by hand": (lambda proof, rows: proof.file(rows[1]).unlink(), "file_missing", None),
    "a file renamed": (
        lambda proof, rows: proof.file(rows[1]).rename(proof.file(rows[1]).with_stem("renamed")),
        "file_unknown",
        None,
    ),
    "a file that nobody recorded": (
        lambda proof, rows: proof.file(rows[1]).with_stem("added").write_bytes(b"added"),
        "file_unknown",
        None,
    ),
    "the index's start": (
        index_row(lambda segment, run: setattr(segment, "wall_start", later(segment.wall_start))),
        "index_differs",
        "start_us",
    ),
    "the index's end": (
        index_row(lambda segment, run: setattr(segment, "wall_end", later(segment.wall_end))),
        "index_differs",
        "end_us",
    ),
    "the index's digest": (
        index_row(lambda segment, run: setattr(segment, "digest", sha256(b"other"))),
        "index_differs",
        "digest",
    ),
    "the index's file name": (
        index_row(lambda segment, run: setattr(segment, "object_key", "elsewhere.mp4")),
        "index_differs",
        "key",
    ),
    "the index's clock offset": (
        index_row(lambda segment, run: setattr(segment, "clock_offset_ms", 9)),
        "index_differs",
        "clock_offset_ms",
    ),
    "the index's lost packets": (
        index_row(lambda segment, run: setattr(segment, "dropped", 9)),
        "index_differs",
        "dropped",
    ),
    "the index's fragment table": (
        index_row(lambda segment, run: setattr(segment, "fragments", segment.fragments[:-4])),
        "index_differs",
        "fragments",
    ),
    "the index's link": (
        index_row(lambda segment, run: setattr(segment, "link", sha256(b"other"))),
        "row_changed",
        None,
    ),
    "the index's place in the chain": (
        index_row(lambda segment, run: setattr(segment, "link_number", 1)),
        "index_differs",
        "link_number",
    ),
    "whose camera it is": (
        index_row(lambda segment, run: setattr(segment, "camera_id", "another")),
        "index_differs",
        "camera",
    ),
    "why a run ended": (
        lambda proof, rows: proof.change_index(
            rows[-1].said["segment"], lambda _, run: setattr(run, "end_reason", "x")
        ),
        "index_differs",
        "ends_run",
    ),
    "when a run ended": (
        lambda proof, rows: proof.change_index(
            rows[-1].said["segment"], lambda _, run: setattr(run, "ended_at", later(run.ended_at))
        ),
        "index_differs",
        "ends_run",
    ),
    "that it was simulated": (
        index_row(lambda segment, run: setattr(run, "simulated", not run.simulated)),
        "index_differs",
        "simulated",
    ),
    "an import that passes for live": (
        lambda proof, rows: proof.change_index(
            honest_import(proof).said["segment"], lambda _, run: setattr(run, "origin", "live")
        ),
        "index_differs",
        "origin",
    ),
    "an import that the chain calls live": (
        lambda proof, rows: proof.change_row(honest_import(proof).number, lambda said: said.update(origin="live")),
        "chain_broken",
        None,
    ),
    "a row of the index gone": (lambda proof, rows: proof.forget([rows[1].said["segment"]]), "index_missing", None),
    "a time in the chain": (chain_row(start_us=1), "chain_broken", None),
    "a digest in the chain": (chain_row(digest=sha256(b"other")), "chain_broken", None),
    "a row that is no row": (
        lambda proof, rows: proof.write(
            line if line != rows[1].line else b"{}" for line in (r.line for r in proof.rows)
        ),
        "row_unreadable",
        None,
    ),
    "a time that is none": (chain_row(start_us="yesterday"), "row_unreadable", None),
    "a row of the chain gone": (lambda proof, rows: drop_row(proof, rows[1]), "chain_broken", None),
    "two rows swapped": (lambda proof, rows: swap_rows(proof, rows[0].number), "rows_out_of_order", None),
    "the first rows gone": (lambda proof, rows: proof.write([r.line for r in proof.rows][2:]), "chain_broken", None),
    "the last rows gone": (
        lambda proof, rows: proof.write([r.line for r in proof.rows][: rows[1].number - 1]),
        "not_in_chain",
        None,
    ),
    "the whole chain gone": (lambda proof, rows: proof.write([]), "not_in_chain", None),
}


@pytest.mark.parametrize("what", FALSIFIED)
def test_whatever_is_falsified_is_found(proof: Proof, what: str) -> None:
    falsify, code, field = FALSIFIED[what]
    falsify(proof, proof.segments())
    report = proof.verify()
    assert not report.holds
    assert any(each.code == code and field in (None, each.field) for each in broken(report)), report.findings


def test_the_finding_names_what_where_and_when(proof: Proof) -> None:
    row = proof.segments()[1]
    flip(proof, row, lambda data: len(data) - 1)
    (finding,) = broken(proof.verify())
    assert (finding.code, finding.row, finding.segment_id) == ("file_changed", row.number, row.said["segment"])
    assert (finding.stream, finding.start_us, finding.end_us) == ("main", row.said["start_us"], row.said["end_us"])
    assert (finding.expected, finding.found) == (row.said["digest"], sha256(proof.file(row).read_bytes()))
    assert finding.key == row.said["key"]


def test_the_first_broken_link_is_named_first(proof: Proof) -> None:
    early, late = proof.segments()[1], proof.segments()[-1]
    for row in (late, early):
        proof.change_row(row.number, lambda said: said.update(dropped=7))
    breaks = [finding for finding in proof.verify().findings if finding.code == "chain_broken"]
    assert [finding.row for finding in breaks] == [early.number + 1, late.number + 1]
    assert breaks[0].expected == proof.rows[early.number - 1].digest and breaks[0].found == early.digest


def test_quick_sees_a_size_but_no_content(proof: Proof) -> None:
    changed_row, longer = proof.segments()[:2]
    flip(proof, changed_row, lambda data: len(data) - 1)
    assert proof.verify(quick=True).holds
    proof.file(longer).write_bytes(proof.file(longer).read_bytes() + b"\0")
    assert codes(proof.verify(quick=True)) == {"file_changed"}


# ── whoever can write everything but has no key ────────────────────────────────────────────────────────────────────


def test_a_chain_that_is_linked_anew_after_a_change_is_found_by_the_signature(proof: Proof) -> None:
    row = proof.segments()[1]
    flip(proof, row, lambda data: len(data) - 1)
    digest = sha256(proof.file(row).read_bytes())
    lines = [each.line for each in proof.rows]
    lines[row.number - 1] = changed(lines[row.number - 1], lambda said: said.update(digest=digest))
    proof.relink(lines)
    proof.index_follows()
    report = proof.verify()
    assert codes(report) == {"signature_wrong"}
    first = next(each.number for each in proof.rows if each.kind == "checkpoint")
    assert broken(report)[0].row == first


def test_a_segment_that_was_left_out_of_everything_is_found_by_its_run_and_by_the_signature(proof: Proof) -> None:
    row = proof.segments()[1]
    proof.file(row).unlink()
    proof.forget([row.said["segment"]])
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
    assert [finding.found for finding in broken(report)] == [forged.key_id]  # once, not at every checkpoint


def test_a_forger_cannot_hang_a_key_of_their_own_onto_the_honest_one(proof: Proof) -> None:
    owner = Signer.at(proof.data / "keys").key_id
    proof.chain.append("note", {})
    SigningKeys(proof.data / "forged").current()
    introduce(proof.chain, CAMERA, Signer.at(proof.data / "forged"), proof.clock)
    row = proof.rows[-1]
    proof.change_row(row.number, lambda said: said.update(by=owner, signature="ed25519:" + "A" * 86 + "=="))
    checkpoint(proof.chain, CAMERA, Signer.at(proof.data / "forged"), proof.clock)
    assert codes(proof.verify()) == {"signature_wrong", "key_unknown"}


def test_a_chain_of_another_camera_is_found(proof: Proof) -> None:
    other = "01900000-0000-7000-8000-000000000002"
    chain = proof.archive.chain(other)
    chain.append("note", {})
    checkpoint(chain, other, Signer.at(proof.data / "keys"), proof.clock)
    proof.write(link.line for link in chain.links())
    assert "signature_wrong" in codes(proof.verify())


def test_a_second_row_for_a_segment_is_found_unless_it_only_says_how_the_run_ended(proof: Proof) -> None:
    last = next(row for row in reversed(proof.segments()) if row.said["ends_run"])
    record = proof.archive.examine(str(last.said["key"]))
    assert record is not None
    said = {name: value for name, value in last.said.items() if name not in ("number", "prev", "kind")}
    proof.chain.append("segment", said | {"ends_run": "disk_full"})
    assert "segment_twice" in codes(proof.verify())


def test_a_run_that_turned_out_to_have_ended_has_a_second_row(proof: Proof) -> None:
    before = proof.segments()[-1]
    lines = [row.line for row in proof.rows if row.kind == "segment"]
    at = next(n for n, line in enumerate(lines) if before.said["segment"].encode() in line)
    lines.insert(at, changed(lines[at], lambda said: said.update(ends_run=None)))
    proof.relink(lines)
    proof.index_follows()
    assert proof.verify().holds


# ── deleted by a rule, or by hand ──────────────────────────────────────────────────────────────────────────────────


def delete_by_rule(proof: Proof, row: Link, **said: Any) -> None:
    what = {"segment": row.said["segment"], "digest": row.said["digest"], "rule": "age", "policy": None}
    proof.chain.append("deleted", what | {"at_us": proof.clock.now()} | said)
    proof.file(row).unlink()
    proof.forget([row.said["segment"]])


def test_what_was_deleted_by_a_rule_is_no_tampering(proof: Proof) -> None:
    row = proof.segments()[0]
    delete_by_rule(proof, row)
    proof.sign()
    report = proof.verify()
    assert report.holds and report.deleted == 1
    (finding,) = report.findings
    assert (finding.code, finding.field, finding.start_us) == ("deleted_by_rule", "age", row.said["start_us"])


def test_a_file_that_was_gone_before_a_rule_came_to_it_is_no_deletion_by_rule(proof: Proof) -> None:
    by_rule, by_hand, meanwhile = proof.segments()[:3]
    delete_by_rule(proof, by_rule)
    delete_by_rule(proof, by_hand, missing=True)
    proof.sign()
    report = proof.verify()
    assert [(f.code, f.field, f.key) for f in broken(report)] == [("file_missed_by_rule", "age", by_hand.said["key"])]
    assert report.deleted == 1
    # The same where the clean-up comes while it is verified.
    once = iter([meanwhile])

    class Meanwhile(IndexRows):
        def waiting(self) -> set[str]:
            for row in once:
                delete_by_rule(proof, row, missing=True)
            return super().waiting()

    rows = Meanwhile(proof.database.reading, proof.spool)
    report = verify(Asked(CAMERA), proof.archive, rows, Trust(proof.keys.publics()))
    assert [f.key for f in broken(report)] == [by_hand.said["key"], meanwhile.said["key"]]


def test_a_deletion_that_is_on_its_way_is_no_tampering(proof: Proof) -> None:
    rows = proof.segments()[:2]
    for row in rows:
        said = {"segment": row.said["segment"], "digest": row.said["digest"], "rule": "bytes", "policy": None}
        proof.chain.append("deleted", said | {"at_us": proof.clock.now()})
    proof.file(rows[0]).unlink()  # its row in the index is there yet
    proof.sign()
    assert proof.verify().holds


def test_a_deletion_of_something_else_is_found(proof: Proof) -> None:
    delete_by_rule(proof, proof.segments()[0], digest=sha256(b"other"))
    proof.sign()
    first = proof.segments()[0].said
    assert codes(proof.verify()) == {"deletion_differs"}
    # Also where only the time is asked for in which it was recorded.
    assert codes(proof.verify(from_us=first["start_us"], to_us=first["end_us"])) == {"deletion_differs"}


def test_a_row_of_a_deletion_that_was_changed_is_found_from_the_range_that_was_deleted(proof: Proof) -> None:
    row = proof.segments()[0]
    delete_by_rule(proof, row)
    proof.sign()
    number = next(each.number for each in proof.rows if each.kind == "deleted")
    proof.change_row(number, lambda said: said.update(rule="floor"))
    assert codes(proof.verify(from_us=row.said["start_us"], to_us=row.said["end_us"])) == {"chain_broken"}


# ── keys ───────────────────────────────────────────────────────────────────────────────────────────────────────────


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
    # Whoever has the first public key needs no other.
    assert proof.verify(Trust({first.key_id: first.public_der})).findings == []


def test_a_reader_who_trusts_another_key_is_told(honest: Proof, tmp_path: Path) -> None:
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
    return {"camera": CAMERA, "at_us": at_us, "key": signer.key_id, "signature": said_signature(signature)}


def test_a_key_after_a_lost_one_is_said_to_have_nobody_vouching_for_it(proof: Proof) -> None:
    lost = Signer.at(proof.data / "keys")
    (proof.data / "keys" / "signing" / f"{lost.key_id}.pem").unlink()
    proof.keys.renew()
    proof.chain.append("note", {})
    proof.sign()
    report = proof.verify()
    assert report.holds and told(report) == {"key_unvouched"}
    assert codes(proof.verify(Trust({lost.key_id: lost.public_der}))) == {"key_unknown"}


def test_footage_that_was_signed_long_after_it_was_recorded_is_said_to_be(proof: Proof) -> None:
    class Tomorrow:
        def now(self) -> int:
            return proof.clock.now() + 86_400_000_000

        def monotonic(self) -> float:
            return proof.clock.monotonic()

    proof.relink(each.line for each in proof.rows if each.kind == "segment")
    proof.index_follows()
    checkpoint(proof.chain, CAMERA, Signer.at(proof.data / "keys"), Tomorrow())
    report = proof.verify()
    assert report.holds and told(report) == {"signed_late"}


# ── while it goes on ───────────────────────────────────────────────────────────────────────────────────────────────


def test_recording_indexing_and_deleting_may_go_on_meanwhile(sim: CameraSim, tmp_path: Path) -> None:
    proof = Proof(tmp_path)
    proof.set_up()
    recording = sharing(tmp_path, Lengths(segment_s=0.4, sync_beat_s=0.5))
    thread = camera_thread(sim, recording)
    thread.start()
    try:
        wait_until(lambda: proof.segments(), "a segment is closed")
        until, deleted, verified = time.monotonic() + 4, 0, 0
        while time.monotonic() < until:
            proof.index()
            if deleted < len(proof.segments()) - 2:
                delete_by_rule(proof, proof.segments()[deleted])
                deleted += 1
            proof.sign()
            report = proof.verify()
            assert broken(report) == []
            verified += 1
    finally:
        thread.stop()
        thread.join(20)
    proof.index()
    proof.sign()
    report = proof.verify()
    assert report.holds and told(report) <= {"deleted_by_rule"}
    assert verified > 1 and report.deleted == deleted > 0


def test_a_segment_that_reaches_spool_and_index_while_it_is_verified_is_not_missing(proof: Proof) -> None:
    row = proof.segments()[-1]

    class Late(IndexRows):
        """The index as it is asked before and after housekeeping took the segment in."""

        asked = 0

        def find(self, segment_ids: Sequence[str]) -> Mapping[str, Indexed]:
            self.asked += 1
            found = super().find(segment_ids)
            return {k: v for k, v in found.items() if self.asked > 1 or k != row.said["segment"]}

    rows = Late(proof.database.reading, proof.spool)
    assert verify(Asked(CAMERA), proof.archive, rows, Trust(proof.keys.publics())).findings == []
    assert rows.asked == 2
