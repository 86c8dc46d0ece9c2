"""Free space of the footage volume, and how much of it must stay free (the floor)."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from shike.attendance.retention.rules import Space, floor_bytes

if TYPE_CHECKING:
    from shike.api.processes.keep_config import KeepConfig
    from shike.api.settings import Settings


def space_of(settings: Settings | KeepConfig) -> Space:
    """The volume of the footage folder, or of the data folder if there is none yet. OSError if neither exists."""
    folder = settings.footage_dir if settings.footage_dir.exists() else settings.data_dir
    usage = shutil.disk_usage(folder)
    reserve = settings.disk_reserve_mb << 20
    return Space(usage.total, usage.free, floor_bytes(usage.total, settings.floor_gb, settings.floor_percent, reserve))
