"""Footage for the tests of counting, written by the real recorder, and a fast detector that counts it exactly."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from shike.api.database import Database
from shike.attendance.counting.detector import Detection, Image
from shike.attendance.footage.indexing import index
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import Origin
from shike.capture.archive.spool import Spool
from shike.capture.clock import Clock
from shike.capture.recorder import recording
from shike.capture.recorder.config import Lengths
from shike.capture.recorder.run import RunRecorder, RunStart
from shike.capture.source.open_stream import TimedPacket
from shike.capture.source.opening import open_file
from shike.capture.source.timeline import Arrival

FPS = 10
MORNING_US = 1_790_000_000_000_000
"""A multiple of ten seconds: slots of every interval used here begin at it."""


class HandClock(Clock):
    """A clock that stands still until it is moved."""

    def __init__(self, now_us: int = MORNING_US) -> None:
        self.now_us = now_us

    def now(self) -> int:
        return self.now_us

    def monotonic(self) -> float:
        return self.now_us / 1_000_000

    def advance(self, seconds: float) -> None:
        self.now_us += round(seconds * 1_000_000)


class WhiteSquares:
    """Finds white squares: a detector for drawn pictures that takes a millisecond."""

    name = "white-squares"
    digest = "5" * 64
    threshold = 0.5

    def detect(self, image: Image) -> tuple[Detection, ...]:
        height, width = image.shape[:2]
        white = cv2.inRange(image, np.full(3, 220, np.uint8), np.full(3, 255, np.uint8))
        _, _, stats, _ = cv2.connectedComponentsWithStats(white)
        return tuple(
            Detection(x / width, y / height, (x + w) / width, (y + h) / height, 0.9)
            for x, y, w, h, area in stats[1:].tolist()
            if area > 60
        )


def draw(people: int, width: int = 320, height: int = 180) -> Image:
    """A grey room with a texture and one white square per person."""
    picture = np.full((height, width, 3), 90, np.uint8)
    picture[::8] = 60
    picture[:, ::16] = 120
    for number in range(people):
        x, y = 20 + 40 * (number % 7), 20 + 40 * (number // 7)
        picture[y : y + 16, x : x + 16] = 250
    return picture


def write_video(path: Path, pictures: Iterator[Image] | list[Image], *, fps: int = FPS, gop_s: float = 1.0) -> Path:
    """An H.264 file with a keyframe every `gop_s` seconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.pix_fmt = "yuv420p"
        keyint = round(fps * gop_s)
        stream.options = {"preset": "ultrafast", "x264-params": f"keyint={keyint}:scenecut=0:bframes=0:threads=1"}
        for number, picture in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


class Recording:
    """A camera whose stream is being recorded: `go_on` records the next seconds, `finish` closes the run."""

    def __init__(
        self,
        video: Path,
        camera_id: str,
        archive: Archive,
        spool: Spool,
        *,
        start_us: int = MORNING_US,
        origin: Origin = "live",
        segment_s: float = 60.0,
    ) -> None:
        self._clock = HandClock(start_us)
        self._source = open_file(video, self._clock)
        self._packets = self._source.packets()
        lengths = Lengths(fragment_s=0.4, segment_s=segment_s)
        start = RunStart(camera_id, "main", 1, origin, simulated=True)
        self._run = RunRecorder(
            recording.Recording(archive, spool, self._clock, lengths, "node-1"), self._source.video, start
        )
        self._start_us = start_us
        self._media_us = 0

    def go_on(self, seconds: float) -> None:
        """Record the next seconds without real waiting."""
        end_us = self._media_us + round(seconds * 1_000_000)
        while self._media_us < end_us:
            timed = next(self._packets, None)
            if timed is None:
                return
            self._media_us = timed.arrival.media_us
            wall_us = self._start_us + self._media_us
            ended = self._run.take(TimedPacket(timed.packet, Arrival(wall_us, wall_us, self._media_us), None))
            assert ended is None

    def finish(self) -> None:
        """End the run; its segments are in the spool."""
        self._run.finish("stopped")
        self._source.close()


def keep(database: Database, archive: Archive, spool: Spool, clock: Clock) -> None:
    """Move the records of closed segments from the spool into the index, as `shike keep` does."""
    records = list(spool.pending())
    with database.writing() as db:
        taken = index(db, archive, records, clock)
    spool.done(taken)
