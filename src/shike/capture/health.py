"""What each stream is doing right now, as its shard last said it: a small file that needs no database.

Shards write `state/health-<shard>.json` once a second; the service reads all of them.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from shike.capture.segment import StreamName

State = Literal["waiting", "connecting", "recording", "backing_off", "refused", "resting", "stopped"]


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """State of one stream. Times in µs UTC, `cause` a code that the browser puts into words.

    A stream that is "resting" is not connected, off schedule or for want of space; off schedule `next_try_us` says when
    recording begins next.
    """

    camera_id: str
    stream: StreamName
    state: State
    since_us: int
    cause: str | None = None
    last_packet_us: int | None = None
    next_try_us: int | None = None
    attempt: int = 0
    bitrate_bps: int | None = None
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    dropped: int = 0
    clock_offset_ms: int | None = None
    simulated: bool = False


def write(folder: Path, shard: str, streams: list[StreamHealth]) -> None:
    """Replace a shard's snapshot. Not synced: it is worth nothing after a crash."""
    path = folder / f"health-{shard}.json"
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps([asdict(stream) for stream in streams]))
    fresh.replace(path)


def read(folder: Path) -> dict[tuple[str, StreamName], StreamHealth]:
    """The snapshots of all shards; of two that name the same stream, the one that changed last."""
    found: dict[tuple[str, StreamName], StreamHealth] = {}
    for path in folder.glob("health-*.json"):
        try:
            rows = json.loads(path.read_text())
        except FileNotFoundError:  # its shard has just been retired
            continue
        for row in rows:
            health = StreamHealth(**row)
            other = found.get((health.camera_id, health.stream))
            if other is None or other.since_us < health.since_us:
                found[health.camera_id, health.stream] = health
    return found
