"""Which streams should be recorded, and by which shard: a versioned desired state with leases.

The housekeeping process writes `state/desired.json` from the database; the recorder hands its streams out to
shards; shards poll. A lease says under which epoch a recorder writes. An expired lease does not stop a recorder
that nobody has replaced: two copies can be told apart by their epochs, a lost minute cannot be made good.
Passwords stand here sealed. Design: docs/design/capture.md, "Desired state".
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from shike.capture.archive.durable import replace_file
from shike.capture.archive.segment import EndReason, StreamName
from shike.capture.schedule import G711, Window, rest_at
from shike.capture.source.address import Address

FILE_NAME = "desired.json"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One stream that should be recorded. `sealed_password` is opened with the installation's key.

    `windows`: when to record, as [from, to) in µs UTC, in order and apart; None is always. They are published days
    ahead, so that a class is recorded whether or not the database is there when it begins. `rest`: why it is not
    recorded whatever the windows say, until that is taken back.
    """

    camera_id: str
    stream: StreamName
    host: str
    port: int
    path: str
    username: str
    sealed_password: str
    epoch: int
    lease_until_us: int
    windows: tuple[Window, ...] | None = None
    audio: bool = False
    g711: G711 = "transcode"
    rest: EndReason | None = None

    def rest_at(self, now_us: int) -> Window | None:
        """The pause between two windows that a moment lies in; None while the stream is to be recorded."""
        return None if self.windows is None else rest_at(self.windows, now_us)

    def address(self, password: str) -> Address:
        return Address(self.host, self.port, self.path, self.username, password)

    def same_source(self, other: "Wanted") -> bool:
        """Whether a running thread can go on: nothing that it was started with has changed but its lease's end."""
        fields = ("host", "port", "path", "username", "sealed_password", "epoch", "audio", "g711")
        return all(getattr(self, name) == getattr(other, name) for name in fields)


@dataclass(frozen=True, slots=True)
class Desired:
    """All streams that should be recorded. A new `version` means that something changed."""

    version: int
    streams: tuple[Wanted, ...]

    def store(self, state: Path) -> None:
        """Replace the file; readable by the owner only."""
        content = {"version": self.version, "streams": [asdict(wanted) for wanted in self.streams]}
        replace_file(state / FILE_NAME, json.dumps(content).encode())

    @classmethod
    def load(cls, state: Path) -> "Desired":
        """The desired state as it stands; empty, version 0, before anybody wrote one."""
        try:
            value = json.loads((state / FILE_NAME).read_bytes())
        except FileNotFoundError:
            return cls(0, ())
        return cls(value["version"], tuple(_wanted(row) for row in value["streams"]))


def _wanted(row: dict[str, Any]) -> Wanted:
    """A field that is not known here is one of a later version."""
    windows = row.get("windows")
    known = {field.name: row[field.name] for field in fields(Wanted) if field.name in row}
    return Wanted(**known | {"windows": None if windows is None else tuple((begin, end) for begin, end in windows)})


class Watch:
    """Reads the desired state again only when its file has changed."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._stamp: tuple[int, int] | None = None
        self._desired = Desired(0, ())

    def poll(self) -> Desired:
        try:
            stat = (self._state / FILE_NAME).stat()
        except FileNotFoundError:
            return self._desired
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if stamp != self._stamp:
            self._desired, self._stamp = Desired.load(self._state), stamp
        return self._desired
