"""Verification finds and names what was changed, removed or reordered."""

from collections.abc import Callable
from typing import Any

import pytest

from shike.capture.archive.chain import Link, sha256
from shike.capture.moment import from_us
from shike.capture.mp4.boxes import find
from tests.capture.proof.proved import Proof, broken, codes

Falsify = Callable[[Proof, list[Link]], object]


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
    return lambda proof, rows: proof.change_index(rows[1].fields["segment"], change)


def chain_row(**changed: Any) -> Falsify:
    return lambda proof, rows: proof.change_row(rows[1].number, lambda row: row.update(changed))


def later(at: Any) -> Any:
    return from_us(round(at.timestamp() * 1_000_000) + 60_000_000)


FALSIFIED: dict[str, tuple[Falsify, str, str | None]] = {
    "one bit of a picture": (
        lambda proof, rows: proof.flip(rows[1], lambda data: data.rindex(b"mdat") + 40),
        "file_changed",
        "digest",
    ),
    "one bit of a time in a box": (
        lambda proof, rows: proof.flip(rows[1], lambda data: data.index(b"prft") + 20),
        "file_changed",
        "digest",
    ),
    "one bit of the codec's parameters": (
        lambda proof, rows: proof.flip(rows[1], lambda data: find(data, b"moov").end - 1),
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
    "a file that was never recorded": (
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
            rows[-1].fields["segment"], lambda _, run: setattr(run, "end_reason", "x")
        ),
        "index_differs",
        "ends_run",
    ),
    "when a run ended": (
        lambda proof, rows: proof.change_index(
            rows[-1].fields["segment"], lambda _, run: setattr(run, "ended_at", later(run.ended_at))
        ),
        "index_differs",
        "ends_run",
    ),
    "that it was simulated": (
        index_row(lambda segment, run: setattr(run, "simulated", not run.simulated)),
        "index_differs",
        "simulated",
    ),
    "an import that the index calls live": (
        lambda proof, rows: proof.change_index(
            proof.imported.fields["segment"], lambda _, run: setattr(run, "origin", "live")
        ),
        "index_differs",
        "origin",
    ),
    "an import that the chain calls live": (
        lambda proof, rows: proof.change_row(proof.imported.number, lambda fields: fields.update(origin="live")),
        "chain_broken",
        None,
    ),
    "a row of the index gone": (lambda proof, rows: proof.forget([rows[1].fields["segment"]]), "index_missing", None),
    "a time in the chain": (chain_row(start_us=1), "chain_broken", None),
    "a digest in the chain": (chain_row(digest=sha256(b"other")), "chain_broken", None),
    "a row that is no valid row": (
        lambda proof, rows: proof.write(
            line if line != rows[1].line else b"{}" for line in (r.line for r in proof.rows)
        ),
        "row_unreadable",
        None,
    ),
    "a time that is no number": (chain_row(start_us="yesterday"), "row_unreadable", None),
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
def test_every_falsification_is_found(proof: Proof, what: str) -> None:
    falsify, code, field = FALSIFIED[what]
    falsify(proof, proof.segments())
    report = proof.verify()
    assert not report.holds
    assert any(each.code == code and field in (None, each.field) for each in broken(report)), report.findings


def test_the_finding_names_what_where_and_when(proof: Proof) -> None:
    row = proof.segments()[1]
    proof.flip(row, lambda data: len(data) - 1)
    (finding,) = broken(proof.verify())
    assert (finding.code, finding.row, finding.segment_id) == ("file_changed", row.number, row.fields["segment"])
    assert (finding.stream, finding.start_us, finding.end_us) == ("main", row.fields["start_us"], row.fields["end_us"])
    assert (finding.expected, finding.found) == (row.fields["digest"], sha256(proof.file(row).read_bytes()))
    assert finding.key == row.fields["key"]


def test_the_first_broken_link_is_named_first(proof: Proof) -> None:
    early, late = proof.segments()[1], proof.segments()[-1]
    for row in (late, early):
        proof.change_row(row.number, lambda fields: fields.update(dropped=7))
    breaks = [finding for finding in proof.verify().findings if finding.code == "chain_broken"]
    assert [finding.row for finding in breaks] == [early.number + 1, late.number + 1]
    assert breaks[0].expected == proof.rows[early.number - 1].digest and breaks[0].found == early.digest


def test_quick_compares_sizes_but_no_content(proof: Proof) -> None:
    changed_row, longer = proof.segments()[:2]
    proof.flip(changed_row, lambda data: len(data) - 1)
    assert proof.verify(quick=True).holds
    proof.file(longer).write_bytes(proof.file(longer).read_bytes() + b"\0")
    assert codes(proof.verify(quick=True)) == {"file_changed"}
