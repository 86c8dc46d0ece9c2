"""Settings: environment variables (SHIKE_*), else one TOML file (SHIKE_CONFIG, else ./shike.toml), else defaults.

Here: every setting of every process, with its unit in the name and its limits in the type. docs/guide/settings.md
describes each; a test compares the two.
"""

import os
import platform
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from shike.attendance.recording.policy import Mode, Policy
from shike.attendance.retention.rules import Defaults, FlagHolds

CONFIG_VARIABLE = "SHIKE_CONFIG"
DEFAULT_CONFIG = Path("shike.toml")


class Settings(BaseSettings):
    """All settings, validated. An unknown key in the TOML file is an error, so that a typo is noticed."""

    model_config = SettingsConfigDict(env_prefix="SHIKE_", extra="forbid", frozen=True)

    data_dir: Path = Path("data")
    database_url: str = ""
    node: str = Field(default_factory=platform.node, min_length=1, max_length=100)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    host: str = "127.0.0.1"
    port: int = Field(default=8420, ge=0, le=65535)
    cookie_secure: bool = False
    login_hours: float = Field(default=12, gt=0, le=24 * 30)
    login_attempts: int = Field(default=5, ge=1, le=100)
    login_lock_minutes: float = Field(default=15, gt=0, le=24 * 60)
    max_body_bytes: int = Field(default=1_048_576, ge=1024)
    max_export_hours: float = Field(default=12, gt=0, le=24 * 7)
    event_poll_seconds: float = Field(default=0.5, ge=0.05, le=10)
    permission_recheck_seconds: float = Field(default=30, ge=0.05, le=300)
    probe_timeout_seconds: float = Field(default=10, gt=0, le=60)
    metrics_token: SecretStr = Field(default=SecretStr(""), max_length=200)

    segment_seconds: float = Field(default=60, ge=2, le=600)
    fragment_seconds: float = Field(default=0.32, ge=0.1, le=0.36)
    sync_seconds: float = Field(default=2, gt=0, le=60)
    read_timeout_seconds: float = Field(default=10, gt=0, le=120)
    watchdog_seconds: float = Field(default=30, ge=5, le=600)
    cameras_per_shard: int = Field(default=32, ge=1, le=32)
    disk_reserve_mb: int = Field(default=256, ge=0, le=1 << 20)

    recording_mode: Mode = "always"

    days_main: int = Field(default=90, ge=1, le=36_500)
    days_sub: int = Field(default=14, ge=1, le=36_500)
    floor_gb: float = Field(default=20, ge=0, le=1_000_000)
    floor_percent: float = Field(default=5, ge=0, le=90)
    hold_flagged_sessions: FlagHolds = "confirmed"

    checkpoint_minutes: float = Field(default=5, ge=0.05, le=24 * 60)
    timestamp_authority_url: str = Field(default="", pattern=r"^(https?://[^\s/]+\S*)?$")
    timestamp_authority_certificates: Path | None = None
    timestamp_minutes: float = Field(default=60, ge=1, le=30 * 24 * 60)

    sample_interval_s: float = Field(default=10, ge=0.5, le=3600)
    imported_sample_interval_s: float = Field(default=30, ge=0.5, le=3600)
    detector_threads: int = Field(default=1, ge=1, le=64)
    detector_threshold: float = Field(default=0.225, ge=0.1, le=1)
    detector_width: int = Field(default=1280, ge=320, le=3840)

    @model_validator(mode="after")
    def _watchdog_waits_longer_than_a_reader(self) -> Self:
        """Opening a camera and reading its first picture may each take a read timeout; the watchdog waits for both."""
        least = 2 * self.read_timeout_seconds + 5
        if self.watchdog_seconds < least:
            raise ValueError(
                f"watchdog_seconds must be at least {least:g} with a read_timeout_seconds of "
                f"{self.read_timeout_seconds:g}: twice as long and 5 more"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=_config_file())

    @property
    def database(self) -> str:
        """The SQLAlchemy URL: `database_url`, or SQLite inside the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'db' / 'shike.sqlite3'}"

    @property
    def recording_policy(self) -> Policy:
        """The policy of a room that has none of its own: no sound, and the default mode."""
        return Policy(mode=self.recording_mode)

    @property
    def retention(self) -> Defaults:
        """How long footage is kept where no rule is stored, and which flags hold it."""
        return Defaults({"main": self.days_main, "sub": self.days_sub}, self.hold_flagged_sessions)

    @property
    def footage_dir(self) -> Path:
        """Folder of the segments."""
        return self.data_dir / "footage"

    @property
    def spool_dir(self) -> Path:
        """Folder into which capture writes records of closed segments."""
        return self.data_dir / "spool"

    @property
    def state_dir(self) -> Path:
        """Small files between processes: health snapshots, desired state, the hash of the setup code."""
        return self.data_dir / "state"

    @property
    def keys_dir(self) -> Path:
        """Secret keys, readable only by the owner."""
        return self.data_dir / "keys"

    @property
    def logs_dir(self) -> Path:
        """Logs of processes started by `shike up`."""
        return self.data_dir / "logs"


def _config_file() -> Path | None:
    """The TOML file to read: one that SHIKE_CONFIG names must exist, ./shike.toml need not."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        if not Path(named).is_file():
            raise FileNotFoundError(f"{CONFIG_VARIABLE} names {named}, which is not a file")
        return Path(named)
    return DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None


def load_settings() -> Settings:
    """The settings of this process. Raises pydantic.ValidationError, which names the wrong settings."""
    return Settings()
