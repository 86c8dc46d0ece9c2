"""The memory that rebuilding the index needs, however long the chain is."""

import json
import tracemalloc
from pathlib import Path

from shike.attendance.repair.rebuilding import Rebuilt, rebuild
from shike.capture.ids import new_id
from tests.capture.proof.proved import Proof
from tests.recorded import CAMERA

ROWS, MOST_BYTES_A_ROW = 5_000, 600


def test_a_rebuild_does_not_hold_the_rows_of_the_chain_in_memory(tmp_path: Path) -> None:
    proof = Proof(tmp_path)
    proof.set_up()
    folder = tmp_path / "footage" / CAMERA / "chain"
    folder.mkdir(parents=True)
    (folder / "000000001.jsonl").write_text("".join(row_of_segment(number) for number in range(1, ROWS + 1)))
    database = proof.database
    assert rebuild(proof.archive, database.reading, database.writing, CAMERA) == Rebuilt()  # all rows exist already
    tracemalloc.start()
    try:
        rebuild(proof.archive, database.reading, database.writing, CAMERA)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < ROWS * MOST_BYTES_A_ROW


def row_of_segment(number: int) -> str:
    segment_id = new_id()
    row = {"number": number, "prev": "sha256:" + "0" * 64, "kind": "segment", "segment": segment_id, "run": new_id()}
    row |= {"sequence": number, "stream": "main", "origin": "live", "simulated": False, "node": "here", "epoch": 1}
    row |= {"key": f"{CAMERA}/main/20260901/{segment_id}.mp4", "start_us": number, "end_us": number + 1, "size": 1}
    row |= {"digest": "sha256:" + "1" * 64, "clock_offset_ms": None, "dropped": 0, "ends_run": None}
    return json.dumps(row, separators=(",", ":")) + "\n"
