"""Cost of one sample of a 1080p camera: the detector, and everything else (read, decode, check, write).

    python -m bench.counting                     times, on a synthetic 1080p recording
    python -m bench.counting --pictures FOLDER   accuracy, on FOLDER/truth.csv (columns file, heads) and its pictures

The target is 30 ms a sample without the detector (docs/design/counting.md).
"""

import argparse
import csv
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np

from shike.api.database import Database
from shike.attendance.counting.centerface import THRESHOLD, CenterFace
from shike.attendance.counting.detector import Detection, Image
from shike.attendance.counting.headcount import count_heads
from shike.attendance.counting.interval import before_acceptance
from shike.attendance.counting.samples import CountedPicture, PictureSource, store
from shike.attendance.tables.base import Base
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RegionRow, RoomRow
from shike.capture.archive.files import Archive
from shike.capture.archive.spool import Spool
from shike.capture.clock import SystemClock
from shike.capture.moment import from_us
from shike.capture.mp4.pictures import decode_keyframe
from shike.capture.recorder.config import Lengths
from shike.capture.recorder.ingest import ingest
from shike.capture.recorder.recording import Recording

SAMPLES = 20
BITRATE = 4_000_000
TARGET_MS = 30


def room() -> Iterator[Image]:
    """Thirty seconds of a still scene with structure at all sizes and sensor noise over it, 1920×1080, 25 fps."""
    random = np.random.default_rng(1)
    coarse = random.integers(40, 210, (34, 60, 3), dtype=np.uint8)
    fine = random.integers(-12, 13, (1080, 1920, 3), dtype=np.int16)
    scene = cv2.resize(coarse, (1920, 1080), interpolation=cv2.INTER_CUBIC).astype(np.int16) + fine
    noise = [random.integers(-3, 4, scene.shape, dtype=np.int16) for _ in range(4)]
    frames = [(scene + each).clip(0, 255).astype(np.uint8) for each in noise]
    for number in range(25 * 30):
        yield frames[number % len(frames)]


def encode(path: Path) -> None:
    """Write H.264 of 4 Mbit/s with a keyframe every two seconds, as a camera sends it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        stream.bit_rate = BITRATE
        rate = f"keyint=50:scenecut=0:bframes=0:vbv-maxrate={BITRATE // 1000}:vbv-bufsize={BITRATE // 1000}"
        stream.options = {"preset": "ultrafast", "x264-params": rate}
        for number, image in enumerate(room()):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def milliseconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and 95th percentile, ms."""

    median: float
    p95: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        return cls(statistics.median(values), statistics.quantiles(values, n=20)[-1])

    def __str__(self) -> str:
        return f"{self.median:6.1f} ms, 95 % {self.p95:6.1f} ms"


class NoDetector:
    """A detector that does nothing, to measure the rest."""

    name, digest, threshold = "nobody", "0" * 64, 0.5

    def detect(self, image: Image) -> tuple[Detection, ...]:
        return ()


def register(database: Database) -> None:
    """Insert one camera, to which the samples belong."""
    now = from_us(SystemClock().now())
    rows = (
        RegionRow(id="bench", name="bench", level="city", path="/bench/"),
        InstitutionRow(id="bench", region_id="bench", name="bench", created_at=now),
        RoomRow(id="bench", institution_id="bench", name="bench", created_at=now),
        CameraRow(
            id="bench", room_id="bench", name="bench", host="-", main_path="/", created_at=now, updated_at=now
        ),
    )  # fmt: skip
    with database.writing() as db:
        for row in rows:
            db.add(row)
            db.flush()


def measure_times(folder: Path) -> None:
    """Print the cost of a sample."""
    encode(folder / "room.mp4")
    clock, archive, spool = SystemClock(), Archive(folder / "footage"), Spool(folder / "spool")
    start_us = clock.now() - 3_600_000_000
    ingest(
        folder / "room.mp4", "bench", "main", start_us,
        Recording(archive, spool, clock, Lengths(), "bench"), simulated=True,
    )  # fmt: skip
    record = next(iter(spool.pending()))
    keyframes = [fragment for fragment in record.fragments if fragment.is_key]
    init = archive.read(record.key, 0, record.init_size)
    database = Database.at(f"sqlite:///{folder / 'bench.sqlite3'}")
    Base.metadata.create_all(database.engine)
    register(database)
    source = PictureSource("bench", "main", record.identity.run_id, "imported", simulated=True)
    wall: list[float] = []
    cpu: list[float] = []
    images: list[Image] = []
    for number in range(SAMPLES):
        keyframe = keyframes[number % len(keyframes)]
        started, cpu_started = time.perf_counter(), time.process_time()
        picture = decode_keyframe(init, archive.read(record.key, keyframe.offset, keyframe.size))
        heads = count_heads(picture.image, NoDetector())
        picture_us = keyframe.wall_us + number
        with database.writing() as db:
            store(db, [CountedPicture(source, picture_us, heads, "nobody", "0" * 64, "bench", clock.now())])
        wall.append((time.perf_counter() - started) * 1000)
        cpu.append((time.process_time() - cpu_started) * 1000)
        images.append(picture.image)
    database.dispose()
    spread = Spread.of(wall[1:])
    verdict = "within" if spread.median <= TARGET_MS else "MISSES"
    print(f"a 1080p sample without the detector  {spread}   ({verdict} the target of {TARGET_MS} ms)")
    print(f"    of that, CPU                     {Spread.of(cpu[1:])}")
    for threads in (1, 2):
        times = detection_times(CenterFace(threads=threads), images[:10])
        print(f"centerface, {threads} thread(s), 1280 px      {Spread.of(times)}")


def detection_times(detector: CenterFace, images: list[Image]) -> list[float]:
    """Milliseconds per picture, after a first one that warms the network up."""
    detector.detect(images[0])
    return [milliseconds(partial(detector.detect, image)) for image in images]


def measure_accuracy(folder: Path) -> None:
    """Print the error of counts, at the default threshold and around it."""
    with (folder / "truth.csv").open(encoding="utf-8") as file:
        truth = [(row["file"], int(row["heads"])) for row in csv.DictReader(file)]
    detector = CenterFace(threads=2)
    scores: list[list[float]] = []
    for name, _ in truth:
        picture = cv2.imread(str(folder / name))
        if picture is None:
            raise SystemExit(f"{folder / name} is not a picture")
        scores.append([detection.score for detection in detector.detect(np.asarray(picture, np.uint8))])
    for threshold in sorted({0.175, 0.2, THRESHOLD, 0.25, 0.275, 0.3}):
        counts = [sum(score >= threshold for score in each) for each in scores]
        errors = [count - heads for count, (_, heads) in zip(counts, truth, strict=True)]
        intervals = [before_acceptance(count) for count in counts]
        held = sum(one.low <= heads <= one.high for one, (_, heads) in zip(intervals, truth, strict=True))
        mae, bias = statistics.mean(map(abs, errors)), statistics.mean(errors)
        mark = " ← default" if threshold == THRESHOLD else ""
        held_of = f"interval holds {held} of {len(truth)}"
        print(f"{threshold:5.3f}  MAE {mae:4.1f}  bias {bias:+4.1f}  {held_of}  {counts}{mark}")
    print(f"truth {[heads for _, heads in truth]}")


def main() -> None:
    parser = argparse.ArgumentParser(description="What one sample costs, or how accurate it is.")
    parser.add_argument("--pictures", type=Path, help="folder with truth.csv and pictures")
    pictures: Path | None = parser.parse_args().pictures
    if pictures is not None:
        measure_accuracy(pictures)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure_times(Path(folder))


if __name__ == "__main__":
    main()
