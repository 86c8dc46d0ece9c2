"""The heartbeats of shards, as they last wrote them: for those who watch from outside."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life: when (the machine's steady clock, s), and how long the slowest thread was in one call."""

    shard: str
    at_s: float
    stuck_s: float


def read(folder: Path) -> list[Beat]:
    """The newest beat of every shard. A file that has just gone or cannot be read is left out."""
    found: list[Beat] = []
    for path in sorted(folder.glob("beat-*.json")):
        try:
            row = json.loads(path.read_bytes())
            found.append(Beat(path.stem.removeprefix("beat-"), float(row["at_s"]), float(row["stuck_s"])))
        except (FileNotFoundError, ValueError, KeyError):
            continue
    return found
