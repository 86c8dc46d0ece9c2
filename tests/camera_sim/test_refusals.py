"""What a simulated camera refuses, and with which status."""

import socket
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from shike.camera_sim import CameraSim, ClipError, SimConfig, mounts_in

from .watching import watch


@pytest.fixture
def locked(clips: Path) -> Iterator[CameraSim]:
    with CameraSim(SimConfig(mounts_in(clips), user="admin", password="a@b:c")) as sim:
        yield sim


def _ask(sim: CameraSim, *lines: str) -> str:
    with socket.create_connection(("127.0.0.1", sim.port), timeout=5) as client:
        client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return client.recv(4096).decode()


def test_an_unknown_path_is_not_found(sim: CameraSim) -> None:
    with pytest.raises(av.HTTPNotFoundError):
        watch(sim.url("cellar/main"), 1)


def test_a_wrong_password_is_unauthorised(locked: CameraSim) -> None:
    for credentials in ("", "admin:wrong@"):
        with pytest.raises(av.HTTPUnauthorizedError):
            watch(locked.url("hall/main").replace("rtsp://", f"rtsp://{credentials}"), 1)


def test_the_right_password_is_accepted_even_with_characters_that_addresses_use(locked: CameraSim) -> None:
    assert watch(locked.url("hall/main").replace("rtsp://", "rtsp://admin:a%40b%3Ac@"), 1)


def test_a_camera_that_offers_only_tcp_refuses_udp(sim: CameraSim) -> None:
    sim.faults("hall/main").transports = ("tcp",)
    answer = _ask(
        sim,
        f"SETUP {sim.url('hall/main')}/track0 RTSP/1.0",
        "CSeq: 7",
        "Transport: RTP/AVP;unicast;client_port=5000-5001",
    )
    assert answer.startswith("RTSP/1.0 461 ")
    assert "CSeq: 7" in answer


def test_playing_without_a_session_is_refused(sim: CameraSim) -> None:
    assert _ask(sim, f"PLAY {sim.url('hall/main')} RTSP/1.0", "CSeq: 1").startswith("RTSP/1.0 454 ")


def test_unknown_methods_are_not_allowed(sim: CameraSim) -> None:
    assert _ask(sim, f"RECORD {sim.url('hall/main')} RTSP/1.0", "CSeq: 1").startswith("RTSP/1.0 405 ")


def test_bytes_that_are_no_rtsp_end_the_connection(sim: CameraSim) -> None:
    assert _ask(sim, "hello") == ""
    assert watch(sim.url("hall/main"), 1)


def test_a_port_in_use_is_reported_at_the_start(sim: CameraSim, clips: Path) -> None:
    with pytest.raises(OSError, match="address already in use"):
        CameraSim(SimConfig(mounts_in(clips), port=sim.port)).start()


def test_a_folder_without_clips_and_a_path_without_one_are_refused(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="no clips"):
        mounts_in(tmp_path)
    with pytest.raises(ClipError, match="no clip for attic/main"):
        mounts_in(clips, paths=("attic/main",))


def test_a_clip_at_another_path_has_its_own_order(clips: Path) -> None:
    (mount,) = mounts_in(clips, "7", ("annex/main=hall/main",))
    assert (mount.path, mount.file.name, mount.seed) == ("annex/main", "hall-main.mp4", "7/annex")
