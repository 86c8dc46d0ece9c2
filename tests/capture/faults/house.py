"""A house full of cameras that misbehave, all recorded at once by real camera threads, and what came of each."""

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

Act = Callable[[Faults], object]


@dataclass(frozen=True)
class Misbehaving:
    """A camera: what it shows, what is wrong from the start, and what goes wrong when (seconds after all record)."""

    clip: str = "plain"
    audio: AudioKind | None = None
    at_first: Act | None = None
    acts: tuple[tuple[float, Act], ...] = ()


@dataclass(frozen=True)
class Seen:
    """What the supervisor saw of a stream from a moment on."""

    at_us: int
    state: CaptureState
    cause: str | None


@dataclass(frozen=True)
class Gap:
    """The space between two runs: why the first one ended, how long it is."""

    reason: str | None
    seconds: float


@dataclass
class Story:
    """What came of one camera."""

    archive: Archive
    sent: list[Sent]
    acted_us: list[int]
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
        """What lies between the runs."""
        pairs = zip(self.runs, self.runs[1:], strict=False)
        return [Gap(one[-1].ends_run, (other[0].wall_start_us - one[-1].wall_end_us) / 1e6) for one, other in pairs]

    @property
    def back_after_s(self) -> float:
        """Seconds from the last thing that was done to the camera until a run began after it."""
        begun = [run[0].wall_start_us for run in self.runs if run[0].wall_start_us > self.acted_us[-1]]
        assert begun, "it is not back"
        return (begun[0] - self.acted_us[-1]) / 1e6

    @property
    def said(self) -> str:
        """The story in one line, for the table in docs/design/capture.md."""
        gaps = ", ".join(f"{gap.reason} {gap.seconds:.1f} s" for gap in self.gaps)
        back = [run[0] for run in self.runs if 0 < self.acted_us[-1] < run[0].wall_start_us]
        after = f"{self.back_after_s:.1f} s" if back else "-"
        states = " → ".join(f"{state} {cause or ''}".strip() for state, cause in self.states)
        return f"runs {len(self.runs)}; gaps [{gaps}]; back after {after}; dropped {self.dropped}; {states}"

    @property
    def states(self) -> list[tuple[CaptureState, str | None]]:
        """The states that the supervisor saw, each once in a row."""
        return [(seen.state, seen.cause) for seen in self.seen]

    def pictures(self, run: int = 0) -> list[tuple[int, float]]:
        """(frame number, seconds since the run's start) of a run's pictures, in the order of showing."""
        return timed_strips(whole_run(self.archive, self.runs[run]))

    def frames(self, run: int = 0) -> list[int]:
        """The numbers of a run's pictures."""
        return [frame for frame, _ in self.pictures(run)]

    @property
    def seconds(self) -> float:
        """How much is recorded."""
        return sum(each.duration_us for record in self.records for each in record.fragments) / 1e6

    @property
    def dropped(self) -> int:
        """Pictures that came and could not be placed."""
        return sum(record.dropped for record in self.records)


@dataclass(frozen=True)
class Stage:
    """The clips by name, and what else a camera's acts need."""

    clips: Mapping[str, Clip]
    viewers: list[InputContainer] = field(default_factory=list)


Cast = Callable[[Stage], Mapping[str, Misbehaving]]


def stage(folder: Path) -> Stage:
    """Encode all clips."""
    for name, kind in clips.KINDS.items():
        clips.write(folder / f"{name}.mp4", kind)
    return Stage({name: read_clip(folder / f"{name}.mp4") for name in clips.KINDS})


class House:
    """Plays a cast of cameras to the end."""

    def __init__(self, folder: Path, cast: Mapping[str, Misbehaving]) -> None:
        self._folder, self._cast = folder, cast
        self._acted_us: dict[str, list[int]] = {name: [0] for name in cast}
        self._seen: dict[str, list[Seen]] = {name: [] for name in cast}
        self._over = threading.Event()

    def play(self, stage: Stage) -> dict[str, Story]:
        """Record everybody at once; returns what came of each."""
        recording = sharing(self._folder, LENGTHS, TIMEOUT_S)
        mounts = tuple(
            Mount(name, self._folder / f"{each.clip}.mp4", audio=each.audio) for name, each in self._cast.items()
        )
        log = self._folder / "sent.jsonl"
        config = SimConfig(mounts, user=USER, password=PASSWORD, order="straight", log=log, report_every_s=0.5)
        with CameraSim(config) as sim, ExitStack() as ending:
            threads = self._threads(sim, recording)
            for name, each in self._cast.items():
                if each.at_first is not None:
                    each.at_first(sim.faults(name))
            stage.viewers.extend(ending.enter_context(self._viewer(sim, name)) for name in ("crowded", "crowded"))
            watching = threading.Thread(target=self._watch, args=(threads,), daemon=True)
            for thread in (*threads.values(), watching):
                thread.start()
            _await(threads, ("recording", "refused"))
            self._act(sim)
            _await(threads, ("recording",))
            time.sleep(AFTER_S)
            healths = {name: thread.health for name, thread in threads.items()}
            for thread in threads.values():
                thread.stop()
            for thread in threads.values():
                thread.join(20)
            self._over.set()
            watching.join()
        return self._stories(recording, log, healths)

    def _viewer(self, sim: CameraSim, name: str) -> InputContainer:
        return av.open(Address("127.0.0.1", sim.port, f"/{name}", USER, PASSWORD).url(), options=TCP, timeout=(5, 5))

    def _threads(self, sim: CameraSim, recording: LiveRecording) -> dict[str, CameraThread]:
        threads = {}
        for number, name in enumerate(self._cast):
            wanted = Wanted(str(UUID(int=number)), "main", "127.0.0.1", sim.port, f"/{name}", USER, "", 1, 2**60)
            threads[name] = CameraThread(wanted, wanted.address(PASSWORD), recording, Random(number))
        return threads

    def _act(self, sim: CameraSim) -> None:
        began = time.monotonic()
        acts = [(at, name, act) for name, each in self._cast.items() for at, act in each.acts]
        for at, name, act in sorted(acts, key=lambda each: each[0]):
            time.sleep(max(0.0, began + at - time.monotonic()))
            self._acted_us[name].append(time.time_ns() // 1000)
            act(sim.faults(name))

    def _watch(self, threads: Mapping[str, CameraThread]) -> None:
        while not self._over.wait(0.05):
            for name, thread in threads.items():
                now, so_far = thread.health, self._seen[name]
                if not so_far or (so_far[-1].state, so_far[-1].cause) != (now.state, now.cause):
                    so_far.append(Seen(time.time_ns() // 1000, now.state, now.cause))

    def _stories(self, recording: LiveRecording, log: Path, healths: Mapping[str, StreamHealth]) -> dict[str, Story]:
        stories = {
            name: Story(
                recording.archive, sent_frames(log, name), self._acted_us[name], healths[name], seen=self._seen[name]
            )
            for name in self._cast
        }
        names = list(self._cast)
        for record in sorted(recording.spool.pending(), key=lambda each: each.wall_start_us):
            stories[names[UUID(record.identity.camera_id).int]].records.append(record)
        return stories


def _await(threads: Mapping[str, CameraThread], states: tuple[CaptureState, ...]) -> None:
    """Wait until each thread has come to one of these states."""
    for name, thread in threads.items():
        wait_until(partial(_is_in, thread, states), f"{name} is {' or '.join(states)}")


def _is_in(thread: CameraThread, states: tuple[CaptureState, ...]) -> bool:
    return thread.health.state in states
