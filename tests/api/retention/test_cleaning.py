"""Clean-ups: what rules and the floor delete and in which order, holds, the brake, a kill at any step."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from shike.attendance.retention.deleting import LONGEST_ROW, thin_deletions
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.registry import CameraRow
from shike.attendance.tables.retention import HoldRow, RetentionRuleRow
from shike.capture.archive.chain import Chain
from shike.capture.archive.files import Archive
from shike.capture.moment import to_us
from tests.api.stocked import SIZE, Stocked


def rule(stock: Stocked, **values: Any) -> RetentionRuleRow:
    row = RetentionRuleRow(stream="main", reason="test", set_by="x", set_by_name="x")
    row.valid_from = row.set_at = stock.ago(1)
    for name, value in values.items():
        setattr(row, name, value)
    stock.service.add(row)
    return row


def hold(stock: Stocked, camera: int, days_ago: float, minutes: float) -> HoldRow:
    start, world = stock.ago(days_ago), stock.world
    row = HoldRow(
        institution_id=world.institutions[camera],
        room_id=world.rooms[camera],
        camera_id=world.cameras[camera],
        camera_ids=[world.cameras[camera]],
        from_at=start,
        to_at=start + timedelta(minutes=minutes),
        reason="case 7",
        placed_by="x",
        placed_by_name="x",
        placed_at=stock.now,
    )
    stock.service.add(row)
    return row


def test_what_is_too_old_goes_by_stream_and_is_on_record(stock: Stocked) -> None:
    old, young = stock.record(0, 91, 3), stock.record(0, 89, 10)
    sub_old, sub_young = stock.record(0, 15, 2, "sub"), stock.record(0, 13, 10, "sub")
    stock.clean()
    assert set(stock.left()) == {*young, *sub_young}
    rows = stock.deletions()
    assert [row.segment_id for row in rows] == [*old, *sub_old]
    assert {(row.rule, row.rule_id, row.state, row.missing) for row in rows} == {("age", None, "done", False)}
    assert all(row.digest and row.file_deleted_at and row.planned_at <= row.file_deleted_at for row in rows)
    said = [(link.fields["segment"], link.fields["digest"], link.fields["rule"]) for link in stock.chained()]
    assert said == [(row.segment_id, row.digest, "age") for row in rows]
    assert [row.link_number for row in rows] == [link.number for link in stock.chained()]
    stock.assert_index_and_files_agree()


def test_runs_stay_and_empty_folders_of_old_days_go(stock: Stocked) -> None:
    stock.record(0, 95, 2)
    stock.record(0, 10, 10)
    days = {path.parent for path in stock.service.settings.footage_dir.rglob("*.mp4")}
    stock.clean()
    assert {path for path in days if path.exists()} == {
        path.parent for path in stock.service.settings.footage_dir.rglob("*.mp4")
    }
    with stock.service.database.reading() as db:
        assert len(db.scalars(select(RunRow).where(RunRow.end_reason == "stopped")).all()) == 2


def test_a_cameras_own_rule_wins_over_the_default_until_it_ends(stock: Stocked) -> None:
    stock.record(0, 40, 4), stock.record(1, 40, 4)
    stock.record(0, 1, 10), stock.record(1, 1, 10)
    own = rule(stock, camera_id=stock.world.cameras[0], days=50)
    default = rule(stock, days=30)
    stock.clean()
    assert (len(stock.left(0)), len(stock.left(1))) == (14, 10)
    assert {row.rule_id for row in stock.deletions()} == {default.id}
    rule(stock, camera_id=stock.world.cameras[0], follows_default=True, valid_from=own.valid_from + timedelta(hours=1))
    stock.clean()
    assert len(stock.left(0)) == 10


def test_bytes_take_the_oldest_of_the_stream_and_no_more_than_needed(stock: Stocked) -> None:
    ids = stock.record(0, 5, 10)
    limit = rule(stock, camera_id=stock.world.cameras[0], days=None, max_bytes=6 * SIZE + 1)
    stock.clean()
    assert stock.left() == ids[4:]
    assert {(row.rule, row.rule_id) for row in stock.deletions()} == {("bytes", limit.id)}


def test_held_footage_stays_whatever_rule_speaks_against_it(stock: Stocked) -> None:
    ids = stock.record(0, 100, 6)
    stock.record(0, 1, 20)
    hold(stock, 0, 100 - 2.5 / 1440, 2)
    rule(stock, camera_id=stock.world.cameras[0], days=50, max_bytes=23 * SIZE)
    stock.clean()
    # From the middle of the third minute to the middle of the fifth: all three segments are kept completely.
    assert stock.left()[:3] == ids[2:5]
    stock.assert_index_and_files_agree()


def test_a_released_hold_holds_no_more(stock: Stocked) -> None:
    stock.record(0, 100, 3)
    stock.record(0, 1, 10)
    row = hold(stock, 0, 100, 60)
    stock.clean()
    assert len(stock.left()) == 13
    with stock.service.database.writing() as db:
        db.execute(update(HoldRow).where(HoldRow.id == row.id).values(released_at=stock.now))
    stock.clean()
    assert len(stock.left()) == 10


def test_a_hold_placed_after_the_plan_still_saves_what_is_there(
    stock: Stocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = stock.record(0, 100, 3)
    stock.record(0, 1, 10)
    die_at(monkeypatch, "after plan")
    with pytest.raises(Killed):
        stock.clean()
    monkeypatch.undo()
    assert len(stock.left()) == 10
    hold(stock, 0, 100, 1.5)
    stock.clean()
    assert stock.left()[:2] == ids[:2]
    assert [row.segment_id for row in stock.deletions()] == [ids[2]] and len(stock.chained()) == 1
    stock.assert_index_and_files_agree()


def test_a_hold_placed_while_files_are_deleted_saves_those_that_are_still_there(
    stock: Stocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = stock.record(0, 100, 6)
    stock.record(0, 1, 20)
    delete = Archive.delete

    def deleting(archive: Archive, key: str) -> bool:
        if not stock.chained()[1:]:
            hold(stock, 0, 100, 60)
        return delete(archive, key)

    monkeypatch.setattr(Archive, "delete", deleting)
    stock.clean()
    gone = [row.segment_id for row in stock.deletions()]
    assert len(gone) == 1 and stock.left()[:5] == [each for each in ids if each not in gone]
    stock.assert_index_and_files_agree()


def test_the_floor_takes_the_oldest_of_all_cameras_and_never_what_is_held(stock: Stocked) -> None:
    first, second = stock.record(0, 9, 10), stock.record(1, 8, 10)
    hold(stock, 0, 9, 8)
    stock.capacity, stock.floor = 2_200, 500  # 200 are free: four segments are deleted to reach 575
    stock.clean()
    assert stock.left(0) == first[:8]
    assert stock.left(1) == second[2:]
    assert [row.rule for row in stock.deletions()] == ["floor"] * 4
    assert stock.space().free == 600


def test_on_a_full_disk_with_everything_held_the_least_important_cameras_rest_and_come_back(stock: Stocked) -> None:
    for camera in (0, 1):
        stock.record(camera, 9, 10)
        hold(stock, camera, 9, 10)
    with stock.service.database.writing() as db:
        db.execute(update(CameraRow).where(CameraRow.id == stock.world.cameras[1]).values(importance=1))
    stock.capacity, stock.floor = 2_400, 500
    cleaner = stock.clean()
    assert cleaner.resting == {stock.world.cameras[1]}
    assert (len(stock.left(0)), len(stock.left(1))) == (10, 10) and stock.deletions() == []
    with stock.service.database.writing() as db:
        db.execute(update(HoldRow).values(released_at=stock.now))
    stock.clean(cleaner)
    assert cleaner.resting == frozenset() and len(stock.deletions()) == 2


class Killed(BaseException):
    """Stands for a kill of the process."""


def die_at(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Kills the process before or after a step of a deletion."""

    def dying(target: Any, name: str, *, before: bool, when: Callable[..., bool] = lambda *_: True) -> None:
        real = getattr(target, name)

        def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
            if before and when(*args):
                raise Killed
            result = real(self, *args, **kwargs)
            if when(*args):
                raise Killed
            return result

        monkeypatch.setattr(target, name, wrapped)

    if step == "before plan":
        monkeypatch.setattr("shike.attendance.retention.cleaning.plan", lambda *_: (_ for _ in ()).throw(Killed))
    elif step == "after plan":
        dying(Chain, "append", before=True)
    elif step == "after chain":
        dying(Chain, "append", before=False)
    elif step == "before file":
        dying(Archive, "delete", before=True)
    elif step == "after file":
        dying(Archive, "delete", before=False)
    else:
        monkeypatch.setattr(
            "shike.attendance.retention.deleting.Deleter._settle", lambda *_: (_ for _ in ()).throw(Killed)
        )


@pytest.mark.parametrize(
    "step", ["before plan", "after plan", "after chain", "before file", "after file", "before finish"]
)
def test_killed_at_any_step_the_next_start_finishes(stock: Stocked, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    old = stock.record(0, 100, 4)
    young = stock.record(0, 1, 10)
    die_at(monkeypatch, step)
    for _ in range(2):  # killed twice at the same step
        with pytest.raises(Killed):
            stock.clean()
        assert stock.left()[-10:] == young
    monkeypatch.undo()
    stock.clean()
    assert stock.left() == young
    stock.assert_index_and_files_agree()
    # However often it was killed: the chain has one deletion of each segment, by a rule, and none as missing.
    assert [link.fields["segment"] for link in stock.chained()] == old
    assert [(row.segment_id, row.missing) for row in stock.deletions()] == [(each, False) for each in old]


def test_a_file_that_somebody_took_away_is_on_record_as_missing(stock: Stocked) -> None:
    ids = stock.record(0, 100, 2)
    stock.record(0, 1, 10)
    with stock.service.database.reading() as db:
        key = db.get_one(SegmentRow, ids[0]).object_key
    (stock.service.settings.footage_dir / key).unlink()
    stock.clean()
    assert [row.missing for row in stock.deletions()] == [True, False]
    assert [link.fields.get("missing", False) for link in stock.chained()] == [True, False]


def test_footage_that_came_back_from_a_backup_is_deleted_once_more_and_both_are_on_record(stock: Stocked) -> None:
    (old,) = stock.record(0, 100, 1)
    stock.record(0, 1, 10)
    with stock.service.database.reading() as db:
        row = db.get_one(SegmentRow, old)
    columns = {column.name: getattr(row, column.name) for column in SegmentRow.__table__.columns}
    stock.clean()
    (stock.service.settings.footage_dir / row.object_key).parent.mkdir(parents=True, exist_ok=True)
    (stock.service.settings.footage_dir / row.object_key).write_bytes(bytes(SIZE))
    stock.service.add(SegmentRow(**columns))
    stock.clean()
    assert [(row.segment_id, row.state) for row in stock.deletions()] == [(None, "done"), (old, "done")]
    stock.assert_index_and_files_agree()


def test_a_file_that_cannot_be_removed_stays_planned_and_does_not_hold_up_the_others(
    stock: Stocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = stock.record(0, 100, 3)
    stock.record(0, 1, 10)
    real = Archive.delete

    def stubborn(self: Archive, key: str) -> bool:
        if ids[0] in key:
            raise OSError(30, "Read-only file system")
        return real(self, key)

    monkeypatch.setattr(Archive, "delete", stubborn)
    cleaner = stock.clean()
    assert [row.state for row in stock.deletions()] == ["planned", "done", "done"]
    monkeypatch.undo()
    stock.clean(cleaner)
    stock.assert_index_and_files_agree()


def test_a_step_takes_a_little_time_and_the_next_goes_on(stock: Stocked) -> None:
    stock.record(0, 100, 45)
    stock.record(0, 1, 100)
    cleaner = stock.cleaner()
    cleaner.step(budget_s=0)
    steps = 1
    while len(stock.left()) > 100 or stock.deletions()[-1].state == "planned":
        cleaner.step(budget_s=0)
        steps += 1
    assert steps > 3
    assert len([row for row in stock.deletions() if row.state == "done"]) == 45


def test_after_some_weeks_neighbours_of_a_run_are_one_row_and_read_the_same(stock: Stocked) -> None:
    stock.record(0, 100, 5), stock.record(0, 98, 3)
    stock.record(0, 1, 20)
    stock.clean()
    before = stock.service.app.state.current.footage.history(stock.world.cameras[0], "main", 0, to_us(stock.now))
    with stock.service.database.writing() as db:
        assert thin_deletions(db, stock.now + timedelta(hours=1)) == 6
        assert thin_deletions(db, stock.now + timedelta(hours=1)) == 0
    assert [(row.segments, row.size, row.segment_id) for row in stock.deletions()] == [(5, 500, None), (3, 300, None)]
    after = stock.service.app.state.current.footage.history(stock.world.cameras[0], "main", 0, to_us(stock.now))
    assert [(each.start_us, each.end_us) for each in after if each.deleted] == [
        (before[0].start_us, before[4].end_us),
        (before[5].start_us, before[7].end_us),
    ]
    assert [each.ends_run for each in after if each.deleted] == ["stopped", "stopped"]
    assert timedelta(minutes=5) <= LONGEST_ROW
