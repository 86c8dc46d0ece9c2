"""Configuration of the simulated camera: clips and their paths, where to listen, the login."""

from dataclasses import dataclass
from pathlib import Path

from shike.camera_sim.media.audio import AudioKind
from shike.camera_sim.media.clip import ClipError
from shike.camera_sim.media.order import OrderName


@dataclass(frozen=True)
class Mount:
    """A clip at a path such as ``room-a-front/main``. Mounts with the same seed and clip length are in step.

    With ``audio`` the path has an audio track, a beep in that coding (``media.audio``).
    """

    path: str
    file: Path
    seed: str = "0"
    audio: AudioKind | None = None


@dataclass(frozen=True)
class SimConfig:
    """``port`` 0 takes a free port. Without ``user`` there is no login. Lines are appended to ``log``."""

    mounts: tuple[Mount, ...]
    port: int = 0
    host: str = "127.0.0.1"
    user: str | None = None
    password: str | None = None
    order: OrderName = "mixed"
    log: Path | None = None
    report_every_s: float = 5.0


def mounts_in(folder: Path, seed: str = "0", paths: tuple[str, ...] = ()) -> tuple[Mount, ...]:
    """A mount for each ``<camera>-<stream>.mp4`` in a folder, at ``<camera>/<stream>``.

    ``paths`` selects some of them. An entry ``new=old`` serves the clip of ``old`` at a new path in a different order,
    so that three clips can serve as a dozen cameras; ``new/main`` and ``new/sub`` stay in step.
    Raises ClipError for a path without a clip, or if the folder has no clip at all.
    """
    clips = {"/".join(file.stem.rsplit("-", 1)): file for file in sorted(folder.glob("*-*.mp4"))}
    if not clips:
        raise ClipError(f"{folder}: no clips (<camera>-<stream>.mp4)")
    if not paths:
        return tuple(Mount(path, file, seed) for path, file in clips.items())
    mounts = []
    for entry in paths:
        path, _, source = entry.strip("/").partition("=")
        file = clips.get(source.strip("/") or path)
        if file is None:
            raise ClipError(f"{folder}: no clip for {entry}")
        mounts.append(Mount(path, file, f"{seed}/{path.split('/')[0]}" if source else seed))
    return tuple(mounts)
