"""The proof of a range is read from a chain of years without holding the whole chain in memory."""

import json
import tracemalloc
from itertools import count
from pathlib import Path

from shike.capture.archive.chain import Chain, sha256
from shike.capture.proof.excerpt import proof

SEGMENTS = 4_000


def test_a_proof_takes_the_memory_of_its_own_rows_and_not_of_the_whole_chain(tmp_path: Path) -> None:
    numbers, prev, lines = count(1), "", list[bytes]()

    def row(kind: str, **fields: object) -> int:
        nonlocal prev
        number = next(numbers)
        fields = {"number": number, "prev": prev, "kind": kind, **fields}
        lines.append(json.dumps(fields, separators=(",", ":")).encode())
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
    excerpt = proof(Chain(tmp_path), [asked])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert excerpt is not None
    assert (excerpt.rows[0].number, excerpt.checkpoint.number) == (asked, closing)
    assert [link.number for link in excerpt.keys] == [1]
    assert gone in [link.number for link in excerpt.deleted] and len(excerpt.deleted) == len(excerpt.segments) <= 5
    # All rows are three megabytes as text, and several times as much when parsed.
    assert peak < 3_000_000
