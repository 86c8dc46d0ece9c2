"""Clean-ups: what rules and the floor delete and in which order, holds, the brake, a kill at any step."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from shike.attendance.retention.deleting import LONGEST_ROW, thin_deletions
from shike.attendance.retention.rules import Space
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.registry import CameraRow
from shike.attendance.tables.retention import BrakeRow, HoldRow, RetentionRuleRow
from shike.capture.archive.chain import Chain
from shike.capture.archive.files import Archive
from shike.capture.moment import to_us
from tests.api.service import Service, World
from tests.api.stocked import SIZE, Stocked, stocked


@pytest.fixture
def stock(empty: Service, world: World) -> Iterator[Stocked]:
    yield from stocked(empty, world)


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


def test_a_clean_up_of_more_than_half_of_a_stream_stops_and_leaves_the_others_alone(stock: Stocked) -> None:
    stock.record(0, 100, 6), stock.record(0, 1, 5)
    stock.record(1, 100, 6), stock.record(1, 1, 60)
    stock.clean()
    assert (len(stock.left(0)), len(stock.left(1))) == (11, 60)
    (brake,) = stock.brakes()
    assert (brake.camera_id, brake.stream, brake.rule) == (stock.world.cameras[0], "main", "rules")
    assert (brake.due_segments, brake.due_bytes, brake.indexed_segments) == (6, 600, 11)


def test_it_stops_too_if_it_is_more_than_half_by_bytes_only(stock: Stocked) -> None:
    stock.record(0, 100, 2, size=1_000), stock.record(0, 1, 10)
    stock.record(1, 1, 100)
    stock.clean()
    assert len(stock.left(0)) == 12 and len(stock.brakes()) == 1


def test_a_clean_up_of_more_than_half_of_everything_deletes_nothing_at_all(stock: Stocked) -> None:
    stock.record(0, 100, 60), stock.record(0, 1, 10)
    stock.record(1, 100, 2), stock.record(1, 1, 10)
    stock.clean()
    assert stock.deletions() == []
    assert [brake.camera_id for brake in stock.brakes()] == [None, stock.world.cameras[0]]


def confirm(stock: Stocked) -> None:
    with stock.service.database.writing() as db:
        confirmed = {"state": "confirmed", "confirmed_at": stock.now}
        db.execute(update(BrakeRow).where(BrakeRow.state == "waiting").values(**confirmed))


def test_a_confirmed_clean_up_goes_on_and_covers_only_what_was_asked(stock: Stocked) -> None:
    stock.record(0, 100, 6), stock.record(0, 1, 5)
    stock.record(1, 1, 100)
    stock.clean()
    confirm(stock)
    stock.clean()
    assert len(stock.left(0)) == 5 and stock.brakes() == []
    stock.clean()
    assert stock.brakes("confirmed") == [] and len(stock.brakes("over")) == 1
    rule(stock, camera_id=stock.world.cameras[0], max_bytes=1)
    stock.service.clock.move(2 * 86_400)  # deletions older than a day do not count
    stock.clean()
    assert len(stock.left(0)) == 5 and len(stock.brakes()) == 1


def test_a_brake_whose_cause_has_gone_is_over(stock: Stocked) -> None:
    stock.record(0, 100, 6)
    stock.record(1, 1, 100)
    stock.clean()
    assert len(stock.brakes()) == 1
    hold(stock, 0, 100, 60)
    stock.clean()
    assert stock.brakes() == [] and len(stock.brakes("over")) == 1


def test_the_last_hours_of_a_camera_that_was_taken_down_ask_nobody(stock: Stocked) -> None:
    stock.record(0, 90.0, 40)
    stock.record(1, 1, 100)
    cleaner = stock.cleaner()
    for _ in range(10):
        stock.clean(cleaner)
    assert stock.left(0) == [] and stock.brakes() == []


def test_the_floor_stops_before_it_takes_more_than_half(stock: Stocked) -> None:
    stock.record(0, 9, 10), stock.record(1, 5, 10)
    stock.capacity, stock.floor = 2_100, 1_500
    cleaner = stock.clean()
    assert stock.deletions() == [] and [brake.rule for brake in stock.brakes()] == ["floor"]
    assert cleaner.resting  # nothing may be deleted, so a camera must rest
    stock.floor = 800  # less than half of all, but nine of the ten segments of each camera
    stock.clean()
    assert stock.deletions() == []
    assert {brake.camera_id for brake in stock.brakes()} == set(stock.world.cameras)
    confirm(stock)
    stock.clean()
    assert (len(stock.left(0)), len(stock.left(1))) == (1, 10)


def test_many_small_clean_ups_for_want_of_space_do_not_take_more_than_half_where_none_is_freed(stock: Stocked) -> None:
    stock.record(0, 9, 40), stock.record(1, 9, 40)
    # As on a volume with snapshots, or one that another program fills as fast: deleting frees nothing.
    cleaner = stock.cleaner(lambda: Space(10_000, 200, 500))
    for _ in range(30):
        stock.service.clock.move(11)
        cleaner.step(budget_s=60)
    assert 40 <= len(stock.left(0)) + len(stock.left(1)) < 80
    assert "floor" in {brake.rule for brake in stock.brakes()} and cleaner.resting
    confirm(stock)
    stock.clean(cleaner)
    assert len(stock.left(0)) + len(stock.left(1)) < 40, "a person's word is heeded"


def test_a_small_volume_that_turns_over_in_hours_asks_nobody(stock: Stocked) -> None:
    stock.record(0, 0.2, 20), stock.record(1, 0.2, 20)
    stock.capacity, stock.floor = 4_500, 400
    cleaner = stock.cleaner()
    for half_hour in range(16):
        stock.service.clock.move(1_800)
        for camera in (0, 1):
            stock.record(camera, -half_hour / 48, 5)
        stock.clean(cleaner)
        assert stock.brakes() == [] and not cleaner.resting
    assert 30 <= len(stock.left(0)) + len(stock.left(1)) <= 40 and len(stock.deletions()) >= 160


def test_a_rule_that_takes_half_and_the_next_that_takes_the_rest_ask_somebody(stock: Stocked) -> None:
    stock.record(0, 5, 20), stock.record(1, 5, 100)
    rule(stock, camera_id=stock.world.cameras[0], days=None, max_bytes=10 * SIZE)
    stock.clean()
    assert (len(stock.left(0)), stock.brakes()) == (10, [])
    rule(stock, camera_id=stock.world.cameras[0], days=None, max_bytes=1, valid_from=stock.ago(0.5))
    stock.clean()
    assert len(stock.left(0)) == 10
    assert [(brake.camera_id, brake.rule) for brake in stock.brakes()] == [(stock.world.cameras[0], "rules")]
    confirm(stock)
    stock.clean()
    assert stock.left(0) == []


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
