"""What `shike keep` needs of the settings, without the settings' library."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Self

from shike.attendance.recording.policy import Policy
from shike.attendance.retention.rules import Defaults

if TYPE_CHECKING:
    from shike.api.settings import Settings


@dataclass(frozen=True, slots=True)
class KeepConfig:
    """Values of the settings, under their names. Where work goes on does not depend on which of the two it is given."""

    node: str
    database: str
    data_dir: Path
    footage_dir: Path
    spool_dir: Path
    state_dir: Path
    keys_dir: Path
    sample_interval_s: float
    recording_policy: Policy
    retention: Defaults
    floor_gb: float
    floor_percent: float
    disk_reserve_mb: int
    checkpoint_minutes: float
    timestamp_authority_url: str
    timestamp_minutes: float

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What of the settings is needed."""
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})

    def to_json(self) -> str:
        """As JSON; the address of the database may hold a password."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Self:
        value = json.loads(text)
        for name in ("data_dir", "footage_dir", "spool_dir", "state_dir", "keys_dir"):
            value[name] = Path(value[name])
        value["recording_policy"] = Policy(**value["recording_policy"])
        value["retention"] = Defaults(**value["retention"])
        return cls(**value)
