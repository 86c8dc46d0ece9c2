"""The file `unmounted.json` in the state folder: which cameras have footage that is not mounted.

`shike keep` writes it and the service reads it, so that a request needs no access to the footage volumes.
Design: docs/design/retention.md, "Footage that is not mounted".
"""

import json
from collections.abc import Collection
from pathlib import Path

from shike.capture.archive.durable import replace_file

_FILE = "unmounted.json"


def store(state: Path, camera_ids: Collection[str]) -> None:
    """Replaces the file."""
    replace_file(state / _FILE, json.dumps({"cameras": sorted(camera_ids)}).encode())


def load(state: Path) -> frozenset[str]:
    """Ids of the cameras whose footage was not mounted at the last clean-up; none before the first one."""
    try:
        return frozenset(json.loads((state / _FILE).read_bytes())["cameras"])
    except FileNotFoundError:
        return frozenset()
