"""Audio of a camera: recorded where it is wanted, in step with the pictures, and without losing a picture."""

import asyncio
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest

from shike.api.live.feeds import Feed, FeedFragment
from shike.camera_sim import CameraSim, Mount, SimConfig
from shike.camera_sim.media.audio import KINDS
from shike.capture.archive.export import ExportedRun, Label, export_mp4
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import SegmentRecord
from shike.capture.archive.spool import Spool
from shike.capture.archive.tail import RunBegan, Written
from shike.capture.mp4.audio import has_audio, video_only, without_audio
from shike.capture.recorder.camera import CameraThread
from shike.capture.schedule import G711
from tests.recorded import CAMERA, position, sent_frames, strips, wait_until, whole_run
from tests.recording import camera_thread, sharing

LOUD = 0.05


@dataclass
class Recorded:
    """The recording of one path. `records` in order; `audio`: the state of the audio at the end."""

    data: Path
    archive: Archive
    records: list[SegmentRecord]
    audio: str | None

    @property
    def runs(self) -> list[list[SegmentRecord]]:
        ids = dict.fromkeys(record.identity.run_id for record in self.records)
        return [[record for record in self.records if record.identity.run_id == run_id] for run_id in ids]

    def init(self, record: SegmentRecord) -> bytes:
        return self.archive.read(record.key, 0, record.init_size)


def start_recording(sim: CameraSim, data: Path, path: str, g711: G711 | None) -> CameraThread:
    thread = camera_thread(sim, sharing(data), path=f"/{path}")
    thread.wanted = replace(thread.wanted, audio=g711 is not None, g711=g711 or "transcode")
    thread.start()
    return thread


def has_two_records(spool: Spool) -> bool:
    return len(list(spool.pending())) >= 2


def stop_recording(thread: CameraThread, data: Path) -> Recorded:
    audio = thread.health.audio
    thread.stop()
    thread.join(20)
    recording = sharing(data)
    return Recorded(data, recording.archive, list(recording.spool.pending()), audio)


@pytest.fixture(scope="module")
def recordings(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Recorded]]:
    """A path for each kind of microphone, all recorded at once for some seconds."""
    data = tmp_path_factory.mktemp("recordings")
    mounts = [Mount(f"hall/{kind}", clips / "hall-main.mp4", audio=kind) for kind in KINDS]
    mounts += [Mount(f"hall/{name}", clips / "hall-main.mp4", audio="pcma") for name in ("dropped", "unwanted", "mute")]
    policies: dict[str, G711 | None] = {"dropped": "drop", "unwanted": None}
    with CameraSim(SimConfig(tuple(mounts), log=data / "sent.jsonl", report_every_s=0.5)) as sim:
        sim.faults("hall/mute").mute = True
        names = [*KINDS, "dropped", "unwanted", "mute"]
        threads = {
            name: start_recording(sim, data / name, f"hall/{name}", policies.get(name, "transcode")) for name in names
        }
        for name in names:
            spool = sharing(data / name).spool
            wait_until(partial(has_two_records, spool), f"{name} is recorded")
        yield {name: stop_recording(thread, data / name) for name, thread in threads.items()}


def beeps(recorded: Recorded, run: list[SegmentRecord]) -> list[float]:
    """The fractions of a second, in the pictures' evidence time, at which beeps begin in a run."""
    first = run[0].fragments[0]
    return beeps_in(whole_run(recorded.archive, run), first.wall_us / 1e6 - first.media_time / run[0].timescale)


def beeps_in(data: bytes, zero_s: float) -> list[float]:
    """The same in an MP4 whose time begins at `zero_s`."""
    beginnings: list[float] = []
    quiet_since: float | None = None
    with av.open(io.BytesIO(data), "r", format="mp4") as container:
        for frame in container.decode(audio=0):
            assert frame.time is not None
            samples, step = np.abs(frame.to_ndarray()[0]), frame.sample_rate // 100
            for index in range(0, len(samples), step):
                at = zero_s + frame.time + index / frame.sample_rate
                if samples[index : index + step].max() > LOUD:
                    if quiet_since is not None and at - quiet_since > 0.3:
                        beginnings.append(at % 1)
                    quiet_since = None
                elif quiet_since is None:
                    quiet_since = at
    return beginnings


@pytest.mark.parametrize("kind", KINDS)
def test_audio_is_kept_in_step_with_the_pictures(recordings: dict[str, Recorded], kind: str) -> None:
    recorded = recordings[kind]
    assert recorded.audio == "recorded"
    run = recorded.runs[0]
    assert all(has_audio(recorded.init(record)) for record in run)
    fractions = beeps(recorded, run)
    assert fractions, "no beep is in the recording"
    # A beep begins at each whole second of the camera's clock, which is this machine's.
    for fraction in fractions:
        assert min(fraction, 1 - fraction) < 0.15, fractions


@pytest.mark.parametrize("name", [*KINDS, "mute", "dropped", "unwanted"])
def test_recording_audio_loses_no_picture(recordings: dict[str, Recorded], name: str) -> None:
    recorded = recordings[name]
    frames = [frame for run in recorded.runs for frame in strips(whole_run(recorded.archive, run))]
    log = recorded.data.parent / "sent.jsonl"
    position(sent_frames(log, f"hall/{name}"), frames)


def test_no_audio_is_recorded_where_it_is_not_wanted(recordings: dict[str, Recorded]) -> None:
    recorded = recordings["unwanted"]
    assert recorded.audio is None
    for record in recorded.records:
        assert not has_audio(recorded.init(record))
        assert b"mp4a" not in recorded.archive.read(record.key, 0, record.size)


def test_g711_is_dropped_where_the_policy_says_so(recordings: dict[str, Recorded]) -> None:
    recorded = recordings["dropped"]
    assert recorded.audio == "dropped_g711"
    assert not any(has_audio(recorded.init(record)) for record in recorded.records)


def test_audio_that_was_announced_but_never_comes_delays_no_picture(recordings: dict[str, Recorded]) -> None:
    recorded = recordings["mute"]
    assert recorded.audio == "none_yet"
    assert len(recorded.runs) == 1
    assert not any(has_audio(recorded.init(record)) for record in recorded.records)


def test_removing_the_audio_from_a_recording_leaves_the_same_pictures(recordings: dict[str, Recorded]) -> None:
    recorded = recordings["pcma"]
    run = recorded.runs[0]
    head = video_only(recorded.init(run[0]))
    assert not has_audio(head)
    parts = [
        without_audio(recorded.archive.read(record.key, fragment.offset, fragment.size))
        for record in run
        for fragment in record.fragments
    ]
    assert all(part.count(b"moof") == 1 for part in parts)
    silent = head + b"".join(parts)
    with av.open(io.BytesIO(silent), "r", format="mp4") as container:
        assert not container.streams.audio
    assert strips(silent) == strips(whole_run(recorded.archive, run))


def test_audio_that_stops_ends_the_run_at_a_keyframe_and_the_next_run_follows_without_a_gap(
    clips: Path, tmp_path: Path
) -> None:
    mount = Mount("hall/main", clips / "hall-main.mp4", audio="pcmu")
    with CameraSim(SimConfig((mount,), log=tmp_path / "sent.jsonl", report_every_s=0.5)) as sim:
        thread = start_recording(sim, tmp_path, "hall/main", "transcode")
        wait_until(lambda: thread.health.audio == "recorded", "audio is recorded")
        time.sleep(1)
        sim.faults("hall/main").mute = True
        archive = sharing(tmp_path).archive

        def goes_on_without() -> bool:
            tail = archive.tail(CAMERA, "main")
            return tail is not None and bool(tail.fragments) and not has_audio(tail.head.init)

        wait_until(goes_on_without, "a run without audio")
        time.sleep(1)
        recorded = stop_recording(thread, tmp_path)
    assert recorded.audio == "none_yet"
    first, second = recorded.runs
    assert first[-1].ends_run == "audio_changed" and second[-1].ends_run == "stopped"
    assert abs(second[0].wall_start_us - first[-1].wall_end_us) < 60_000
    frames = [frame for run in (first, second) for frame in strips(whole_run(recorded.archive, run))]
    position(sent_frames(tmp_path / "sent.jsonl"), frames)


def test_an_export_has_audio_and_pictures_in_step(recordings: dict[str, Recorded], tmp_path: Path) -> None:
    recorded = recordings["aac"]
    run = recorded.runs[0]
    fragments = [(record, fragment) for record in run for fragment in record.fragments]
    stretch = ExportedRun(
        run_id="r",
        origin="live",
        simulated=True,
        init=recorded.init(run[0]),
        start_us=fragments[0][1].wall_us,
        end_us=fragments[-1][1].wall_end_us,
        chunks=(recorded.archive.read(record.key, part.offset, part.size) for record, part in fragments),
    )
    export_mp4([stretch], Label("Front", CAMERA, "main", "somebody", "now"), tmp_path / "out.mp4")
    exported = (tmp_path / "out.mp4").read_bytes()
    assert strips(exported) == strips(whole_run(recorded.archive, run))
    fractions = beeps_in(exported, stretch.start_us / 1e6)
    assert fractions and all(min(fraction, 1 - fraction) < 0.15 for fraction in fractions), fractions


def test_a_live_viewer_gets_pictures_only(recordings: dict[str, Recorded]) -> None:
    recorded = recordings["pcma"]
    record = recorded.runs[0][0]
    feed = Feed(recorded.archive, CAMERA, "main")
    inbox = feed.join()
    start = record.fragments[0].offset
    data = recorded.archive.read(record.key, start, record.fragments[-1].end - start)
    feed.take(RunBegan(record.identity, recorded.init(record), record.codec, record.width, record.height))
    feed.take(Written(record.fragments, data))
    sent = asyncio.run(inbox.take())
    (run,) = [item for item in sent if isinstance(item, RunBegan)]
    assert not has_audio(run.init)
    pictures = [item.data for item in sent if isinstance(item, FeedFragment)]
    assert pictures and all(data.count(b"moof") == 1 for data in pictures)
