"""A segment of footage as frozen values that pass between the rooms.

Here: identity, fragments, the record of a closed segment and its JSON. Not here: writing segments (segment_file),
indexing them (attendance.footage). Design: docs/design/capture.md; format: docs/reference/files.md.
"""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from shike.capture.moment import from_us

StreamName = Literal["main", "sub"]
StreamKey = tuple[str, StreamName]
"""A camera's id and one of its streams."""
Origin = Literal["live", "imported"]
EndReason = Literal[
    "stopped",
    "camera_silent",
    "connection_lost",
    "parameters_changed",
    "clock_step",
    "timestamps_broken",
    "disk_full",
    "disk_failed",
    "killed",
    "gop_too_long",
    "off_schedule",
    "audio_changed",
    "storage_full",
    "settings_changed",
    "lease_lost",
    "import_done",
]
STREAMS: tuple[StreamName, ...] = get_args(StreamName)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who recorded a segment and where it belongs. Stands in the file itself.

    `started_us`: wall time of the segment's start, `run_started_us`: of its run (µs UTC). `sequence` counts the
    segments of a run from 0. `epoch` rises whenever another recorder takes over the stream.
    """

    camera_id: str
    stream: StreamName
    run_id: str
    run_started_us: int
    segment_id: str
    sequence: int
    started_us: int
    node: str
    epoch: int
    origin: Origin
    simulated: bool

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Identity":
        return cls(**json.loads(text))

    @property
    def object_key(self) -> str:
        """The path of the file below the footage folder; the name holds start (UTC), camera and unique id."""
        start = from_us(self.started_us)
        name = f"{start:%Y%m%dT%H%M%S.%f}Z_{self.camera_id}_{self.segment_id}.mp4"
        return f"{self.camera_id}/{self.stream}/{start:%Y%m%d}/{name}"


@dataclass(frozen=True, slots=True)
class Closing:
    """Facts that are known only at the end of a segment. Stand in the last box of its file.

    `ends_run`: why the run ended with this segment; None if the run goes on. `dropped`: lost packets.
    `clock_offset_ms`: the camera's clock minus the server's; None if the camera did not send its clock.
    """

    ends_run: EndReason | None
    clock_offset_ms: int | None = None
    dropped: int = 0

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Closing":
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of at most half a second: byte range in its file, wall time of its first picture, duration.

    `media_time`: decode time of its first picture in timescale units. `is_key`: begins with a keyframe.
    """

    offset: int
    size: int
    wall_us: int
    duration_us: int
    media_time: int
    is_key: bool

    @property
    def end(self) -> int:
        return self.offset + self.size

    @property
    def wall_end_us(self) -> int:
        return self.wall_us + self.duration_us


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """A closed segment, as the spool carries it to the index. Sizes in bytes, times in µs.

    `digest`: of the whole file. `link`, `link_number`: digest and number of its row in the camera's chain. Digests name
    their algorithm (`sha256:…`). All three are None in footage that is older than the chains.
    """

    identity: Identity
    key: str
    init_size: int
    head_size: int
    size: int
    fragments: tuple[Fragment, ...]
    codec: str
    width: int
    height: int
    timescale: int
    clock_offset_ms: int | None = None
    dropped: int = 0
    ends_run: EndReason | None = None
    digest: str | None = None
    link_number: int | None = None
    link: str | None = None

    @property
    def wall_start_us(self) -> int:
        return self.fragments[0].wall_us

    @property
    def wall_end_us(self) -> int:
        return self.fragments[-1].wall_end_us

    def ending(self, reason: EndReason) -> "SegmentRecord":
        """The same segment as the last of its run. Used when the run ended after the segment was closed."""
        return replace(self, ends_run=reason)

    def linked(self, number: int, link: str) -> "SegmentRecord":
        """The same segment with number and link of its row in the camera's chain."""
        return replace(self, link_number=number, link=link)

    def to_json(self) -> bytes:
        value: dict[str, Any] = asdict(self)
        value["fragments"] = pack_fragments(self.fragments)
        return json.dumps(value, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "SegmentRecord":
        value = json.loads(text)
        value["identity"] = Identity(**value["identity"])
        value["fragments"] = unpack_fragments(value["fragments"])
        return cls(**value)


def pack_fragments(fragments: tuple[Fragment, ...]) -> list[list[int]]:
    """Fragments as a compact table of rows: offset, size, wall µs, duration µs, media time, key."""
    return [[f.offset, f.size, f.wall_us, f.duration_us, f.media_time, int(f.is_key)] for f in fragments]


def unpack_fragments(rows: list[list[int]]) -> tuple[Fragment, ...]:
    return tuple(
        Fragment(offset, size, wall_us, duration_us, media_time, bool(is_key))
        for offset, size, wall_us, duration_us, media_time, is_key in rows
    )
