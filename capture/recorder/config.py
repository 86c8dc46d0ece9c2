"""What the recorder and its shards need to know: a value that a process hands to the one it starts."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Lengths:
    """Nominal lengths in seconds. A fragment must stay below 0.5 s: that is what a crash may lose."""

    fragment_s: float = 0.32
    segment_s: float = 60.0
    sync_beat_s: float = 2.0


@dataclass(frozen=True, slots=True)
class CaptureConfig:
    """What recorder and shards need to know. Paths are those of the data folder's parts."""

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
