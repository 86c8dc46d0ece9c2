"""What each stream is doing now, as its shard last reported it: a small file, no database.

Shards write `state/health-<shard>.json` twice a second; the API reads all of them. Design: docs/design/capture.md.
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
    """State of one stream. Times are in µs UTC. `cause` is a code that the browser app translates.

    `since_us`: in state "recording", when recording began; in "resting", when the rest began; in any other state, since
    when the stream has not been recorded, as far as its shard knows. Attempts to connect do not change it.
    A stream that is "resting" is not connected, because it is off schedule or space is short. Off schedule,
    `next_try_us` is when recording begins next.
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
        """Since when the stream is not recorded, if its thread ends now: the time of its last packet."""
        if self.state != "recording":
            return self.since_us
        return max(self.since_us, self.last_packet_us or 0)


Healths = Mapping[StreamKey, StreamHealth]
"""The snapshots of all shards, by stream."""


_FIELDS = tuple(field.name for field in fields(StreamHealth))


def write(folder: Path, shard: str, streams: list[StreamHealth]) -> None:
    """Replace a shard's snapshot. Not synced: after a crash nobody needs it. OSError if the volume refuses."""
    replace_snapshot(
        folder / f"health-{shard}.json",
        json.dumps([{name: getattr(stream, name) for name in _FIELDS} for stream in streams]),
    )


def replace_snapshot(path: Path, text: str) -> None:
    """Replace the content of a small file. OSError if that is not possible.

    A full volume has no room for a second copy. Then the existing file is overwritten in place, so that the cause
    `disk_full` can still be reported.
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
    """The snapshots of all shards. If two name the same stream, the one with the later `since_us` counts."""
    healths: dict[tuple[str, StreamName], StreamHealth] = {}
    for path in folder.glob("health-*.json"):
        try:
            rows = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):  # its shard has just been removed, or is overwriting it
            continue
        for row in rows:
            try:  # a shard of another version may write unknown fields, or leave out needed ones
                health = StreamHealth(**{name: row[name] for name in _FIELDS if name in row})
            except TypeError:
                continue
            other = healths.get((health.camera_id, health.stream))
            if other is None or other.since_us < health.since_us:
                healths[health.camera_id, health.stream] = health
    return healths
