"""Keyframes of the streams that are being recorded now, one per camera and sample slot.

The newest comes first, because the live wall shows the current number; older ones follow. A camera keeps at most
LONGEST_QUEUE of them in memory: the backlog finds the dropped ones after their segment is closed.
Not here: closed segments (backlog.py). Design: docs/design/counting.md.
"""

import logging
from collections import deque
from dataclasses import dataclass

from shike.attendance.counting.samples import PictureSource
from shike.attendance.counting.sampling import Waiting, due_keyframes, fairest, slot_of
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import Fragment
from shike.capture.archive.tail import RunBegan, Tail, Written
from shike.capture.errors import FootageError

log = logging.getLogger(__name__)

LONGEST_QUEUE = 12
"""Keyframes kept per camera: two minutes at an interval of ten seconds, some megabytes at most."""
REMEMBERED_S = 300.0
"""A camera is kept this long after it was last recorded: between two segments no file is open for a moment."""


@dataclass(frozen=True, slots=True)
class RecordedKeyframe:
    """A keyframe in the footage: the init section of its run, and the fragment that begins with it."""

    source: PictureSource
    fragment: Fragment
    init: bytes
    data: bytes


class LiveCamera:
    """The main stream of one camera: what was read of it, and the keyframes that wait to be counted."""

    def __init__(self, archive: Archive, camera_id: str, interval_us: int) -> None:
        self.camera_id = camera_id
        self.served_at = float("-inf")
        self.recorded_at = float("-inf")
        self.waiting: deque[RecordedKeyframe] = deque(maxlen=LONGEST_QUEUE)
        self._archive, self._interval_us = archive, interval_us
        self._tail = Tail(archive, camera_id, "main")
        self._failing = False
        self._taken: set[int] = set()
        self._run: RunBegan | None = None

    def poll(self) -> None:
        """Read what was written since the last call. Damaged footage is left to the backlog, which records the skip."""
        try:
            items = self._tail.poll()
        except FootageError as error:
            if not self._failing:
                log.warning("the open footage of camera %s cannot be read: %s", self.camera_id, error)
            self._failing, self._tail = True, Tail(self._archive, self.camera_id, "main")
            return
        self._failing = False
        for item in items:
            if isinstance(item, RunBegan):
                self._run = item
            else:
                self._look_at(item)

    def _look_at(self, written: Written) -> None:
        assert self._run is not None, "a tail returns the run before its fragments"
        identity = self._run.identity
        source = PictureSource(self.camera_id, "main", identity.run_id, identity.origin, identity.simulated)
        first = written.fragments[0].offset
        for fragment in due_keyframes(written.fragments, self._taken, self._interval_us):
            data = written.data[fragment.offset - first : fragment.end - first]
            self.waiting.append(RecordedKeyframe(source, fragment, self._run.init, data))
            self._taken.add(slot_of(fragment.wall_us, self._interval_us))
        newest = max(self._taken, default=0)
        self._taken = {slot for slot in self._taken if slot >= newest - LONGEST_QUEUE}


class Live:
    """All cameras that are being recorded. They take turns."""

    def __init__(self, archive: Archive, interval_us: int) -> None:
        self._archive, self._interval_us = archive, interval_us
        self._cameras: dict[str, LiveCamera] = {}

    def poll(self, now_s: float) -> None:
        """Find new cameras, read on in all, and drop those that stopped long ago. `now_s` is monotonic."""
        for camera_id, stream in self._archive.unfinished():
            if stream != "main":
                continue
            camera = self._cameras.get(camera_id)
            if camera is None:
                camera = self._cameras[camera_id] = LiveCamera(self._archive, camera_id, self._interval_us)
            camera.recorded_at = now_s
        for camera in self._cameras.values():
            camera.poll()
        self._cameras = {
            camera_id: camera
            for camera_id, camera in self._cameras.items()
            if camera.waiting or now_s - camera.recorded_at < REMEMBERED_S
        }

    def take(self, now_s: float) -> RecordedKeyframe | None:
        """The keyframe whose turn it is; None if nothing is due. `now_s` is monotonic."""
        offers = [
            Waiting(camera.camera_id, camera.waiting[-1].fragment, camera.served_at)
            for camera in self._cameras.values()
            if camera.waiting
        ]
        chosen = fairest(offers)
        if chosen is None:
            return None
        camera = self._cameras[chosen.camera_id]
        camera.served_at = now_s
        return camera.waiting.pop()
