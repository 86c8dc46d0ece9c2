"""Verification accepts unchanged footage, also while recording and deletion go on."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from shike.attendance.footage.indexed import IndexRows
from shike.camera_sim import CameraSim
from shike.capture.proof.chain_walk import Trust
from shike.capture.proof.findings import Indexed, VerificationScope
from shike.capture.proof.integrity import verify
from shike.capture.recorder.config import Lengths
from tests.capture.proof.proved import Proof, broken, notes
from tests.capture.recorder.test_ingest import START_US
from tests.recorded import CAMERA, wait_until
from tests.recording import camera_thread, sharing


@pytest.mark.parametrize("quick", [False, True])
def test_footage_that_is_as_it_was_recorded_holds(honest: Proof, quick: bool) -> None:
    report = honest.verify(quick=quick)
    assert report.findings == [] and report.holds
    segments = [row for row in honest.rows if row.kind == "segment"]
    assert (report.segments, report.files, report.rows) == (len(segments), len(segments), len(honest.rows))
    assert report.bytes == (0 if quick else sum(row.fields["size"] for row in segments))
    assert report.signed_until_us == honest.rows[-1].fields["at_us"]


def test_a_range_is_verified_with_the_rows_that_sign_it_and_no_more(honest: Proof) -> None:
    first, second = honest.segments()[:2]
    report = honest.verify(stream="main", from_us=first.fields["start_us"], to_us=second.fields["start_us"])
    assert report.holds and report.segments == report.files == 1
    assert (report.start_us, report.end_us) == (first.fields["start_us"], first.fields["end_us"])
    assert report.signed_until_us == next(row.fields["at_us"] for row in honest.rows if row.kind == "checkpoint")


def test_a_change_elsewhere_does_not_break_a_range(proof: Proof) -> None:
    proof.change_row(proof.imported.number, lambda fields: fields.update(dropped=7))
    first = proof.segments()[0].fields
    assert proof.verify(from_us=first["start_us"], to_us=first["end_us"]).holds
    assert not proof.verify(from_us=START_US, to_us=START_US + 1_000_000).holds


def test_an_import_is_in_the_chain_as_an_import(honest: Proof) -> None:
    row = honest.imported
    assert row.fields["origin"] == "imported" and row.fields["start_us"] == START_US


def test_rows_that_are_not_signed_yet_are_reported(proof: Proof) -> None:
    lines = [row.line for row in proof.rows]
    proof.write(lines[:-1])
    report = proof.verify()
    assert report.holds and notes(report) == {"unsigned_since"}
    assert report.findings[0].row == proof.imported.number


def test_a_chain_that_was_never_signed_is_reported(proof: Proof) -> None:
    proof.relink([row.line for row in proof.rows if row.kind == "segment"])
    proof.index_follows()
    report = proof.verify()
    assert report.holds and [(f.code, f.row) for f in report.findings] == [("unsigned_since", 1)]
    assert report.signed_until_us is None


def test_segments_in_the_spool_and_being_written_are_reported(proof: Proof) -> None:
    waiting, writing = proof.segments()[-1], proof.segments("sub")[-1]
    record = proof.archive.examine(str(waiting.fields["key"]))
    assert record is not None
    proof.spool.put(record)
    marker = proof.data / "footage" / CAMERA / "sub.live.open.json"
    marker.write_text(json.dumps({"key": "x".join(str(writing.fields["key"]).rsplit("0", 1))}))
    proof.file(writing).with_name(Path(json.loads(marker.read_text())["key"]).name).write_bytes(b"beginning")
    proof.forget([waiting.fields["segment"]])
    report = proof.verify()
    assert report.holds and notes(report) == {"waiting_for_index", "being_written"}


# ── during recording and deletion ───────────────────────────────────────────────────────────────────────────────────


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
                proof.delete_by_rule(proof.segments()[deleted])
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
    assert report.holds and notes(report) <= {"deleted_by_rule"}
    assert verified > 1 and report.deleted == deleted > 0


def test_a_segment_that_reaches_spool_and_index_while_it_is_verified_is_not_missing(proof: Proof) -> None:
    row = proof.segments()[-1]

    class Late(IndexRows):
        """An index that lacks a segment at the first call of `find` and has it at later calls."""

        calls = 0

        def find(self, segment_ids: Sequence[str]) -> Mapping[str, Indexed]:
            self.calls += 1
            indexed = super().find(segment_ids)
            return {k: v for k, v in indexed.items() if self.calls > 1 or k != row.fields["segment"]}

    rows = Late(proof.database.reading, proof.spool)
    assert verify(VerificationScope(CAMERA), proof.archive, rows, Trust(proof.keys.publics())).findings == []
    assert rows.calls == 2


class Watched(IndexRows):
    """An index that counts the calls of `waiting` and runs `then` after each."""

    calls = 0
    then: Callable[[], None] = staticmethod(lambda: None)

    def waiting(self) -> set[str]:
        self.calls += 1
        waiting = super().waiting()
        self.then()
        return waiting


def test_the_spool_is_read_once_however_many_segments_the_index_lacks(proof: Proof) -> None:
    ids = [row.fields["segment"] for row in proof.segments()]
    proof.forget(ids)
    rows = Watched(proof.database.reading, proof.spool)
    report = verify(VerificationScope(CAMERA), proof.archive, rows, Trust(proof.keys.publics()))
    assert [finding.segment_id for finding in report.findings if finding.code == "index_missing"] == ids
    assert len(ids) > 1 and rows.calls == 1


def test_a_segment_that_reaches_the_spool_after_it_was_read_counts_as_waiting_for_the_index(
    proof: Proof,
) -> None:
    row = proof.segments("sub")[-1]
    record = proof.archive.examine(str(row.fields["key"]))
    assert record is not None
    proof.forget([row.fields["segment"]])
    marker = proof.data / "footage" / CAMERA / "sub.live.open.json"
    marker.write_text(json.dumps({"key": row.fields["key"]}))

    def handed_over() -> None:
        proof.spool.put(record)
        marker.unlink(missing_ok=True)

    rows = Watched(proof.database.reading, proof.spool)
    rows.then = handed_over
    report = verify(VerificationScope(CAMERA), proof.archive, rows, Trust(proof.keys.publics()))
    assert report.holds and notes(report) == {"waiting_for_index"}
