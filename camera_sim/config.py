"""What a simulated camera is told: which clips under which paths, where to listen, who may look."""

from dataclasses import dataclass
from pathlib import Path

from shike.camera_sim.media.audio import AudioKind
from shike.camera_sim.media.clip import ClipError
from shike.camera_sim.media.order import OrderName


@dataclass(frozen=True)
class Mount:
    """A clip at a path such as ``room-a-front/main``. Mounts of one seed and one clip length run in step.

    With ``audio`` the camera has a microphone, which hears a beep (module ``audio``).
    """

    path: str
    file: Path
    seed: str = "0"
    audio: AudioKind | None = None


@dataclass(frozen=True)
class SimConfig:
    """``port`` 0 takes a free one. Without ``user`` nobody is asked for a password. ``log`` is appended to."""

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

    ``paths`` picks some of them. An entry ``new=old`` shows the clip of ``old`` under a new name and in an order of
    its own, so that three clips make a dozen cameras; ``new/main`` and ``new/sub`` of one name stay in step.
    Raises ClipError for a path that has no clip, or when there is none at all.
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
