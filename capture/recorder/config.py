"""Configuration of the recorder, its shards and recovery, as values that a process passes on as JSON.

Here: lengths, folders, limits. Not here: reading settings (api/settings.py), what is to be recorded (desired.py).
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Lengths:
    """Nominal lengths in seconds. A fragment must stay below 0.5 s, because a crash may lose one.

    `sync_beat_s`: time between two syncs of an open file.
    """

    fragment_s: float = 0.32
    segment_s: float = 60.0
    sync_beat_s: float = 2.0


@dataclass(frozen=True, slots=True)
class CaptureConfig:
    """What recorder, shards and recovery need of the settings. Paths are the folders inside the data folder."""

    footage: Path
    spool: Path
    state: Path
    keys: Path
    node: str
    lengths: Lengths = Lengths()
    camera_timeout_s: float = 10.0
    watchdog_s: float = 30.0
    streams_per_shard: int = 32
    reserve_bytes: int = 0
    log_level: str = "info"

    def to_json(self) -> str:
        """As one line of JSON."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> "CaptureConfig":
        value = json.loads(text)
        for name in ("footage", "spool", "state", "keys"):
            value[name] = Path(value[name])
        value["lengths"] = Lengths(**value["lengths"])
        return cls(**value)
