"""Audio of a camera: kept where it is wanted, in step with the pictures, and never a reason to lose one."""

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
class Heard:
    """What was recorded of one path: where, its archive, the records in order, the last health's word on audio."""

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


def listening(sim: CameraSim, data: Path, path: str, g711: G711 | None) -> CameraThread:
    thread = camera_thread(sim, sharing(data), path=f"/{path}")
    thread.wanted = replace(thread.wanted, audio=g711 is not None, g711=g711 or "transcode")
    thread.start()
    return thread


def two_in(spool: Spool) -> bool:
    return len(list(spool.pending())) >= 2


def ended(thread: CameraThread, data: Path) -> Heard:
    audio = thread.health.audio
    thread.stop()
    thread.join(20)
    recording = sharing(data)
    return Heard(data, recording.archive, list(recording.spool.pending()), audio)


@pytest.fixture(scope="module")
def house(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Heard]]:
    """All kinds of microphones, recorded at once for some seconds."""
    data = tmp_path_factory.mktemp("house")
    mounts = [Mount(f"hall/{kind}", clips / "hall-main.mp4", audio=kind) for kind in KINDS]
    mounts += [Mount(f"hall/{name}", clips / "hall-main.mp4", audio="pcma") for name in ("dropped", "unwanted", "mute")]
    wishes: dict[str, G711 | None] = {"dropped": "drop", "unwanted": None}
    with CameraSim(SimConfig(tuple(mounts), log=data / "sent.jsonl", report_every_s=0.5)) as sim:
        sim.faults("hall/mute").mute = True
        names = [*KINDS, "dropped", "unwanted", "mute"]
        threads = {name: listening(sim, data / name, f"hall/{name}", wishes.get(name, "transcode")) for name in names}
        for name in names:
            spool = sharing(data / name).spool
            wait_until(partial(two_in, spool), f"{name} is recorded")
        yield {name: ended(thread, data / name) for name, thread in threads.items()}


def beeps(heard: Heard, run: list[SegmentRecord]) -> list[float]:
    """At which fraction of a second, by the pictures' evidence time, beeps begin in a run."""
    first = run[0].fragments[0]
    return beeps_in(whole_run(heard.archive, run), first.wall_us / 1e6 - first.media_time / run[0].timescale)


def beeps_in(data: bytes, zero_s: float) -> list[float]:
    """The same in an MP4 whose time begins at `zero_s`."""
    found: list[float] = []
    quiet_since: float | None = None
    with av.open(io.BytesIO(data), "r", format="mp4") as container:
        for frame in container.decode(audio=0):
            assert frame.time is not None
            samples, step = np.abs(frame.to_ndarray()[0]), frame.sample_rate // 100
            for index in range(0, len(samples), step):
                at = zero_s + frame.time + index / frame.sample_rate
                if samples[index : index + step].max() > LOUD:
                    if quiet_since is not None and at - quiet_since > 0.3:
                        found.append(at % 1)
                    quiet_since = None
                elif quiet_since is None:
                    quiet_since = at
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_audio_is_kept_in_step_with_the_pictures(house: dict[str, Heard], kind: str) -> None:
    heard = house[kind]
    assert heard.audio == "recorded"
    run = heard.runs[0]
    assert all(has_audio(heard.init(record)) for record in run)
    found = beeps(heard, run)
    assert found, "no beep is in the recording"
    # A beep begins at each whole second of the camera, which is this machine's.
    for fraction in found:
        assert min(fraction, 1 - fraction) < 0.15, found


@pytest.mark.parametrize("name", [*KINDS, "mute", "dropped", "unwanted"])
def test_no_picture_is_lost_for_the_sake_of_audio(house: dict[str, Heard], name: str) -> None:
    heard = house[name]
    frames = [frame for run in heard.runs for frame in strips(whole_run(heard.archive, run))]
    log = heard.data.parent / "sent.jsonl"
    position(sent_frames(log, f"hall/{name}"), frames)


def test_nothing_is_heard_in_a_room_whose_audio_is_not_wanted(house: dict[str, Heard]) -> None:
    heard = house["unwanted"]
    assert heard.audio is None
    for record in heard.records:
        assert not has_audio(heard.init(record))
        assert b"mp4a" not in heard.archive.read(record.key, 0, record.size)


def test_g711_is_left_out_where_the_setting_says_so(house: dict[str, Heard]) -> None:
    heard = house["dropped"]
    assert heard.audio == "dropped_g711"
    assert not any(has_audio(heard.init(record)) for record in heard.records)


def test_audio_that_was_announced_and_never_comes_delays_no_picture(house: dict[str, Heard]) -> None:
    heard = house["mute"]
    assert heard.audio == "none_yet"
    assert len(heard.runs) == 1
    assert not any(has_audio(heard.init(record)) for record in heard.records)


def test_a_recording_with_audio_gives_the_same_pictures_without_it(house: dict[str, Heard]) -> None:
    heard = house["pcma"]
    run = heard.runs[0]
    head = video_only(heard.init(run[0]))
    assert not has_audio(head)
    parts = [
        without_audio(heard.archive.read(record.key, fragment.offset, fragment.size))
        for record in run
        for fragment in record.fragments
    ]
    assert all(part.count(b"moof") == 1 for part in parts)
    silent = head + b"".join(parts)
    with av.open(io.BytesIO(silent), "r", format="mp4") as container:
        assert not container.streams.audio
    assert strips(silent) == strips(whole_run(heard.archive, run))


def test_audio_that_falls_silent_ends_the_run_at_a_keyframe_and_the_next_one_goes_on_without_a_break(
    clips: Path, tmp_path: Path
) -> None:
    mount = Mount("hall/main", clips / "hall-main.mp4", audio="pcmu")
    with CameraSim(SimConfig((mount,), log=tmp_path / "sent.jsonl", report_every_s=0.5)) as sim:
        thread = listening(sim, tmp_path, "hall/main", "transcode")
        wait_until(lambda: thread.health.audio == "recorded", "audio is recorded")
        time.sleep(1)
        sim.faults("hall/main").mute = True
        archive = sharing(tmp_path).archive

        def goes_on_without() -> bool:
            tail = archive.tail(CAMERA, "main")
            return tail is not None and bool(tail.fragments) and not has_audio(tail.head.init)

        wait_until(goes_on_without, "a run without audio")
        time.sleep(1)
        heard = ended(thread, tmp_path)
    assert heard.audio == "none_yet"
    first, second = heard.runs
    assert first[-1].ends_run == "audio_changed" and second[-1].ends_run == "stopped"
    assert abs(second[0].wall_start_us - first[-1].wall_end_us) < 60_000
    frames = [frame for run in (first, second) for frame in strips(whole_run(heard.archive, run))]
    position(sent_frames(tmp_path / "sent.jsonl"), frames)


def test_an_export_has_sound_and_pictures_in_step(house: dict[str, Heard], tmp_path: Path) -> None:
    heard = house["aac"]
    run = heard.runs[0]
    fragments = [(record, fragment) for record in run for fragment in record.fragments]
    stretch = ExportedRun(
        run_id="r",
        origin="live",
        simulated=True,
        init=heard.init(run[0]),
        start_us=fragments[0][1].wall_us,
        end_us=fragments[-1][1].wall_end_us,
        chunks=(heard.archive.read(record.key, part.offset, part.size) for record, part in fragments),
    )
    export_mp4([stretch], Label("Front", CAMERA, "main", "somebody", "now"), tmp_path / "out.mp4")
    exported = (tmp_path / "out.mp4").read_bytes()
    assert strips(exported) == strips(whole_run(heard.archive, run))
    found = beeps_in(exported, stretch.start_us / 1e6)
    assert found and all(min(fraction, 1 - fraction) < 0.15 for fraction in found), found


def test_a_live_viewer_is_sent_pictures_alone(house: dict[str, Heard]) -> None:
    heard = house["pcma"]
    record = heard.runs[0][0]
    feed = Feed(heard.archive, CAMERA, "main")
    inbox = feed.join()
    start = record.fragments[0].offset
    data = heard.archive.read(record.key, start, record.fragments[-1].end - start)
    feed.take(RunBegan(record.identity, heard.init(record), record.codec, record.width, record.height))
    feed.take(Written(record.fragments, data))
    sent = asyncio.run(inbox.take())
    (run,) = [item for item in sent if isinstance(item, RunBegan)]
    assert not has_audio(run.init)
    pictures = [item.data for item in sent if isinstance(item, FeedFragment)]
    assert pictures and all(data.count(b"moof") == 1 for data in pictures)
