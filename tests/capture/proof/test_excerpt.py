"""What proves a range is found in a chain of years without keeping the years in memory."""

import json
import tracemalloc
from itertools import count
from pathlib import Path

from shike.capture.archive.chain import Chain, sha256
from shike.capture.proof.excerpt import proof

SEGMENTS = 4_000


def test_a_proof_takes_the_memory_of_its_own_rows_and_not_of_the_whole_chain(tmp_path: Path) -> None:
    numbers, prev, lines = count(1), "", list[bytes]()

    def row(kind: str, **said: object) -> int:
        nonlocal prev
        number = next(numbers)
        said = {"number": number, "prev": prev, "kind": kind, **said}
        lines.append(json.dumps(said, separators=(",", ":")).encode())
        prev = sha256(lines[-1])
        return number

    row("key", key="ed25519-0", by=None)
    asked, closing, gone = 0, 0, 0
    for each in range(SEGMENTS):
        number = row("segment", segment=f"s{each}", key="k" * 120)
        asked = number if each == SEGMENTS // 2 else asked
        if each % 5 == 4:
            number = row("checkpoint", at_us=each, signature="ed25519:" + "A" * 88)
            closing = closing or (number if asked else 0)
    for each in range(SEGMENTS):
        number = row("deleted", segment=f"s{each}", digest=sha256(b""), rule="age")
        gone = number if each == SEGMENTS // 2 else gone
    (tmp_path / "000000001.jsonl").write_bytes(b"\n".join([*lines, b""]))

    tracemalloc.start()
    found = proof(Chain(tmp_path), [asked])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found is not None
    assert (found.rows[0].number, found.checkpoint.number) == (asked, closing)
    assert [link.number for link in found.keys] == [1]
    assert gone in [link.number for link in found.deleted] and len(found.deleted) == len(found.segments) <= 5
    # All rows of the chain are three megabytes as text, and several times as much once they are read.
    assert peak < 3_000_000
