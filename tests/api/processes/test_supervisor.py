"""`shike up` restarts processes that end, leaves running ones alone, and no child outlives it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from shike.api.processes.supervisor import Processes
from shike.capture.clock import SystemClock
from tests.recorded import wait_until

# Stands for the product's processes: the simulated camera is the one command that can run without doing anything.
IDLE = ("camera-sim", "--clips")


class Running:
    """A supervisor in a thread; each child serves simulated cameras of the test's clips."""

    def __init__(self, logs: Path, clips: Path, names: tuple[str, ...] = ("first", "second")) -> None:
        self.halt = threading.Event()
        commands = {name: (*IDLE, str(clips), "--port", "0") for name in names}
        self.processes = Processes(logs, SystemClock(), commands, aloud=False)
        self._thread = threading.Thread(target=self.processes.run, args=(self.halt,))
        self._thread.start()
        wait_until(lambda: len(self.processes._children) == len(names), "all are started")

    def pid(self, name: str) -> int:
        return self.processes._children[name].process.pid

    def stop(self) -> None:
        self.halt.set()
        self._thread.join(60)
        assert not self._thread.is_alive()


@pytest.fixture
def running(tmp_path: Path, clips: Path) -> Iterator[Running]:
    running = Running(tmp_path / "logs", clips)
    yield running
    running.stop()


def test_a_killed_process_is_started_again_and_the_other_is_left_alone(running: Running, tmp_path: Path) -> None:
    wait_until(lambda: "rtsp" in (tmp_path / "logs" / "first.log").read_text(), "its words are in its log")
    first, second = running.pid("first"), running.pid("second")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: running.pid("first") != first, "it is started again")
    assert running.pid("second") == second and psutil.pid_exists(second)
    again = running.pid("first")
    os.kill(again, signal.SIGKILL)
    killed_at = time.monotonic()
    wait_until(lambda: running.pid("first") != again, "it is started a second time")
    # The pause doubles while it keeps failing: a process that cannot start must not take all of the CPU.
    assert time.monotonic() - killed_at > 1.5


def test_stopping_ends_every_process(running: Running) -> None:
    pids = [running.pid("first"), running.pid("second")]
    running.stop()
    assert not any(psutil.pid_exists(pid) for pid in pids)


SUPERVISOR = """
import sys, threading
from pathlib import Path
from shike.api.processes.supervisor import Processes
from shike.capture.clock import SystemClock
commands = {"capture": ("capture",), "keep": ("keep",)}
Processes(Path(sys.argv[1]) / "logs", SystemClock(), commands).run(threading.Event())
"""


def test_recorder_and_housekeeper_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    environment = os.environ | {"SHIKE_DATA_DIR": str(tmp_path / "data")}
    with (tmp_path / "words").open("wb") as words:
        supervisor = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, str(tmp_path)], env=environment, stdout=words, stderr=words
        )
    parent = psutil.Process(supervisor.pid)
    wait_until(
        lambda: (tmp_path / "data" / "state" / "desired.json").exists() or len(parent.children()) == 2, "both run"
    )
    wait_until(lambda: (tmp_path / "data" / "state" / "capture.lock").exists(), "the recorder is at work")
    children = parent.children(recursive=True)
    assert len(parent.children()) == 2
    supervisor.kill()
    supervisor.wait()
    _, alive = psutil.wait_procs(children, timeout=30)
    for orphan in alive:
        orphan.kill()
    assert alive == []


def test_the_setup_code_reaches_the_console_and_no_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    environment = {"SHIKE_DATA_DIR": str(data), "SHIKE_PORT": "0"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        halt, said = threading.Event(), ""
        processes = Processes(data / "logs", SystemClock(), {"api": ("api",)})
        thread = threading.Thread(target=processes.run, args=(halt,))
        thread.start()
        try:
            until = time.monotonic() + 60
            while "Setup code" not in said:
                assert time.monotonic() < until, "the setup code is printed"
                time.sleep(0.2)
                said += capfd.readouterr().err
        finally:
            halt.set()
            thread.join(60)
    code = next(line for line in said.splitlines() if "Setup code" in line).rsplit(" ", 1)[-1]
    assert len(code) == 14
    assert all(code not in log.read_text() for log in (data / "logs").iterdir())
