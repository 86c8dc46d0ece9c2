"""Whether memory, threads and open files of the recorder grow over time.

    python -m bench.soak [--minutes 60] [--cameras 8]

Real: recorder, shards, housekeeping, RTSP over TCP, files, index, and the rate of packets. Faster than real: segments
of 2 s instead of 60 s, so that closing, syncing, spool, index and chain have 30 hours of work in one hour; and all
cameras are silent for 4 s processes 90 s. It prints a table of ten lines and compares the last line with the second.
"""

import argparse
import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
from bench import installation
from bench.recording import addresses, paths_of, started

from shike.camera_sim.media import samples
from shike.capture.recorder import health

CUT_EVERY_S = 90.0
MEMORY_LIMIT, COUNT_LIMIT = 1.10, 4


def measure(parents: Sequence["subprocess.Popen[bytes]"]) -> tuple[float, int, int]:
    """(PSS in MB, threads, open files) of processes and their children."""
    main_processes = [psutil.Process(parent.pid) for parent in parents]
    processes = [*main_processes, *(child for each in main_processes for child in each.children(recursive=True))]
    pss = sum(each.memory_full_info().pss for each in processes) / 1e6
    return pss, sum(each.num_threads() for each in processes), sum(each.num_fds() for each in processes)


def cut_off(simulator: "subprocess.Popen[bytes]") -> None:
    """Stop all cameras for longer than readers wait, then let them continue."""
    simulator.send_signal(signal.SIGSTOP)
    time.sleep(4)
    simulator.send_signal(signal.SIGCONT)


def run(cameras: int, minutes: float, base: Path) -> bool:
    """Print the table; returns whether nothing grew."""
    data, folder = base / "data", samples.folder()
    with contextlib.ExitStack() as stack:
        command = [sys.executable, "-m", "shike.camera_sim", "--clips", str(folder), "--port", "0", "--paths"]
        simulator = stack.enter_context(started([*command, *paths_of(folder, cameras)], stdout=subprocess.PIPE))
        installation.create(data, addresses(simulator, cameras))
        environment = installation.environment(data, segment_seconds=2, read_timeout_seconds=2)
        parts = [
            stack.enter_context(started(installation.command(name), env=environment, cwd=base))
            for name in ("keep", "capture")
        ]
        began, lines = time.monotonic(), []
        next_cut = CUT_EVERY_S
        print(f"{'minute':>7}{'PSS MB':>9}{'threads':>9}{'files':>7}{'recording':>11}{'segments':>10}{'spool':>7}")
        for step in range(1, 11):
            while (passed_s := time.monotonic() - began) < minutes * 6 * step:
                if passed_s > next_cut:
                    cut_off(simulator)
                    next_cut += CUT_EVERY_S
                time.sleep(1)
            # Measure between two interruptions, when all cameras are recorded again.
            until = time.monotonic() + 60
            while time.monotonic() < until and recording(data) < cameras:
                time.sleep(0.5)
            time.sleep(3)
            pss, threads, files = measure(parts)
            lines.append((pss, threads, files))
            written = sum(1 for _ in (data / "footage").rglob("*.mp4"))
            waiting = sum(1 for _ in (data / "spool").glob("*.json"))
            minute = (time.monotonic() - began) / 60
            row = f"{minute:7.1f}{pss:9.1f}{threads:9}{files:7}{recording(data):11}{written:10}{waiting:7}"
            print(row, flush=True)
    first, last = lines[1], lines[-1]
    flat = last[0] <= first[0] * MEMORY_LIMIT and all(last[n] <= first[n] + COUNT_LIMIT for n in (1, 2))
    print("no growth" if flat else f"GROWS: {first} → {last}")
    return flat


def recording(data: Path) -> int:
    return sum(each.state == "recording" for each in health.read(data / "state").values())


def main() -> int:
    parser = argparse.ArgumentParser(description="Memory, threads and files of the recorder over time.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--cameras", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shike-soak-") as base:
        return 0 if run(options.cameras, options.minutes, Path(base)) else 1


if __name__ == "__main__":
    sys.exit(main())
