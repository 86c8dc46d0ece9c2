"""Which shard records which streams: the assignment, and the file that holds it.

Here: how streams are distributed. Not here: starting shards (supervisor.py), recording (shard.py).
"""

import json
from pathlib import Path

from shike.capture.archive.segment import StreamKey

ASSIGNMENT_FILE = "shards.json"


def load_assignment(state: Path) -> dict[str, set[StreamKey]]:
    """The streams of each shard, by shard name. ValueError or TypeError if the file has been damaged."""
    try:
        value = json.loads((state / ASSIGNMENT_FILE).read_bytes())
    except FileNotFoundError:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"{ASSIGNMENT_FILE} holds no shards")
    return {shard: {(camera, stream) for camera, stream in rows} for shard, rows in value.items()}


def assign(
    wanted: list[StreamKey],
    before: dict[str, set[StreamKey]],
    streams_per_shard: int,
    apart: frozenset[StreamKey] = frozenset(),
) -> dict[str, set[StreamKey]]:
    """Assign streams to shards. A stream keeps its shard; a new stream goes to the emptiest shard that has room.

    A stream in `apart` gets a shard of its own.
    """
    remaining = set(wanted)
    plan = {name: keys & remaining for name, keys in before.items()}
    for name, keys in plan.items():
        if len(keys) > 1:
            plan[name] = keys - apart
    placed = set().union(*plan.values()) if plan else set()
    for key in wanted:
        if key in placed:
            continue
        taken = [name for name, keys in plan.items() if len(keys) < streams_per_shard and not keys & apart]
        open_shards = [] if key in apart else taken
        name = min(open_shards, key=lambda shard: len(plan[shard]), default="")
        if not name:
            name = next(f"s{i}" for i in range(len(plan) + 1) if f"s{i}" not in plan)
            plan[name] = set()
        plan[name].add(key)
    return {name: keys for name, keys in plan.items() if keys}
