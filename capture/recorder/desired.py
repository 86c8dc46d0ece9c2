"""Which streams should be recorded: a versioned desired state with leases.

`shike keep` writes `state/desired.json` from the database; the recorder assigns its streams to shards; shards read it
again when it changes. A lease gives the epoch under which a recorder writes. An expired lease does not stop a recorder
that nobody has replaced (decision 0006). Passwords are encrypted in it. Not here: which shard has which stream
(assignment.py). Design: docs/design/capture.md, "Desired state".
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
    """One stream that should be recorded. `sealed_password` is decrypted with the installation's key.

    `windows`: when to record, as [from, to) in µs UTC, in order and without overlap; None means always. They are
    published days ahead, so that a class is recorded even if the database is away when it begins. `rest`: if set, the
    stream is not recorded, for this reason, whatever the windows are.
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
        """The pause between two windows in which a moment lies; None while the stream is to be recorded."""
        return None if self.windows is None else rest_at(self.windows, now_us)

    def address(self, password: str) -> Address:
        return Address(self.host, self.port, self.path, self.username, password)

    def same_source(self, other: "Wanted") -> bool:
        """Whether a running thread can continue: its address, login, epoch and audio settings are unchanged."""
        fields = ("host", "port", "path", "username", "sealed_password", "epoch", "audio", "g711")
        return all(getattr(self, name) == getattr(other, name) for name in fields)


@dataclass(frozen=True, slots=True)
class Desired:
    """All streams that should be recorded. `version` grows with every change."""

    version: int
    streams: tuple[Wanted, ...]

    def store(self, state: Path) -> None:
        """Replace the file; readable by the owner only."""
        content = {"version": self.version, "streams": [asdict(wanted) for wanted in self.streams]}
        replace_file(state / FILE_NAME, json.dumps(content).encode())

    @classmethod
    def load(cls, state: Path) -> "Desired":
        """The desired state in the file; empty with version 0 if there is no file yet."""
        try:
            value = json.loads((state / FILE_NAME).read_bytes())
        except FileNotFoundError:
            return cls(0, ())
        return cls(value["version"], tuple(_wanted(row) for row in value["streams"]))


def _wanted(row: dict[str, Any]) -> Wanted:
    """Ignores unknown fields: a later version may have written them."""
    windows = row.get("windows")
    known = {field.name: row[field.name] for field in fields(Wanted) if field.name in row}
    return Wanted(**known | {"windows": None if windows is None else tuple((begin, end) for begin, end in windows)})


class Watch:
    """The current desired state. Reads the file again only when it has changed."""

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
