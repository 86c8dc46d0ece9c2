"""Gaps of a class session in its judgement: a camera that somebody switched off is a camera that is down."""

from sqlalchemy import delete, select, update

from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.registry import CameraRow
from shike.capture.moment import rfc3339_us
from tests.api.observed import Observed
from tests.api.service import Service, World


def remove_later_runs(observed: Observed) -> None:
    """Remove the camera's run in the small world: a camera that is recorded after the session was not switched off."""
    with observed.service.database.writing() as db:
        later = (RunRow.camera_id == observed.world.cameras[0], RunRow.started_at > observed.at(observed.minutes))
        db.execute(delete(SegmentRow).where(SegmentRow.run_id.in_(select(RunRow.id).where(*later))))
        db.execute(delete(RunRow).where(*later))


def switch_off(observed: Observed) -> None:
    with observed.service.database.writing() as db:
        db.execute(update(CameraRow).where(CameraRow.id == observed.world.cameras[0]).values(enabled=False))


def test_a_camera_that_was_switched_off_in_class_is_down_and_leaves_a_gap(empty: Service, world: World) -> None:
    observed = Observed.of(empty, world)
    remove_later_runs(observed)
    observed.filmed(0, 20)
    observed.counted(lambda _minute: 20, 20)
    evaluator = observed.evaluator()
    evaluator.step(60)
    before = observed.flags()
    assert before["CAMERA_DOWN"].values["reason"] == "stopped"
    switch_off(observed)
    evaluator.evaluate(observed.session_id)
    after = observed.flags()
    assert set(after) == set(before) >= {"CAMERA_DOWN", "VIDEO_GAP"}
    for code, flag in after.items():
        assert (flag.window_from, flag.window_to) == (before[code].window_from, before[code].window_to)
    assert after["CAMERA_DOWN"].values["reason"] == "switched_off"
    shown = empty.client("supervisor").get(f"/api/class-sessions/{observed.session_id}/detail").json()
    (camera,) = shown["cameras"]
    assert [(gap["from"], gap["reason"]) for gap in camera["gaps"]][-1] == (
        rfc3339_us(round(observed.at(20).timestamp() * 1e6)),
        "switched_off",
    )


def test_switching_a_camera_off_does_not_excuse_a_failure_before_it(empty: Service, world: World) -> None:
    observed = Observed.of(empty, world)
    observed.filmed(0, 20, "connection_lost")
    switch_off(observed)
    observed.evaluator().step(60)
    assert observed.flags()["CAMERA_DOWN"].values["reason"] == "connection_lost"


def test_a_disabled_camera_that_recorded_nothing_of_a_session_is_no_camera_of_the_session(
    empty: Service, world: World
) -> None:
    observed = Observed.of(empty, world)
    switch_off(observed)
    observed.evaluator().step(60)
    assert observed.records() and not observed.flags()
