"""Whose footage is not mounted, from `shike keep`, which finds it out, to every page, which says it.

A file in the state folder, as the desired state is: the api asks no disk for it. Design: docs/design/retention.md.
"""

import json
from collections.abc import Collection
from pathlib import Path

from shike.capture.archive.durable import replace_file

_FILE = "unmounted.json"


def store(state: Path, camera_ids: Collection[str]) -> None:
    """Replace the file."""
    replace_file(state / _FILE, json.dumps({"cameras": sorted(camera_ids)}).encode())


def load(state: Path) -> frozenset[str]:
    """Ids of the cameras whose footage was not there at the last clean-up; none before the first."""
    try:
        return frozenset(json.loads((state / _FILE).read_bytes())["cameras"])
    except FileNotFoundError:
        return frozenset()
