"""`shike capture` as a process that a test can kill, shards and all."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from shike.capture import health


@dataclass
class RecorderProcess:
    """The recorder of a data folder with segments of a length that a test can wait for."""

    data: Path
    segment_s: float = 4.0
    cameras_per_shard: int = 32
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHIKE_")}
        own = {
            "SHIKE_DATA_DIR": str(self.data),
            "SHIKE_NODE": "test",
            "SHIKE_SEGMENT_SECONDS": str(self.segment_s),
            "SHIKE_CAMERAS_PER_SHARD": str(self.cameras_per_shard),
            "SHIKE_READ_TIMEOUT_SECONDS": "5",
        }
        with (self.data / "capture.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "shike.api.cli", "capture"], env=kept | own, stdout=log, stderr=log
            )

    @property
    def words(self) -> str:
        return (self.data / "capture.log").read_text()

    @property
    def shards(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def is_recording(self, streams: int = 1) -> bool:
        assert self.process is not None and self.process.poll() is None, self.words
        return sum(each.state == "recording" for each in health.read(self.data / "state").values()) >= streams

    def kill_tree(self) -> None:
        """`kill -9` of everything at once."""
        assert self.process is not None
        for victim in [psutil.Process(self.process.pid), *self.shards]:
            victim.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill_tree()
            raise
