"""Faulty cameras: all are recorded at once by real camera threads; the outcome of each is returned.

Not here: which faults there are (cameras.py), what must come of them (test_cameras.py).
"""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from uuid import UUID

import av
from av.container import InputContainer

from shike.camera_sim import CameraSim, Clip, Faults, Mount, SimConfig, read_clip
from shike.camera_sim.media.audio import AudioKind
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import SegmentRecord
from shike.capture.recorder.camera import CameraThread, LiveRecording
from shike.capture.recorder.config import Lengths
from shike.capture.recorder.desired import Wanted
from shike.capture.recorder.health import CaptureState, StreamHealth
from shike.capture.source.address import Address
from tests.recorded import Sent, sent_frames, timed_strips, wait_until, whole_run
from tests.recording import sharing

from . import clips

USER, PASSWORD = "viewer", "p@ss:w/rd"
LENGTHS = Lengths(segment_s=2.0, sync_beat_s=1.0)
TCP = {"rtsp_transport": "tcp", "allowed_media_types": "video", "analyzeduration": "300000"}
TIMEOUT_S = 3.0
AFTER_S = 2.5

Change = Callable[[Faults], object]


@dataclass(frozen=True)
class FaultyCamera:
    """A camera: its clip, its faults from the start, and changes at a time (seconds after all cameras record)."""

    clip: str = "plain"
    audio: AudioKind | None = None
    at_first: Change | None = None
    changes: tuple[tuple[float, Change], ...] = ()


@dataclass(frozen=True)
class Seen:
    """State of a stream, as a supervisor sees it, from a moment on."""

    at_us: int
    state: CaptureState
    cause: str | None


@dataclass(frozen=True)
class Gap:
    """The gap between two runs: why the first one ended, and its length."""

    reason: str | None
    seconds: float


@dataclass
class Outcome:
    """What was recorded of one camera, and its states."""

    archive: Archive
    sent: list[Sent]
    changed_us: list[int]
    health: StreamHealth
    records: list[SegmentRecord] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    @property
    def runs(self) -> list[list[SegmentRecord]]:
        """The records of each run, in order."""
        ids = dict.fromkeys(record.identity.run_id for record in self.records)
        return [[record for record in self.records if record.identity.run_id == run] for run in ids]

    @property
    def gaps(self) -> list[Gap]:
        """The gaps between the runs."""
        pairs = zip(self.runs, self.runs[1:], strict=False)
        return [Gap(one[-1].ends_run, (other[0].wall_start_us - one[-1].wall_end_us) / 1e6) for one, other in pairs]

    @property
    def back_after_s(self) -> float:
        """Seconds from the last change to the camera until the next run began."""
        begun = [run[0].wall_start_us for run in self.runs if run[0].wall_start_us > self.changed_us[-1]]
        assert begun, "it is not recorded again"
        return (begun[0] - self.changed_us[-1]) / 1e6

    @property
    def summary(self) -> str:
        """One line for the table in docs/design/capture.md."""
        gaps = ", ".join(f"{gap.reason} {gap.seconds:.1f} s" for gap in self.gaps)
        back = [run[0] for run in self.runs if 0 < self.changed_us[-1] < run[0].wall_start_us]
        after = f"{self.back_after_s:.1f} s" if back else "-"
        states = " → ".join(f"{state} {cause or ''}".strip() for state, cause in self.states)
        return f"runs {len(self.runs)}; gaps [{gaps}]; back after {after}; dropped {self.dropped}; {states}"

    @property
    def states(self) -> list[tuple[CaptureState, str | None]]:
        """The states in order, without repetitions."""
        return [(seen.state, seen.cause) for seen in self.seen]

    def pictures(self, run: int = 0) -> list[tuple[int, float]]:
        """(frame number, seconds since the run's start) of a run's pictures, in the order of showing."""
        return timed_strips(whole_run(self.archive, self.runs[run]))

    def frames(self, run: int = 0) -> list[int]:
        """The numbers of a run's pictures."""
        return [frame for frame, _ in self.pictures(run)]

    @property
    def seconds(self) -> float:
        """Seconds of footage."""
        return sum(each.duration_us for record in self.records for each in record.fragments) / 1e6

    @property
    def dropped(self) -> int:
        """Pictures that arrived and were dropped."""
        return sum(record.dropped for record in self.records)


@dataclass(frozen=True)
class Setup:
    """The clips by name, and the other viewers that are connected to a camera."""

    clips: Mapping[str, Clip]
    viewers: list[InputContainer] = field(default_factory=list)


Cameras = Callable[[Setup], Mapping[str, FaultyCamera]]


def setup(folder: Path) -> Setup:
    """Encode all clips."""
    for name, kind in clips.KINDS.items():
        clips.write(folder / f"{name}.mp4", kind)
    return Setup({name: read_clip(folder / f"{name}.mp4") for name in clips.KINDS})


class FaultRecording:
    """Records faulty cameras, with all their changes."""

    def __init__(self, folder: Path, cameras: Mapping[str, FaultyCamera]) -> None:
        self._folder, self._cameras = folder, cameras
        self._changed_us: dict[str, list[int]] = {name: [0] for name in cameras}
        self._seen: dict[str, list[Seen]] = {name: [] for name in cameras}
        self._over = threading.Event()

    def record(self, setup: Setup) -> dict[str, Outcome]:
        """Record all cameras at once; returns the outcome of each."""
        recording = sharing(self._folder, LENGTHS, TIMEOUT_S)
        mounts = tuple(
            Mount(name, self._folder / f"{each.clip}.mp4", audio=each.audio) for name, each in self._cameras.items()
        )
        log = self._folder / "sent.jsonl"
        config = SimConfig(mounts, user=USER, password=PASSWORD, order="straight", log=log, report_every_s=0.5)
        with CameraSim(config) as sim, ExitStack() as ending:
            threads = self._threads(sim, recording)
            for name, each in self._cameras.items():
                if each.at_first is not None:
                    each.at_first(sim.faults(name))
            setup.viewers.extend(ending.enter_context(self._viewer(sim, name)) for name in ("crowded", "crowded"))
            watching = threading.Thread(target=self._watch, args=(threads,), daemon=True)
            for thread in (*threads.values(), watching):
                thread.start()
            _await(threads, ("recording", "refused"))
            self._change(sim)
            _await(threads, ("recording",))
            time.sleep(AFTER_S)
            healths = {name: thread.health for name, thread in threads.items()}
            for thread in threads.values():
                thread.stop()
            for thread in threads.values():
                thread.join(20)
            self._over.set()
            watching.join()
        return self._outcomes(recording, log, healths)

    def _viewer(self, sim: CameraSim, name: str) -> InputContainer:
        return av.open(Address("127.0.0.1", sim.port, f"/{name}", USER, PASSWORD).url(), options=TCP, timeout=(5, 5))

    def _threads(self, sim: CameraSim, recording: LiveRecording) -> dict[str, CameraThread]:
        threads = {}
        for number, name in enumerate(self._cameras):
            wanted = Wanted(str(UUID(int=number)), "main", "127.0.0.1", sim.port, f"/{name}", USER, "", 1, 2**60)
            threads[name] = CameraThread(wanted, wanted.address(PASSWORD), recording, Random(number))
        return threads

    def _change(self, sim: CameraSim) -> None:
        began = time.monotonic()
        changes = [(at, name, change) for name, each in self._cameras.items() for at, change in each.changes]
        for at, name, change in sorted(changes, key=lambda each: each[0]):
            time.sleep(max(0.0, began + at - time.monotonic()))
            self._changed_us[name].append(time.time_ns() // 1000)
            change(sim.faults(name))

    def _watch(self, threads: Mapping[str, CameraThread]) -> None:
        while not self._over.wait(0.05):
            for name, thread in threads.items():
                now, so_far = thread.health, self._seen[name]
                if not so_far or (so_far[-1].state, so_far[-1].cause) != (now.state, now.cause):
                    so_far.append(Seen(time.time_ns() // 1000, now.state, now.cause))

    def _outcomes(self, recording: LiveRecording, log: Path, healths: Mapping[str, StreamHealth]) -> dict[str, Outcome]:
        outcomes = {
            name: Outcome(
                recording.archive, sent_frames(log, name), self._changed_us[name], healths[name], seen=self._seen[name]
            )
            for name in self._cameras
        }
        names = list(self._cameras)
        for record in sorted(recording.spool.pending(), key=lambda each: each.wall_start_us):
            outcomes[names[UUID(record.identity.camera_id).int]].records.append(record)
        return outcomes


def _await(threads: Mapping[str, CameraThread], states: tuple[CaptureState, ...]) -> None:
    """Wait until each thread is in one of these states."""
    for name, thread in threads.items():
        wait_until(partial(_is_in, thread, states), f"{name} is {' or '.join(states)}")


def _is_in(thread: CameraThread, states: tuple[CaptureState, ...]) -> bool:
    return thread.health.state in states
