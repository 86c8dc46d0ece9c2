"""Error of wall times over a day: a camera with a drifting clock and jitter, with a simulated clock.

    python -m bench.drift [--hours 24] [--ppm 200]

Timeline, mux, segment files and their records are real; the camera and the clock are simulated, so that a day takes
about a minute. The error is the difference between a fragment's recorded time and the moment at which the camera made
its first picture.
"""

import argparse
import io
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.packet import Packet
from av.video.stream import VideoStream

from shike.capture.archive.files import Archive
from shike.capture.archive.spool import Spool
from shike.capture.recorder.config import Lengths
from shike.capture.recorder.recording import Recording
from shike.capture.recorder.run import RunRecorder, RunStart
from shike.capture.source.open_stream import TimedPacket
from shike.capture.source.timeline import Arrival

FRAME_US = 40_000
START_US = 1_790_000_000_000_000
TARGET_MS = 100
_TICKS = Fraction(1, 90_000)


@dataclass
class MovedClock:
    """A clock that stands still until the benchmark sets it."""

    us: int = START_US

    def now(self) -> int:
        return self.us

    def monotonic(self) -> float:
        return self.us / 1_000_000


def template() -> tuple[VideoStream, bytes]:
    """An encoded stream as template for the mux, and one picture of it."""
    made = io.BytesIO()
    with av.open(made, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode())
    made.seek(0)
    readable = av.open(made, "r")
    packet = next(packet for packet in readable.demux(video=0) if packet.size)
    return readable.streams.video[0], bytes(packet)


def arrivals(pictures: int, chance: random.Random) -> Iterator[tuple[int, int]]:
    """(made, arrived) of each picture in µs: 2 ms delay, 0–30 ms jitter, sometimes half a second."""
    came_us = held_us = 0
    for number in range(pictures):
        made_us = number * FRAME_US
        if chance.random() < 0.0005:
            held_us = made_us + 500_000
        came_us = max(came_us + 100, made_us + 2_000 + int(30_000 * chance.random() ** 2), held_us)
        yield made_us, came_us


def worst_error_us(folder: Path, hours: float, ppm: int, seed: int = 1, frame_step: int = 1) -> tuple[int, int, int]:
    """(largest error in µs, fragments, runs) of a recording of every `frame_step`-th picture, to be quick."""
    stream, picture = template()
    clock, chance, spool = MovedClock(), random.Random(seed), Spool(folder / "spool")
    lengths = Lengths(segment_s=600.0)
    start = RunStart("drifting", "main", 1, "live", simulated=True)
    run = RunRecorder(Recording(Archive(folder / "footage"), spool, clock, lengths, "bench"), stream, start)
    base_ticks = None
    for number, (made_us, came_us) in enumerate(arrivals(int(hours * 3_600_000_000 / FRAME_US), chance)):
        if number % frame_step:
            continue
        clock.us = START_US + came_us
        media_us = made_us * (1_000_000 + ppm) // 1_000_000
        packet: Packet[VideoStream] = cast("Packet[VideoStream]", Packet(picture))
        packet.stream, packet.time_base = stream, _TICKS
        packet.dts = packet.pts = media_us * 90_000 // 1_000_000
        packet.is_keyframe = number % 50 == 0
        base_ticks = packet.dts if base_ticks is None else base_ticks
        ended = run.take(TimedPacket(packet, Arrival(clock.us, clock.us - START_US, media_us), None))
        if ended is not None:
            raise AssertionError(f"the run ended as {ended} after {made_us / 3.6e9:.2f} h")
    run.finish("stopped")
    worst = fragments = 0
    runs = set()
    for record in spool.pending():
        runs.add(record.identity.run_id)
        for fragment in record.fragments:
            media_us = fragment.media_time * 1_000_000 // record.timescale
            made_us = media_us * 1_000_000 // (1_000_000 + ppm)
            worst, fragments = max(worst, abs(fragment.wall_us - START_US - made_us)), fragments + 1
    return worst, fragments, len(runs)


def main() -> None:
    parser = argparse.ArgumentParser(description="Error of wall times over a day of a drifting camera.")
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--ppm", type=int, default=200)
    options = parser.parse_args()
    for ppm in (options.ppm, -options.ppm):
        with tempfile.TemporaryDirectory(prefix="shike-drift-") as folder:
            worst, fragments, runs = worst_error_us(Path(folder), options.hours, ppm)
        drift_s = options.hours * 3600 * ppm / 1_000_000
        verdict = "within" if worst <= TARGET_MS * 1000 else "MISSES"
        print(f"{options.hours:g} h, {ppm:+} ppm ({drift_s:+.1f} s in all): largest error {worst / 1000:.1f} ms in")
        print(f"    {fragments} fragments of {runs} run(s)   ({verdict} the target of {TARGET_MS} ms)")


if __name__ == "__main__":
    main()
