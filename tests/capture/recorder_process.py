"""`shike capture` as a process that a test can kill together with its shards."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from shike.capture.archive.segment import StreamName
from shike.capture.recorder import health
from shike.capture.recorder.health import StreamHealth


@dataclass
class RecorderProcess:
    """The recorder of a data folder, with segments short enough for a test to wait for."""

    data: Path
    segment_s: float = 4.0
    cameras_per_shard: int = 32
    settings: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    started_us: int = 0

    def start(self) -> None:
        self.started_us = time.time_ns() // 1000
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHIKE_")}
        own = {
            "SHIKE_DATA_DIR": str(self.data),
            "SHIKE_NODE": "test",
            "SHIKE_SEGMENT_SECONDS": str(self.segment_s),
            "SHIKE_CAMERAS_PER_SHARD": str(self.cameras_per_shard),
            "SHIKE_READ_TIMEOUT_SECONDS": "5",
        }
        with (self.data / "capture.log").open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "shike.api.commands.cli", "capture"],
                env=kept | own | self.settings,
                stdout=file,
                stderr=file,
            )

    @property
    def log(self) -> str:
        return (self.data / "capture.log").read_text()

    @property
    def shards(self) -> list[psutil.Process]:
        return [child for child in self.children if _is_shard(child)]

    @property
    def children(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def is_recording(self, streams: int = 1) -> bool:
        assert self.process is not None and self.process.poll() is None, self.log
        return sum(self._is_now(each) for each in health.read(self.data / "state").values()) >= streams

    def _is_now(self, stream: StreamHealth) -> bool:
        """Whether a stream is recorded by this process. A killed recorder may have left an older health file."""
        return stream.state == "recording" and (stream.last_packet_us or 0) > self.started_us

    def health(self, camera: str, stream: StreamName = "main") -> StreamHealth | None:
        """The last health of a stream."""
        return health.read(self.data / "state").get((camera, stream))

    def fails_with(self, camera: str, cause: str) -> bool:
        """Whether a stream is not recorded for this cause."""
        stream = self.health(camera)
        return stream is not None and (stream.state, stream.cause) == ("backing_off", cause)

    def records(self, camera: str) -> bool:
        stream = self.health(camera)
        return stream is not None and self._is_now(stream)

    def attempts(self, camera: str) -> int:
        """Failures in a row of a stream."""
        stream = self.health(camera)
        return 0 if stream is None else stream.attempt

    def kill_tree(self) -> int:
        """`kill -9` of all processes; returns when, in µs UTC."""
        assert self.process is not None
        parent = psutil.Process(self.process.pid)
        # The parent is suspended, so that it starts no shard, and killed last: shards stop cleanly when it has ended.
        parent.suspend()
        victims = [*self.children, parent]
        killed_us = time.time_ns() // 1000  # after listing them, which takes time while they still record
        for victim in victims:
            victim.kill()
        self.process.wait()
        psutil.wait_procs(victims, timeout=60)
        return killed_us

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill_tree()
            raise


def _is_shard(process: psutil.Process) -> bool:
    try:
        return "shike.capture.recorder.shard" in process.cmdline()
    except psutil.Error:  # it has ended
        return False
