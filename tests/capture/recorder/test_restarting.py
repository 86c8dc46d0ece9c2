"""A shard that ends is started again at once; if it keeps ending, the pauses grow."""

import itertools
import threading
from pathlib import Path

import pytest

from shike.capture.clock import SystemClock
from shike.capture.recorder.config import CaptureConfig
from shike.capture.recorder.desired import Desired, Wanted
from shike.capture.recorder.supervisor import Recorder
from tests.recorded import CAMERA


class Hours(SystemClock):
    """A clock whose steady time the test sets."""

    at_s = 1000.0

    def monotonic(self) -> float:
        return self.at_s


class Pipe:
    def write(self, _data: bytes) -> None: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...


class Ended:
    """A process that ends as soon as it is started."""

    returncode, stdin = 1, Pipe()

    def poll(self) -> int:
        return self.returncode

    def wait(self, _seconds: float) -> int:
        return self.returncode

    def terminate(self) -> None: ...


def starts_in(seconds: int, recorder: Recorder, clock: Hours, started: list[float]) -> list[float]:
    """Run the recorder for `seconds`; returns when it started the shard, counted from now."""
    begin_s, before = clock.at_s, len(started)
    for _ in range(seconds * 2):
        recorder._beat()
        clock.at_s += 0.5
    return [at_s - begin_s for at_s in started[before:]]


def test_a_shard_that_ends_again_and_again_is_started_ever_more_seldom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    Desired(1, (Wanted(CAMERA, "main", "127.0.0.1", 1, "/", "", "", 1, 2**60),)).store(state)
    clock, started = Hours(), list[float]()

    def popen(command: list[str], **_how: object) -> Ended:
        if "shike.capture.recorder.shard" in command:
            started.append(clock.at_s)
        return Ended()

    monkeypatch.setattr("subprocess.Popen", popen)
    recorder = Recorder(CaptureConfig(tmp_path / "footage", tmp_path / "spool", state, tmp_path / "keys", "n"), clock)
    first = starts_in(300, recorder, clock, started)
    assert first[:2] == [0.0, 0.0]  # the first restart is immediate
    pauses = [later - earlier for earlier, later in itertools.pairwise(first[1:])]
    assert pauses[:6] == [1.5, 2, 4, 8, 16, 32] and set(pauses[6:]) == {60}
    stop = threading.Event()
    stop.set()
    recorder.run(stop)
