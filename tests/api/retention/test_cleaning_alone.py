"""A clean-up does nothing while another one runs, and leaves footage alone that is not mounted."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from shike.api.processes.keep import Housekeeper
from shike.attendance.repair import giving_up
from shike.attendance.repair.giving_up import absent
from shike.attendance.retention.deleting import plan
from shike.attendance.retention.keeping import candidates
from shike.attendance.retention.rules import FOR_EVER_US, DueSegment
from shike.attendance.tables.footage import SegmentRow
from shike.attendance.tables.registry import LeaseRow
from shike.attendance.tables.retention import BrakeRow
from shike.capture.archive.chain import Link
from tests.api.stocked import SIZE, Stocked

from .test_cleaning import rule


def test_two_that_clean_up_at_once_delete_no_more_than_one(stock: Stocked) -> None:
    ids = stock.record(0, 5, 20)
    rule(stock, camera_id=stock.world.cameras[0], days=None, max_bytes=15 * SIZE)
    one = stock.cleaner()
    for _ in range(40):
        one.step(budget_s=0)
        stock.clean()  # another process, which starts and ends between two steps of the first
    assert stock.left() == ids[5:]
    stock.assert_index_and_files_agree()
    assert [link.fields["segment"] for link in stock.chained()] == ids[:5], "each is said to be deleted once"
    assert {row.missing for row in stock.deletions()} == {False}


def unmount(stock: Stocked, whole: bool) -> tuple[Path, Path]:
    """The mount point (now an empty folder) and the folder that was mounted: all footage, or the first camera's."""
    footage = stock.service.settings.footage_dir
    folder = footage if whole else footage / stock.world.cameras[0]
    volume = folder.rename(footage.with_name("volume"))
    folder.mkdir()
    return folder, volume


def mount(folder: Path, volume: Path) -> None:
    shutil.rmtree(folder)
    volume.rename(folder)


def give_up(stock: Stocked, camera: int, reason: str = "the disk died") -> Link:
    camera_id = stock.world.cameras[camera]
    with stock.service.database.reading() as db:
        what = absent(db, stock.archive, camera_id)
    assert what is not None
    return giving_up.give_up(stock.archive, camera_id, what, "Administrator", reason, stock.service.clock.now())


@pytest.mark.parametrize("whole", [True, False], ids=["all footage", "one camera's"])
def test_nothing_is_deleted_of_footage_that_is_not_mounted(stock: Stocked, whole: bool) -> None:
    first = stock.world.cameras[0]
    stock.record(0, 100, 14), stock.record(0, 1, 10)  # more than half
    old, young = stock.record(1, 100, 3), stock.record(1, 1, 30)
    stock.clean()
    assert [brake.camera_id for brake in stock.brakes()] == [first] and stock.left(1) == young
    with stock.service.database.writing() as db:  # planned, but not deleted yet
        (due, *_) = candidates(db, (first, "main"), [(0, FOR_EVER_US)])
        plan(db, [DueSegment(due, "age")], {}, stock.service.clock.now())
    folder, volume = unmount(stock, whole)
    more = stock.record(1, 95, 1) if not whole else []
    stock.clean()
    assert (len(stock.left(0)), stock.left(1)) == (23, young), "of what is there the rules hold"
    assert [brake.camera_id for brake in stock.brakes()] == [first]
    assert [row.state for row in stock.deletions() if row.camera_id == first] == ["planned"]
    assert not list(folder.iterdir()) or not whole

    mount(folder, volume)
    stock.clean()
    assert len(stock.left(0)) == 23 and {row.missing for row in stock.deletions()} == {False}
    assert len(stock.chained()) == 1 and len(stock.chained(1)) == len(old) + len(more)
    stock.assert_index_and_files_agree()


@pytest.mark.parametrize("whole", [True, False], ids=["all footage", "one camera's"])
def test_nothing_is_deleted_of_footage_that_is_not_mounted_while_recording_goes_on_in_the_empty_folder(
    stock: Stocked, whole: bool
) -> None:
    old, young = stock.record(0, 100, 3), stock.record(0, 1, 10)
    folder, volume = unmount(stock, whole)
    meanwhile = stock.record(0, 0.5, 20)  # begins a new chain, longer than the one that is away
    stock.clean()
    assert stock.left() == old + young + meanwhile and stock.deletions() == []
    assert {link.kind for link in stock.archive.chain(stock.world.cameras[0]).links()} == {"segment"}
    shutil.rmtree(folder)
    volume.rename(folder)
    stock.record(0, 0.1, 1)  # continues the chain that was away
    stock.clean()
    assert stock.left()[:10] == young and {row.missing for row in stock.deletions()} == {False}


@pytest.mark.parametrize("copied", [False, True], ids=["left below the mount point", "copied onto the volume"])
def test_what_was_recorded_in_the_empty_folder_is_not_missing_once_the_volume_is_back(
    stock: Stocked, copied: bool
) -> None:
    young = stock.record(0, 80, 2)
    folder, volume = unmount(stock, whole=False)
    meanwhile = stock.record(0, 79, 3)  # will lie below the mount point
    if copied:
        shutil.copytree(folder / "main", volume / "main", dirs_exist_ok=True)
    mount(folder, volume)
    last = stock.record(0, 1, 30)
    stock.service.clock.move(20 * 86_400)
    if copied:
        row = give_up(stock, 0, "the recordings of a night, copied")
        assert row.fields["files"] == row.fields["segments"] == 3
        stock.clean()
    else:
        stock.clean(), stock.clean()
        assert stock.left() == last and [row.state for row in stock.deletions()] == ["done"] * 2 + ["planned"] * 3
        row = give_up(stock, 0)
        stock.clean()
    done = [(each.missing, each.link_number) for each in stock.deletions() if each.segment_id in meanwhile]
    assert done == [(not copied, row.number)] * 3
    assert [link.fields["segment"] for link in stock.chained()] == young, "a chain tells of what it knows"
    stock.assert_index_and_files_agree()


def test_footage_that_somebody_gave_up_goes_at_its_day_and_says_who_and_why(stock: Stocked) -> None:
    old, young = stock.record(0, 95, 4), stock.record(0, 80, 10)
    unmount(stock, whole=False)
    fresh = stock.record(0, 0.5, 20)
    stock.clean()
    assert stock.left() == old + young + fresh
    row = give_up(stock, 0)
    assert (row.kind, row.fields["by"], row.fields["reason"]) == ("lost", "Administrator", "the disk died")
    assert row.fields["segments"] == 14
    stock.clean()
    assert stock.left() == young + fresh, "what is not due yet stays in the index"
    assert {(each.missing, each.link_number) for each in stock.deletions()} == {(True, row.number)}
    assert stock.chained() == [], "nobody says segment by segment what this chain never knew"


def test_footage_given_up_covers_no_volume_that_goes_later(stock: Stocked) -> None:
    stock.record(0, 80, 2)
    unmount(stock, whole=False)
    stock.record(0, 79, 20)
    give_up(stock, 0)
    second = stock.service.settings.footage_dir / stock.world.cameras[0]
    second.rename(second.with_name("second"))
    stock.record(0, 1, 30)
    stock.service.clock.move(20 * 86_400)
    stock.clean()
    assert stock.deletions() == []


def test_a_planned_deletion_of_footage_older_than_the_chain_waits_for_its_volume(stock: Stocked) -> None:
    first = stock.world.cameras[0]
    ids = stock.record(0, 100, 1)
    with stock.service.database.writing() as db:
        db.execute(update(SegmentRow).where(SegmentRow.id.in_(ids)).values(link=None, link_number=None))
    chain = stock.service.settings.footage_dir / first / "chain"
    shutil.rmtree(chain)
    with stock.service.database.writing() as db:
        plan(db, [DueSegment(each, "age") for each in candidates(db, (first, "main"), [(0, FOR_EVER_US)])], {}, 0)
    folder, volume = unmount(stock, whole=False)
    stock.clean()
    assert [row.state for row in stock.deletions()] == ["planned"] and not list(folder.iterdir())
    mount(folder, volume)
    stock.clean()
    assert [(row.state, row.missing) for row in stock.deletions()] == [("done", False)]


def test_a_lost_chain_does_not_keep_the_floor_from_the_other_cameras(stock: Stocked) -> None:
    lost, theirs = stock.record(0, 60, 5), stock.record(1, 50, 20)
    unmount(stock, whole=False)
    stock.capacity, stock.floor = 2_500, 800  # 500 are free
    stock.clean()
    assert stock.left(0) == lost and len(stock.left(1)) < len(theirs)
    assert stock.brakes() == [] and not stock.brakes("confirmed")


def test_a_word_for_the_floor_holds_for_one_clean_up_also_while_a_chain_is_lost(stock: Stocked) -> None:
    stock.record(0, 60, 5), stock.record(1, 50, 20)
    unmount(stock, whole=False)
    stock.capacity, stock.floor = 2_500, 1_800  # 500 are free: more than half of what is here would go
    stock.clean()
    assert [(brake.camera_id, brake.rule) for brake in stock.brakes()] == [(None, "floor")]
    assert len(stock.left(1)) == 20, "the brake counts what is here"
    with stock.service.database.writing() as db:
        db.execute(update(BrakeRow).values(state="confirmed"))
    stock.clean()
    assert len(stock.left(1)) < 10
    stock.clean()
    assert stock.brakes("confirmed") == stock.brakes() == []


def unmounted(stock: Stocked, housekeeper: Housekeeper, who: str = "administrator") -> int:
    """After another clean-up, the alarm's number of cameras whose footage is not mounted."""
    stock.beaten(housekeeper)
    said: int = stock.service.client(who).get("/api/retention/alarm").json()["unmounted"]
    return said


def test_that_footage_is_not_mounted_is_said_to_whoever_may_see_the_camera(
    stock: Stocked, caplog: pytest.LogCaptureFixture
) -> None:
    stock.record(0, 1, 3), stock.record(1, 1, 3)
    service = stock.service
    folder, volume = unmount(stock, whole=False)
    stock.record(0, 0.5, 1)
    housekeeper = Housekeeper(service.settings, service.database, service.clock, stock.space)
    assert [unmounted(stock, housekeeper, who) for who in ("administrator", "administrator of city 2")] == [1, 0]
    (line,) = [each.message for each in caplog.records if each.name == "shike.attendance.retention.cleaning"]
    assert stock.world.cameras[0] in line and "mount its volume" in line, "once, with how to mend it"
    mount(folder, volume)
    stock.record(0, 0.1, 1)
    assert unmounted(stock, housekeeper) == 0


def test_a_camera_of_another_machine_is_left_alone_and_not_missed_here(stock: Stocked) -> None:
    first, service = stock.world.cameras[0], stock.service
    ids = stock.record(0, 100, 3) + stock.record(0, 1, 20)
    unmount(stock, whole=False)
    hour = stock.now + timedelta(hours=1)
    service.add(LeaseRow(camera_id=first, node="another", epoch=1, until=hour))
    housekeeper = Housekeeper(service.settings, service.database, service.clock, stock.space)
    assert unmounted(stock, housekeeper) == 0 and stock.left() == ids
    with service.database.writing() as db:
        db.execute(update(LeaseRow).where(LeaseRow.camera_id == first).values(node=service.settings.node))
    assert unmounted(stock, housekeeper) == 1 and stock.left() == ids
