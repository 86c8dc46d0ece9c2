"""How full the footage volume is, against what is to stay free on it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from shike.attendance.retention.rules import Space, floor_bytes

if TYPE_CHECKING:
    from shike.api.processes.keep_config import KeepConfig
    from shike.api.settings import Settings


def space_of(settings: Settings | KeepConfig) -> Space:
    """The volume of the footage folder, or of the data folder before there is one. OSError if neither is there."""
    folder = settings.footage_dir if settings.footage_dir.exists() else settings.data_dir
    usage = shutil.disk_usage(folder)
    reserve = settings.disk_reserve_mb << 20
    return Space(usage.total, usage.free, floor_bytes(usage.total, settings.floor_gb, settings.floor_percent, reserve))
