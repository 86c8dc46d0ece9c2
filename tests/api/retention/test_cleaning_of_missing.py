"""Clean-ups of many files that are gone: recorded as missing, unless the chain has rows of their deletion."""

import pytest
from sqlalchemy import select

from shike.attendance.retention.deleting import Deleter, plan
from shike.attendance.retention.keeping import candidates
from shike.attendance.retention.rules import FOR_EVER_US, DueSegment
from shike.attendance.tables.footage import SegmentRow
from shike.capture.archive.chain import Link, sha256
from shike.capture.ids import new_id
from tests.api.stocked import Stocked

LOST = 100


def lose(stock: Stocked, ids: list[str]) -> None:
    """Removes files of segments and plans their deletion."""
    with stock.service.database.writing() as db:
        for key in db.scalars(select(SegmentRow.object_key).where(SegmentRow.id.in_(ids))):
            (stock.service.settings.footage_dir / key).unlink()
        due = [DueSegment(each, "age") for each in candidates(db, (stock.world.cameras[0], "main"), [(0, FOR_EVER_US)])]
        plan(db, [each for each in due if each.segment.segment_id in ids], {}, stock.service.clock.now())


def finish(stock: Stocked) -> None:
    assert sum(Deleter(stock.service.database, stock.archive, stock.service.clock, "no").finish()) > 0


def test_a_bulk_loss_is_told_without_reading_the_chain_for_each_file(
    stock: Stocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = stock.record(0, 100, LOST)
    lose(stock, ids)
    read = 0

    def counted(line: bytes) -> Link:
        nonlocal read
        read += 1
        return real(line)

    real = Link.parse
    monkeypatch.setattr(Link, "parse", counted)
    finish(stock)
    assert [link.fields["segment"] for link in stock.chained() if link.fields["missing"]] == ids
    assert read < 30 * LOST, "some rows for each file, and not all of them"


def test_what_the_chain_said_long_ago_is_found_and_no_file_of_it_is_missing(
    stock: Stocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, stolen = stock.record(0, 100, 2)
    chain = stock.archive.chain(stock.world.cameras[0])
    values = {"segment": taken, "digest": sha256(b""), "rule": "age", "policy": None, "at_us": 1}
    row = chain.append("deleted", values)
    chain.append("deleted", values | {"segment": new_id()})
    # As if the row were more than several hundred rows from the end.
    monkeypatch.setattr("shike.capture.archive.chain_file._TAIL_BYTES", len(row.line))
    lose(stock, [taken, stolen])
    finish(stock)
    assert {each.segment_id: each.missing for each in stock.deletions()} == {taken: False, stolen: True}
    assert stock.deletions()[0].link_number == row.number
