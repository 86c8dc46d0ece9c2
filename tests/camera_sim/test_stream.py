"""What a client receives from a simulated camera."""

import itertools
import json
from pathlib import Path
from threading import Thread

import av
import pytest

from shike.camera_sim import CameraSim, SimConfig, mounts_in
from shike.camera_sim.media.clip import read_clip
from shike.camera_sim.media.order import GopOrder

from .conftest import GOP_FRAMES, GOPS
from .watching import Seen, watch


def _groups(seen: list[Seen]) -> list[list[int]]:
    frames = [one.frame for one in seen]
    return [frames[start : start + GOP_FRAMES] for start in range(0, len(frames), GOP_FRAMES)]


def test_every_frame_of_every_group_arrives_complete_and_in_order(sim: CameraSim) -> None:
    seen = watch(sim.url("hall/main"), 6 * GOP_FRAMES)
    assert seen[0].is_key
    for group in _groups(seen):
        assert group[0] % GOP_FRAMES == 0
        assert group == list(range(group[0], group[0] + len(group)))


def test_timestamps_rise_at_the_frame_rate_across_groups(sim: CameraSim) -> None:
    seen = watch(sim.url("hall/sub"), 4 * GOP_FRAMES)
    times = [one.pts for one in seen[1:] if one.pts is not None]
    assert len(times) == len(seen) - 1
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {3600}


def test_packets_after_a_sender_report_carry_the_cameras_wall_time(sim: CameraSim) -> None:
    seen = watch(sim.url("hall/sub"), 5)
    kinds = set().union(*(one.side_data for one in seen))
    assert {"rtcp_sr", "prft"} <= {kind.lower() for kind in kinds}


def test_the_session_title_marks_the_camera_as_simulated(sim: CameraSim) -> None:
    with av.open(sim.url("hall/main"), options={"rtsp_transport": "tcp"}, timeout=(5, 5)) as container:
        assert container.metadata["title"] == "shike-camera-sim"


def test_main_and_sub_stream_show_the_same_moment(sim: CameraSim) -> None:
    seen: dict[str, list[Seen]] = {}
    threads = [
        Thread(target=lambda path=path: seen.update({path: watch(sim.url(path), 3 * GOP_FRAMES)}))
        for path in ("hall/main", "hall/sub", "yard/main")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shared = {tuple(group) for group in _groups(seen["hall/main"])} & {tuple(g) for g in _groups(seen["hall/sub"])}
    assert len(shared) >= 2


def test_the_log_names_every_frame_that_was_sent(sim: CameraSim, tmp_path: Path) -> None:
    seen = watch(sim.url("yard/main"), 3 * GOP_FRAMES)
    sim.stop()
    lines = [json.loads(line) for line in (tmp_path / "sent.jsonl").read_text().splitlines()]
    assert [line["frame"] for line in lines][: len(seen)] == [one.frame for one in seen]
    assert lines[0]["path"] == "yard/main"
    assert lines[0]["view"] == 1
    assert [line["key"] for line in lines[:GOP_FRAMES]] == [True] + [False] * (GOP_FRAMES - 1)
    assert (lines[1]["rtp"] - lines[0]["rtp"]) % 2**32 == 3600


def test_a_stopped_camera_comes_back_on_the_same_port(sim: CameraSim) -> None:
    port = sim.port
    sim.stop()
    with pytest.raises(av.FFmpegError):
        watch(sim.url("hall/sub"), 1)
    sim.start()
    assert sim.port == port
    assert watch(sim.url("hall/sub"), 1)[0].is_key


def test_a_silent_camera_keeps_its_connection_and_sends_nothing(sim: CameraSim) -> None:
    sim.silence("hall/sub")
    with pytest.raises(av.FFmpegError):
        watch(sim.url("hall/sub"), 1, read_timeout_s=1)
    assert watch(sim.url("hall/main"), 1)


def test_straight_order_repeats_the_clip(clips: Path) -> None:
    with CameraSim(SimConfig(mounts_in(clips), order="straight")) as sim:
        starts = [group[0] for group in _groups(watch(sim.url("hall/sub"), 3 * GOP_FRAMES))]
    assert all((later - earlier) % (GOPS * GOP_FRAMES) == GOP_FRAMES for earlier, later in itertools.pairwise(starts))


def test_mixed_order_sends_the_whole_clip_in_every_round_and_changes_between_rounds() -> None:
    order = GopOrder(gops=30, seed="a")
    rounds = [[order.gop_at(turn * 30 + place) for place in range(30)] for turn in range(5)]
    assert all(sorted(one) == list(range(30)) for one in rounds)
    assert len({tuple(one) for one in rounds}) == 5
    assert rounds == [[GopOrder(30, "a").gop_at(turn * 30 + place) for place in range(30)] for turn in range(5)]


def test_a_clip_is_read_as_groups_of_one_length(clips: Path) -> None:
    clip = read_clip(clips / "hall-main.mp4")
    assert (len(clip.gops), clip.gop_frames, clip.gop_us, clip.view) == (GOPS, GOP_FRAMES, 400_000, 0)
    assert [frame.index for gop in clip.gops for frame in gop] == list(range(GOPS * GOP_FRAMES))
