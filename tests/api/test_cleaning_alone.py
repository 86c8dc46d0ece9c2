"""A clean-up leaves alone what is not its own: what another is at, and footage whose volume is not mounted."""

import shutil
from collections.abc import Iterator

import pytest

from shike.attendance.deleting import plan
from shike.attendance.keeping import candidates
from shike.attendance.retention import FOR_EVER_US, Due

from .service import Service, World
from .stocked import SIZE, Stocked, stocked
from .test_cleaning import rule


@pytest.fixture
def stock(empty: Service, world: World) -> Iterator[Stocked]:
    yield from stocked(empty, world)


def test_two_that_clean_up_at_once_delete_no_more_than_one(stock: Stocked) -> None:
    ids = stock.record(0, 5, 20)
    rule(stock, camera_id=stock.world.cameras[0], days=None, max_bytes=15 * SIZE)
    one = stock.cleaner()
    for _ in range(40):
        one.step(budget_s=0)
        stock.clean()  # another process, which is begun and ended between any two steps of the first
    assert stock.left() == ids[5:]
    stock.assert_index_and_files_agree()
    assert [link.said["segment"] for link in stock.chained()] == ids[:5], "each is said to be deleted once"
    assert {row.missing for row in stock.deletions()} == {False}


@pytest.mark.parametrize("whole", [True, False], ids=["all footage", "one camera's"])
def test_nothing_is_deleted_of_footage_that_is_not_mounted(stock: Stocked, whole: bool) -> None:
    first = stock.world.cameras[0]
    stock.record(0, 100, 14), stock.record(0, 1, 10)  # more than half
    old, young = stock.record(1, 100, 3), stock.record(1, 1, 30)
    stock.clean()
    assert [brake.camera_id for brake in stock.brakes()] == [first] and stock.left(1) == young
    with stock.service.database.writing() as db:  # planned, and not come to
        (due, *_) = candidates(db, (first, "main"), [(0, FOR_EVER_US)])
        plan(db, [Due(due, "age")], {}, stock.service.clock.now())
    footage = stock.service.settings.footage_dir
    folder = footage if whole else footage / first
    volume = folder.rename(footage.with_name("volume"))
    folder.mkdir()
    more = stock.record(1, 95, 1) if not whole else []
    stock.capacity, stock.floor = 0, 10**6  # what is there instead is full
    stock.clean()
    assert (len(stock.left(0)), stock.left(1)) == (23, young), "of what is there the rules hold"
    assert [brake.camera_id for brake in stock.brakes()] == [first]
    assert [row.state for row in stock.deletions() if row.camera_id == first] == ["planned"]
    assert not list(folder.iterdir()) or not whole

    stock.capacity, stock.floor = 10**9, 0
    folder.rmdir() if whole else shutil.rmtree(folder)
    volume.rename(folder)
    stock.clean()
    assert len(stock.left(0)) == 23 and {row.missing for row in stock.deletions()} == {False}
    assert len(stock.chained()) == 1 and len(stock.chained(1)) == len(old) + len(more)
    stock.assert_index_and_files_agree()
