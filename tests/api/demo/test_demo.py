"""The demonstration starts again after a user has changed its settings."""

from pathlib import Path

from sqlalchemy import select

from shike.api.database import Database
from shike.api.demo.command import _prepare, _shown, settled
from shike.api.migrate import migrate
from shike.api.settings import Settings
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.segment import StreamName
from shike.capture.recorder.health import CaptureState, StreamHealth

States = dict[tuple[str, StreamName], StreamHealth]


def states(**of: CaptureState) -> States:
    return {(name, "main"): StreamHealth(name, "main", state, 0) for name, state in of.items()}


def test_it_is_ready_when_its_cameras_are_recorded_or_rest_by_the_timetable() -> None:
    assert settled({"a", "b"}, states(a="recording", b="resting"))
    assert not settled({"a", "b"}, states(a="recording", b="connecting"))
    assert not settled({"a", "b"}, states(a="recording"))


def test_it_waits_for_no_camera_that_is_not_its_own_or_was_switched_off() -> None:
    assert settled({"a"}, states(a="recording", real="backing_off", off="waiting"))


def test_its_cameras_move_to_the_port_of_this_start_and_those_of_others_keep_their_own(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    migrate(settings)
    database = Database.at(settings.database)
    _prepare(database, tmp_path)
    with database.writing() as db:
        real, other, *_ = db.scalars(select(CameraRow))
        real.simulated, real.host, real.port = False, "192.0.2.1", 554
        other.port = 18554  # another simulated camera that a user added
        real_id, other_id = real.id, other.id
    port = _prepare(database, tmp_path)["sim_port"]
    with database.reading() as db:
        ports = {camera.id: camera.port for camera in db.scalars(select(CameraRow))}
    assert (ports.pop(real_id), ports.pop(other_id)) == (554, 18554)
    assert set(ports.values()) == {port} and _shown(database, int(port)) == set(ports)
