"""What each stream is doing right now, as its shard last said it: a small file that needs no database.

Shards write `state/health-<shard>.json` once a second; the service reads all of them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from shike.capture.archive.durable import FULL
from shike.capture.archive.segment import StreamKey, StreamName

CaptureState = Literal["waiting", "connecting", "recording", "backing_off", "refused", "resting", "stopped"]


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """State of one stream. Times in µs UTC, `cause` a code that the browser puts into words.

    `since_us`: of a stream that records, when that began; of one that rests, when the rest began; of any other, since
    when it has not been recorded, as far as its shard knows, however often a connection has been tried meanwhile.
    A stream that is "resting" is not connected, off schedule or for want of space; off schedule `next_try_us` says when
    recording begins next.
    """

    camera_id: str
    stream: StreamName
    state: CaptureState
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
    audio: str | None = None

    @property
    def unrecorded_since_us(self) -> int:
        """Since when it is not recorded if it no longer is: what came last came before that."""
        if self.state != "recording":
            return self.since_us
        return max(self.since_us, self.last_packet_us or 0)


Healths = Mapping[StreamKey, StreamHealth]
"""The snapshots of all shards, by stream."""


_FIELDS = tuple(field.name for field in fields(StreamHealth))


def write(folder: Path, shard: str, streams: list[StreamHealth]) -> None:
    """Replace a shard's snapshot. Not synced: it is worth nothing after a crash. OSError if the volume refuses."""
    replace_snapshot(
        folder / f"health-{shard}.json",
        json.dumps([{name: getattr(stream, name) for name in _FIELDS} for stream in streams]),
    )


def replace_snapshot(path: Path, text: str) -> None:
    """Put `text` in place of a small file. OSError if that is not possible.

    A full volume has no room for a second copy: the first one's block is then written over, so that the word that the
    volume is full gets through.
    """
    fresh = path.with_suffix(".new")
    try:
        fresh.write_text(text)
        fresh.replace(path)
    except OSError as error:
        if error.errno not in FULL:
            raise
        fresh.unlink(missing_ok=True)
        with path.open("r+b") as file:
            file.write(text.encode().ljust(path.stat().st_size))


def read(folder: Path) -> dict[tuple[str, StreamName], StreamHealth]:
    """The snapshots of all shards; of two that name the same stream, the one that changed last."""
    found: dict[tuple[str, StreamName], StreamHealth] = {}
    for path in folder.glob("health-*.json"):
        try:
            rows = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):  # its shard has just been retired, or is writing over it
            continue
        for row in rows:
            try:  # a shard of another version may say more than is known here, or less than is needed
                health = StreamHealth(**{name: row[name] for name in _FIELDS if name in row})
            except TypeError:
                continue
            other = found.get((health.camera_id, health.stream))
            if other is None or other.since_us < health.since_us:
                found[health.camera_id, health.stream] = health
    return found
