"""The sample videos have the properties that the demo, the tests and the measurements rely on."""

import json
from pathlib import Path
from typing import Any

import av
import pytest

from shike.camera_sim import read_clip
from shike.camera_sim.media import strip

CLIPS = Path(__file__).parents[2] / "sample_videos" / "clips"
VIEWS = {"room-a-front": 0, "room-a-rear": 1, "room-b": 2}
SIZES = {"main": (1280, 720), "sub": (640, 360)}
SECONDS, FPS, GOP = 64, 25, 50
NAMES = [f"{view}-{stream}" for view in VIEWS for stream in SIZES]


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((CLIPS / "truth.json").read_text(encoding="utf-8"))
    return content


def test_all_clips_together_are_small() -> None:
    assert {file.stem for file in CLIPS.glob("*.mp4")} == set(NAMES)
    assert sum(file.stat().st_size for file in CLIPS.glob("*.mp4")) < 14_000_000


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_consists_of_closed_groups_of_two_seconds(name: str) -> None:
    clip = read_clip(CLIPS / f"{name}.mp4")
    assert (clip.width, clip.height) == SIZES[name.rsplit("-", 1)[1]]
    assert clip.view == VIEWS[name.rsplit("-", 1)[0]]
    assert (len(clip.gops), clip.gop_frames, clip.gop_us) == (SECONDS * FPS // GOP, GOP, 2_000_000)


@pytest.mark.parametrize("name", NAMES)
def test_the_strip_of_every_frame_holds_view_and_frame(name: str) -> None:
    view = VIEWS[name.rsplit("-", 1)[0]]
    with av.open(str(CLIPS / f"{name}.mp4")) as container:
        container.streams.video[0].thread_type = "AUTO"
        strips = [strip.read(picture.to_ndarray(format="gray")) for picture in container.decode(video=0)]
    assert strips == [strip.Strip(view, frame) for frame in range(SECONDS * FPS)]


def test_truth_covers_every_second_and_everybody_who_is_seen_is_in_the_room(truth: dict[str, Any]) -> None:
    assert [row["second"] for row in truth["truth"]] == list(range(SECONDS))
    assert {name: view["view"] for name, view in truth["views"].items()} == VIEWS
    for row in truth["truth"]:
        for name, seen in row["views"].items():
            assert set(seen) <= set(row["rooms"][truth["views"][name]["room"]])
            assert len(seen) == len(set(seen))


def test_room_b_is_empty_then_full_then_empty_for_whole_groups(truth: dict[str, Any]) -> None:
    present = [len(row["rooms"]["room-b"]) for row in truth["truth"]]
    assert present[:9] == [0] * 9
    assert present[58:] == [0] * 6
    assert set(present[30:42]) == {20}
    seen = [len(row["views"]["room-b"]) for row in truth["truth"]]
    assert min(seen[30:42]) >= 19


def test_the_two_views_of_room_a_overlap_and_neither_sees_everybody_all_the_time(truth: dict[str, Any]) -> None:
    for row in truth["truth"]:
        front, rear = (set(row["views"][name]) for name in ("room-a-front", "room-a-rear"))
        assert 14 <= len(row["rooms"]["room-a"]) <= 22
        assert len(front & rear) >= 10
