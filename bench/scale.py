"""Many cameras and live viewers on one machine: is a frame lost, and what does it cost?

    python -m bench.scale --clips DIR [--cameras 64] [--seconds 120] [--viewers 4]

It runs `shike capture`, `shike keep` and `shike api`, with live viewers on real WebSockets. Simulated cameras run in
processes of their own; they and the viewers are not part of the figures. Each camera logs every frame that it sends;
every frame between the first and the last in a camera's footage must be in the footage.
"""

import argparse
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import psutil
from bench import installation
from bench.recording import START_LIMIT_S, Group, started
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from shike.api.auth.guard import COOKIE
from shike.capture.archive.files import Archive
from shike.capture.archive.scan import read_fragments, read_head
from shike.capture.recorder import health

CPU_TARGET_PERCENT, MEMORY_TARGET_MB = 70, 12
SIMULATORS = 2


class Viewer(threading.Thread):
    """Watches one camera live and counts what arrives."""

    def __init__(self, host: str, camera: str, token: str) -> None:
        super().__init__(daemon=True)
        self._address, self._cookie = f"ws://{host}/api/cameras/{camera}/live?stream=main", f"{COOKIE}={token}"
        self.fragments = self.skipped = 0
        self.halt, self.failure = threading.Event(), ""

    def run(self) -> None:
        try:
            with connect(self._address, additional_headers={"Cookie": self._cookie}, proxy=None, max_size=None) as live:
                while not self.halt.is_set():
                    message = live.recv(30)
                    if isinstance(message, bytes):
                        self.fragments += 1
                    else:
                        self.skipped += json.loads(message)["type"] == "skipped"
        except (WebSocketException, OSError, TimeoutError) as error:
            self.failure = type(error).__name__


def cameras_up(stack: contextlib.ExitStack, clips: Path, cameras: int, logs: Path) -> tuple[list[str], list[int]]:
    """Addresses of the cameras and the pids of their processes."""
    names = sorted(file.stem.removesuffix("-main") for file in clips.glob("*-main.mp4"))
    urls: list[str] = []
    pids: list[int] = []
    for share in range(SIMULATORS):
        paths = [f"bench-{n:02}/main={names[n % len(names)]}/main" for n in range(share, cameras, SIMULATORS)]
        command = [sys.executable, "-m", "shike.camera_sim", "--clips", str(clips), "--port", "0"]
        command += ["--log", str(logs / f"{share}.jsonl"), "--paths", *paths]
        simulator = stack.enter_context(started(command, stdout=subprocess.PIPE))
        pids.append(simulator.pid)
        urls += lines_of(simulator, len(paths))
    return urls, pids


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def lines_of(process: "subprocess.Popen[bytes]", count: int) -> list[str]:
    """The first `count` words that a process prints."""
    assert process.stdout is not None
    words: list[str] = []
    until = time.monotonic() + START_LIMIT_S
    while len(words) < count:
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))
        line = os.read(process.stdout.fileno(), 65536).decode() if ready else ""
        if not line:
            raise SystemExit(f"{process.args!r} did not start")
        words += line.split()
    return words


def recorded(archive: Archive, footage: Path, camera: str) -> tuple[int, int, int, int]:
    """(pictures, runs, first wall time, last wall time) in a camera's files."""
    pictures, runs, first_us, last_us = 0, set(), 2**63, 0
    for path in sorted((footage / camera).rglob("*.mp4")):
        key = str(path.relative_to(footage))
        data = archive.read(key, 0, path.stat().st_size)
        head = read_head(data)
        if head is None:
            continue
        runs.add(head.identity.run_id)
        for fragment in read_fragments(memoryview(data)[head.size :], head.size, head.facts.timescale):
            pictures += round(fragment.duration_us / 40_000)
            first_us, last_us = min(first_us, fragment.wall_us), max(last_us, fragment.wall_end_us)
    return pictures, len(runs), first_us, last_us


def sent(logs: Path) -> dict[str, list[int]]:
    """When each path sent its frames, µs."""
    times: dict[str, list[int]] = {}
    for path in logs.glob("*.jsonl"):
        with path.open() as file:
            for line in file:
                row = json.loads(line)
                times.setdefault("/" + row["path"], []).append(row["sent_us"])
    return times


def judge(data: Path, logs: Path, ids: list[str], urls: list[str]) -> None:
    """Print whether every frame that was sent is in the footage."""
    times, archive = sent(logs), Archive(data / "footage")
    lost, broken, pictures = Counter[str](), 0, 0
    for camera, url in zip(ids, urls, strict=True):
        held, runs, first_us, last_us = recorded(archive, data / "footage", camera)
        path = "/" + url.split("/", 3)[3]
        # Half a picture of tolerance: the log's time is that of sending, the footage's that of arrival.
        expected = sum(first_us - 20_000 <= each < last_us - 20_000 for each in times[path])
        pictures += held
        broken += runs - 1
        if held < expected:
            lost[path] = expected - held
    print(f"pictures recorded {pictures}, lost {sum(lost.values())} {dict(lost) or ''}, interrupted runs {broken}")


def run(clips: Path, cameras: int, seconds: float, viewers: int, base: Path) -> None:
    data, logs = base / "data", base / "logs"
    logs.mkdir()
    with contextlib.ExitStack() as stack:
        urls, simulators = cameras_up(stack, clips, cameras, logs)
        ids, token = installation.create(data, urls)
        port = free_port()
        environment = installation.environment(data, port=port)
        parts = {
            name: stack.enter_context(started(installation.command(name), env=environment, cwd=base))
            for name in ("keep", "capture", "api")
        }
        until = time.monotonic() + START_LIMIT_S
        while sum(each.state == "recording" for each in health.read(data / "state").values()) < cameras:
            if time.monotonic() > until:
                raise SystemExit("not all cameras are being recorded")
            time.sleep(0.2)
        until = time.monotonic() + START_LIMIT_S
        while not answers(port) and time.monotonic() < until:
            time.sleep(0.2)
        watching = [Viewer(f"127.0.0.1:{port}", ids[n * cameras // viewers], token) for n in range(viewers)]
        for each in watching:
            each.start()
        time.sleep(5)
        groups = {name: Group([process], data / "footage") for name, process in parts.items()}
        apart = [psutil.Process(pid) for pid in simulators]
        before = {name: group.read() for name, group in groups.items()}
        sim_before = sum(sum(each.cpu_times()[:2]) for each in apart)
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            for group in groups.values():
                group.look_at_memory()
            time.sleep(2)
        costs = {name: group.cost(before[name], group.read()) for name, group in groups.items()}
        took = time.monotonic() - began
        sim_cpu = sum(sum(each.cpu_times()[:2]) for each in apart) - sim_before
        healths = health.read(data / "state").values()
        for each in watching:
            each.halt.set()
        cores = os.cpu_count() or 1
        print(f"{cameras} cameras, {viewers} viewers, {took:.0f} s, load {os.getloadavg()[0]:.1f} on {cores} cores")
        for name, cost in costs.items():
            share = 100 * cost.cpu_s / took / cores
            print(
                f"    {name:8} {share:5.1f} % of the machine  PSS {cost.pss / 1e6:6.1f} MB  processes {cost.processes}"
            )
        print(f"    cameras  {100 * sim_cpu / took / cores:5.1f} % of the machine (simulators, not counted)")
        total = sum(cost.cpu_s for cost in costs.values())
        print(f"together {100 * total / took / cores:.1f} %   (target at most {CPU_TARGET_PERCENT} %)")
        memory = costs["capture"].pss / 1e6 / cameras
        print(f"recorder's memory per camera {memory:.1f} MB   (target at most {MEMORY_TARGET_MB} MB)")
        print(f"written {costs['capture'].written * 8 / took / 1e6:.0f} Mbit/s")
        recording = sum(each.state == "recording" for each in healths)
        print(f"recording {recording}, dropped {sum(each.dropped for each in healths)}")
        print(f"viewers: {[(each.fragments, each.skipped, each.failure) for each in watching]} (fragments, skipped)")
        for name in ("capture", "keep"):
            parts[name].terminate()
            parts[name].wait(20)
    judge(data, logs, ids, urls)


def main() -> None:
    parser = argparse.ArgumentParser(description="Many cameras and some viewers on one machine.")
    parser.add_argument("--clips", type=Path, required=True, help="folder of <name>-main.mp4")
    parser.add_argument("--cameras", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--viewers", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shike-scale-") as base:
        run(options.clips, options.cameras, options.seconds, options.viewers, Path(base))


if __name__ == "__main__":
    main()
