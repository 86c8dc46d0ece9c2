"""Time to start with a long history: `shike capture` and `shike keep` with an index of a million segments.

    python -m bench.recovery [--segments 1000000]

The rows of the index are complete, but have a fragment table only with --fragments (180 entries each in a million rows
are 4 GB). Only the 64 files that a killed recorder left open exist. Each process is measured from its start: `shike
capture` until it has closed the 64 files and every camera's thread runs; `shike keep` until it has them in the index,
and until it has written the desired state. The cameras are not reachable, because connecting is not measured.
"""

import argparse
import contextlib
import json
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from av.packet import Packet
from bench import installation
from bench.drift import FRAME_US, START_US, MovedClock, template

from shike.api.settings import Settings
from shike.capture.archive.files import Archive
from shike.capture.archive.spool import Spool
from shike.capture.recorder import health
from shike.capture.recorder.config import Lengths
from shike.capture.recorder.recording import Recording
from shike.capture.recorder.run import RunRecorder, RunStart
from shike.capture.source.open_stream import TimedPacket
from shike.capture.source.timeline import Arrival

CAMERAS, TARGET_S = 64, 10.0
PER_RUN = 1440


def rows(cameras: list[str], segments: int, blob: bytes) -> Iterator[tuple[str, tuple[object, ...]]]:
    """(table, row): runs of one day and their segments of one minute, one after the other for each camera."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(segments):
        camera, place = cameras[number % len(cameras)], number // len(cameras)
        start = begin + timedelta(minutes=place)
        run = f"run-{camera[-12:]}-{place // PER_RUN:05}"
        if place % PER_RUN == 0:
            ended = start + timedelta(minutes=PER_RUN)
            yield "run", (run, camera, "main", "bench", 1, "live", 1, stored(start), stored(ended), "stopped", *_CODEC)
        key = f"{camera}/main/{start:%Y%m%d}/{start:%Y%m%dT%H%M%S}.000000Z_{camera}_{number:012}.mp4"
        yield "segment", (
            f"{number:012}", run, camera, "main", place % PER_RUN, key, stored(start),
            stored(start + timedelta(minutes=1)), 30_000_000, 1080, blob, 3, 0, "closed", stored(start),
        )  # fmt: skip


_CODEC = ("avc1.64001f", 1920, 1080, 90_000, b"", "0" * 64)


def stored(moment: datetime) -> int:
    """A moment as the database has it: µs UTC."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def fill(database: Path, cameras: list[str], segments: int, blob: bytes) -> None:
    """Insert the rows without the ORM, in one transaction."""
    known = {
        "run": "id,camera_id,stream,node,epoch,origin,simulated,started_at,ended_at,end_reason,codec,width,height,"
        "timescale,init,init_digest",
        "segment": "id,run_id,camera_id,stream,sequence,object_key,wall_start,wall_end,size,head_size,fragments,"
        "clock_offset_ms,dropped,state,created_at",
    }
    with contextlib.closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA synchronous=OFF")
        waiting: dict[str, list[tuple[object, ...]]] = {"run": [], "segment": []}
        statements = {}
        for table, columns in known.items():
            names = columns.split(",")
            statements[table] = f"INSERT INTO {table} ({columns}) VALUES ({','.join('?' * len(names))})"
        for table, row in rows(cameras, segments, blob):
            waiting[table].append(row)
            if len(waiting["segment"]) >= 50_000:
                for each in ("run", "segment"):
                    db.executemany(statements[each], waiting[each])
                    waiting[each].clear()
        for each in ("run", "segment"):
            db.executemany(statements[each], waiting[each])
        db.commit()


def leave_open(data: Path, cameras: list[str]) -> None:
    """For each camera, a segment of some seconds that its writer left open."""
    stream, picture = template()
    for camera in cameras:
        clock = MovedClock()
        start = RunStart(camera, "main", 1, "live", simulated=True)
        recording = Recording(Archive(data / "footage"), Spool(data / "spool"), clock, Lengths(), "bench")
        run = RunRecorder(recording, stream, start)
        for number in range(200):
            clock.us = START_US + number * FRAME_US
            packet = Packet(picture)
            packet.stream, packet.time_base = stream, Fraction(1, 90_000)
            packet.dts = packet.pts = number * FRAME_US * 9 // 100
            packet.is_keyframe = number % 50 == 0
            run.take(TimedPacket(packet, Arrival(clock.us, number * FRAME_US, number * FRAME_US), None))
        run.abandon()


def until(done: Callable[[], bool], process: "subprocess.Popen[bytes]", limit_s: float = 300.0) -> float:
    began = time.monotonic()
    while not done():
        if process.poll() is not None or time.monotonic() - began > limit_s:
            raise SystemExit(f"{process.args!r} did not reach the awaited state")
        time.sleep(0.02)
    return time.monotonic() - began


def timed(data: Path, name: str, done: Callable[[], bool]) -> float:
    """Seconds from the start of `shike NAME` until `done`. Ends the process afterwards."""
    with subprocess.Popen(
        installation.command(name), env=installation.environment(data), cwd=data, stderr=subprocess.DEVNULL
    ) as process:
        try:
            return until(done, process)
        finally:
            process.terminate()


def measure(data: Path, segments: int, blob: bytes) -> None:
    cameras, _ = installation.create(data, [f"rtsp://127.0.0.1:9/{number}" for number in range(CAMERAS)])
    database = Path(Settings(data_dir=data).database.removeprefix("sqlite:///"))
    fill(database, cameras, segments, blob)
    leave_open(data, cameras)
    spool = data / "spool"
    (data / "state").mkdir(exist_ok=True)

    def known() -> bool:
        path = data / "state" / "desired.json"
        return path.exists() and len(json.loads(path.read_bytes())["streams"]) == CAMERAS

    first_keep = timed(data, "keep", known)
    print(f"{segments:>9} segments in the index, {database.stat().st_size / 1e6:.0f} MB")

    def recovered() -> bool:
        closed = sum(1 for _ in spool.glob("*.json"))
        tried = [each for each in health.read(data / "state").values() if each.state != "waiting"]
        return closed >= CAMERAS and len(tried) == CAMERAS

    took = {
        "shike keep, until the recorder knows what to record": first_keep,
        "shike capture, until the 64 open files are closed and all cameras are tried": timed(
            data, "capture", recovered
        ),
        "shike keep, until the 64 are in the index": timed(data, "keep", lambda: not any(spool.glob("*.json"))),
    }
    for what, seconds in took.items():
        print(f"    {seconds:6.2f} s  {what}{'' if seconds <= TARGET_S else '   MISSES the target of 10 s'}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Time to start beside a long history.")
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--fragments", type=int, default=0, help="entries of every fragment table (22 bytes each)")
    options = parser.parse_args()
    for segments in (1000, options.segments):
        folder = Path(tempfile.mkdtemp(prefix="shike-recovery-"))
        try:
            measure(folder, segments, bytes(22 * options.fragments))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
