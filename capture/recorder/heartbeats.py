"""Reading the heartbeats that shards write, for metrics and health checks of other processes."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat of a shard.

    `at_s`: when, by CLOCK_MONOTONIC, in seconds. `stuck_s`: longest time since the last sign of life of one of its
    threads.
    """

    shard: str
    at_s: float
    stuck_s: float


def read(folder: Path) -> list[Beat]:
    """The newest heartbeat of every shard. A file that has just been removed or cannot be read is left out."""
    beats: list[Beat] = []
    for path in sorted(folder.glob("beat-*.json")):
        try:
            row = json.loads(path.read_bytes())
            beats.append(Beat(path.stem.removeprefix("beat-"), float(row["at_s"]), float(row["stuck_s"])))
        except (FileNotFoundError, ValueError, KeyError):
            continue
    return beats
