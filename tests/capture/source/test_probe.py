"""Testing a camera's address in a child process, with the simulated camera."""

from pathlib import Path

import pytest

from shike.camera_sim import CameraSim, SimConfig
from shike.camera_sim.config import Mount
from shike.capture.source.address import Address
from shike.capture.source.probe import probe


def test_a_probe_reports_what_the_camera_sends_and_shows_a_picture(sim: CameraSim) -> None:
    seen = probe(Address("127.0.0.1", sim.port, "/hall/main"), 5.0)
    assert (seen.ok, seen.code, seen.codec, seen.width, seen.height) == (True, None, "h264", 320, 180)
    assert seen.fps == pytest.approx(25, abs=1) and seen.simulated and seen.picture
    assert seen.audio is False


def test_a_probe_reports_a_microphone(clips: Path) -> None:
    with CameraSim(SimConfig((Mount("hall/main", clips / "hall-main.mp4", audio="pcma"),))) as sim:
        assert probe(Address("127.0.0.1", sim.port, "/hall/main"), 5.0).audio is True


@pytest.mark.parametrize("status", [401, 403, 404, 453])
def test_a_refusal_is_reported_by_its_status(sim: CameraSim, status: int) -> None:
    sim.faults("hall/main").refuse = status
    seen = probe(Address("127.0.0.1", sim.port, "/hall/main"), 5.0)
    assert (seen.ok, seen.code) == (False, f"refused_{status}")


def test_a_camera_that_does_not_listen_is_unreachable(sim: CameraSim) -> None:
    sim.stop()
    assert probe(Address("127.0.0.1", sim.port, "/hall/main"), 5.0).code == "unreachable"
