"""The audio of a simulated camera, read by FFmpeg: a beep at every whole second, in each coding."""

import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from shike.camera_sim import CameraSim, Mount, SimConfig
from shike.camera_sim.media.audio import BEEP_HZ, BEEP_S, KINDS

LOUD = 0.1


@pytest.fixture(scope="module")
def speaking(clips: Path) -> Iterator[CameraSim]:
    mounts = tuple(Mount(f"hall/{kind}", clips / "hall-sub.mp4", audio=kind) for kind in KINDS)
    with CameraSim(SimConfig(mounts, report_every_s=0.2)) as sim:
        yield sim


def _listen(url: str, seconds: float) -> list[tuple[float, "np.ndarray[Any, np.dtype[np.float32]]", int]]:
    """The decoded audio frames: (wall time by the camera's clock, samples, samples per second)."""
    heard: list[tuple[float, np.ndarray[Any, np.dtype[np.float32]], int]] = []
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=(5, 5)) as container:
        for packet in container.demux(audio=0):
            if not packet.has_sidedata("prft"):
                continue  # before the first sender report
            (wall_us,) = struct.unpack_from("<q", bytes(packet.get_sidedata("prft")))
            for frame in packet.decode():
                assert isinstance(frame, av.AudioFrame)
                samples = frame.to_ndarray()[0].astype(np.float32)
                heard.append((wall_us / 1e6, samples / (32768 if frame.format.name == "s16" else 1), frame.sample_rate))
            if heard and heard[-1][0] - heard[0][0] > seconds:
                return heard[1:]  # the first frame of an AAC decoder is incomplete
    raise AssertionError("the stream ended")


def test_there_is_a_beep_at_every_second_in_each_coding(speaking: CameraSim) -> None:
    with ThreadPoolExecutor(len(KINDS)) as pool:
        all_heard = dict(
            zip(KINDS, pool.map(lambda kind: _listen(speaking.url(f"hall/{kind}"), 2), KINDS), strict=True)
        )
    for kind, heard in all_heard.items():
        for wall, samples, _ in heard:
            second = wall % 1
            if 0.02 < second < BEEP_S - 0.1:
                assert np.abs(samples).max() > LOUD, (kind, second)
            if BEEP_S + 0.05 < second < 0.9:
                assert np.abs(samples).max() < LOUD, (kind, second)
        loud = np.concatenate([samples for wall, samples, _ in heard if 0.02 < wall % 1 < BEEP_S - 0.1])
        crossings = np.count_nonzero(np.diff(np.signbit(loud)))
        assert crossings / 2 / (len(loud) / heard[0][2]) == pytest.approx(BEEP_HZ, rel=0.1), kind


def test_announced_audio_can_be_withheld(speaking: CameraSim) -> None:
    speaking.faults("hall/pcma").mute = True
    options = {"rtsp_transport": "tcp", "analyzeduration": "300000"}
    with av.open(speaking.url("hall/pcma"), options=options, timeout=(5, 5)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        came = [packet.stream.type for packet, _ in zip(container.demux(), range(20), strict=False)]
    assert set(came) == {"video"}
