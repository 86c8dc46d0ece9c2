"""Clean-ups that would delete more than half stop, and wait until a person confirms them."""

from sqlalchemy import update

from shike.attendance.retention.rules import Space
from shike.attendance.tables.retention import BrakeRow
from tests.api.retention.test_cleaning import hold, rule
from tests.api.stocked import SIZE, Stocked


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
