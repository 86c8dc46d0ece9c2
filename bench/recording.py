"""Cost of recording, compared with `ffmpeg -c copy`: the same cameras, the same fragmented output, the same time.

    python -m bench.recording                          8 cameras of the sample videos, 40 seconds
    python -m bench.recording --cameras 16 --clips DIR  other clips: DIR/<camera>-main.mp4

Simulated cameras run in a process of their own, which is not measured. At the same time, `shike capture` (its parent
and its shards, with all syncs and records) and one ffmpeg per camera record every camera. CPU is user and system time
between two moments after both have settled; memory is read once a second and averaged. Everything stays on 127.0.0.1
and in a temporary folder; only processes started here are ended.
Targets: docs/measurements.md.
"""

import argparse
import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from bench import installation

from shike.camera_sim.media import samples
from shike.camera_sim.media.clip import ClipError
from shike.capture.ids import new_id
from shike.capture.recorder import health
from shike.capture.recorder.desired import Desired, Wanted

START_LIMIT_S = 60.0
STOP_LIMIT_S = 10.0
FRAGMENT_US = 320_000
SEGMENT_S = 60
YEAR_US = 365 * 86_400_000_000
CPU_TARGET, MEMORY_TARGET = 1.0, 0.25


class BenchFailed(Exception):
    """The measurement could not be made."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Totals of a group of processes: CPU seconds so far, bytes in its output folder."""

    cpu_s: float
    written: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a group used in the interval. `pss` (shared pages divided) and `rss`: mean in bytes."""

    processes: int
    cpu_s: float
    pss: float
    rss: float
    written: int


class Group:
    """Processes that are measured together, listed from their parents, and the folder they write to."""

    def __init__(self, parents: Sequence["subprocess.Popen[bytes]"], output: Path) -> None:
        self._parents, self.output = parents, output
        self._memory: list[tuple[int, int]] = []

    def processes(self) -> list[psutil.Process]:
        """All processes of the group. BenchFailed if one of its parents has ended."""
        processes: list[psutil.Process] = []
        for parent in self._parents:
            if parent.poll() is not None:
                raise BenchFailed(f"{parent.args!r} ended with {parent.returncode} during the measurement")
            process = psutil.Process(parent.pid)
            processes += [process, *process.children(recursive=True)]
        return processes

    def read(self) -> Reading:
        times = [process.cpu_times() for process in self.processes()]
        written = sum(file.stat().st_size for file in self.output.rglob("*.mp4"))
        return Reading(sum(each.user + each.system for each in times), written)

    def look_at_memory(self) -> None:
        infos = [process.memory_full_info() for process in self.processes()]
        self._memory.append((sum(info.pss for info in infos), sum(info.rss for info in infos)))

    def cost(self, before: Reading, after: Reading) -> Cost:
        looks = len(self._memory)
        return Cost(
            processes=len(self.processes()),
            cpu_s=after.cpu_s - before.cpu_s,
            pss=sum(pss for pss, _ in self._memory) / looks,
            rss=sum(rss for _, rss in self._memory) / looks,
            written=after.written - before.written,
        )


def ffmpeg() -> str:
    """The ffmpeg to compare with: the system's, else that of imageio-ffmpeg."""
    installed = shutil.which("ffmpeg")
    if installed:
        return installed
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


@contextlib.contextmanager
def started(arguments: Sequence[str], **options: object) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that is terminated at the end of the context, and killed if it does not end."""
    process = subprocess.Popen(list(arguments), **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def paths_of(folder: Path, cameras: int) -> list[str]:
    """`cameras` paths for the simulator, over the main clips of a folder."""
    names = sorted(file.stem.removesuffix("-main") for file in folder.glob("*-main.mp4"))
    if not names:
        raise BenchFailed(f"{folder} holds no <camera>-main.mp4")
    return [f"bench-{number:02}/main={names[number % len(names)]}/main" for number in range(cameras)]


def addresses(simulator: "subprocess.Popen[bytes]", cameras: int) -> list[str]:
    """The addresses that the simulator prints once clients can connect."""
    assert simulator.stdout is not None
    lines: list[str] = []
    until = time.monotonic() + START_LIMIT_S
    while len(lines) < cameras:
        ready, _, _ = select.select([simulator.stdout], [], [], max(0.0, until - time.monotonic()))
        line = os.read(simulator.stdout.fileno(), 65536).decode() if ready else ""
        if not line:
            raise BenchFailed("the simulated cameras did not start")
        lines += line.split()
    return lines


def want(data: Path, urls: Sequence[str]) -> None:
    """Tell the recorder what to record, as `shike keep` would."""
    until_us = time.time_ns() // 1000 + YEAR_US
    streams = []
    for url in urls:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 554
        streams.append(Wanted(new_id(), "main", host, port, parts.path, "", "", epoch=1, lease_until_us=until_us))
    (data / "state").mkdir(parents=True)
    Desired(1, tuple(streams)).store(data / "state")


def ffmpeg_arguments(program: str, url: str, output: Path, name: str) -> list[str]:
    options = f"movflags=+frag_keyframe+empty_moov+default_base_moof:frag_duration={FRAGMENT_US}"
    reading = [program, "-nostdin", "-loglevel", "error", "-rtsp_transport", "tcp", "-i", url, "-map", "0:v:0"]
    writing = ["-c", "copy", "-f", "segment", "-segment_time", str(SEGMENT_S), "-segment_format", "mp4"]
    return [*reading, *writing, "-segment_format_options", options, str(output / f"{name}-%04d.mp4")]


def wait_until_all_record(data: Path, other: Path, cameras: int) -> None:
    until = time.monotonic() + START_LIMIT_S
    while time.monotonic() < until:
        ours = sum(each.state == "recording" for each in health.read(data / "state").values())
        theirs = sum(file.stat().st_size > 4096 for file in other.glob("*.mp4"))
        if ours == cameras and theirs >= cameras:
            return
        time.sleep(0.25)
    raise BenchFailed(f"only {ours} of ours and {theirs} of ffmpeg's {cameras} recordings began")


def measure(ours: Group, theirs: Group, seconds: float) -> tuple[float, Cost, Cost]:
    """Measure both groups over the same interval; returns its length in seconds and both costs."""
    began = time.monotonic()
    before = ours.read(), theirs.read()
    while time.monotonic() - began < seconds:
        ours.look_at_memory()
        theirs.look_at_memory()
        time.sleep(1)
    after = ours.read(), theirs.read()
    took = time.monotonic() - began
    return took, ours.cost(before[0], after[0]), theirs.cost(before[1], after[1])


def run(folder: Path, cameras: int, seconds: float, settle_s: float, base: Path, *, keep: bool) -> None:
    """Record each camera with both, and print the costs. With `keep`, the index is part of ours."""
    data, other = base / "data", base / "ffmpeg"
    other.mkdir()
    with contextlib.ExitStack() as stack:
        command = [sys.executable, "-m", "shike.camera_sim", "--clips", str(folder), "--port", "0", "--paths"]
        simulator = stack.enter_context(started([*command, *paths_of(folder, cameras)], stdout=subprocess.PIPE))
        urls = addresses(simulator, cameras)
        if keep:
            installation.create(data, urls)
        else:
            want(data, urls)
        environment = installation.environment(data, segment_seconds=SEGMENT_S)
        parts = ["keep", "capture"] if keep else ["capture"]
        ours = Group(
            [stack.enter_context(started(installation.command(part), env=environment, cwd=base)) for part in parts],
            data / "footage",
        )
        program = ffmpeg()
        copies = [
            stack.enter_context(started(ffmpeg_arguments(program, url, other, f"c{number:02}")))
            for number, url in enumerate(urls)
        ]
        wait_until_all_record(data, other, cameras)
        time.sleep(settle_s)
        took, mine, reference = measure(ours, Group(copies, other), seconds)
        dropped = sum(each.dropped for each in health.read(data / "state").values())
        report(took, cameras, mine, reference, dropped)
        if keep:
            print(f"records that wait for the index: {sum(1 for _ in (data / 'spool').glob('*.json'))}")


def report(seconds: float, cameras: int, ours: Cost, theirs: Cost, dropped: int) -> None:
    print(f"{cameras} cameras, {seconds:.1f} s, load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'':18}{'processes':>10}{'CPU s':>9}{'% of a core':>13}{'PSS MB':>9}{'RSS MB':>9}{'written MB':>12}")
    for name, cost in (("shike capture", ours), ("ffmpeg -c copy", theirs)):
        share = 100 * cost.cpu_s / seconds
        megabytes = [value / 1e6 for value in (cost.pss, cost.rss, cost.written)]
        figures = f"{megabytes[0]:9.1f}{megabytes[1]:9.1f}{megabytes[2]:12.2f}"
        print(f"{name:18}{cost.processes:>10}{cost.cpu_s:9.2f}{share:13.1f}{figures}")
    print(f"CPU     {ours.cpu_s / theirs.cpu_s:5.2f} × ffmpeg   (target at most {CPU_TARGET:.2f})")
    print(f"memory  {ours.pss / theirs.pss:5.2f} × by PSS, {ours.rss / theirs.rss:.2f} × by RSS", end="")
    print(f"   (target at most {MEMORY_TARGET:.2f})")
    print(f"packets dropped by shike: {dropped}")


def main() -> int:
    parser = argparse.ArgumentParser(description="CPU and memory of recording, beside ffmpeg -c copy.")
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--keep", action="store_true", help="with `shike keep`, which puts segments into the index")
    parser.add_argument("--settle", type=float, default=5, help="seconds after all record and before measuring")
    parser.add_argument(
        "--clips", type=Path, help="folder of <camera>-main.mp4; the project's sample videos if left out"
    )
    options = parser.parse_args()
    signal.signal(
        signal.SIGTERM, lambda _number, _frame: sys.exit(143)
    )  # raise, so that all started processes are ended
    try:
        with tempfile.TemporaryDirectory(prefix="shike-bench-") as base:
            clips = options.clips or samples.folder()
            run(clips, options.cameras, options.seconds, options.settle, Path(base), keep=options.keep)
    except (BenchFailed, ClipError) as error:
        print(f"bench/recording.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
