"""Each way in which a camera misbehaves: what is recorded, what the gap says, how soon it is back, what is seen.

All cameras are recorded at once, in some twenty seconds; each test looks at one of them.
"""

import itertools
import os
from pathlib import Path

import pytest

from tests.recorded import position

from . import clips
from .cast import DRIFT_PPM, WRAPS_IN_S, cast
from .house import LENGTHS, House, Story, stage

# The pause before the first new try, a slow machine, and a group of pictures.
SOON_S = 5 + clips.GOP_FRAMES / clips.FPS
READ_LIMIT_S = 3.0


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Story]:
    folder = tmp_path_factory.mktemp("house")
    on_stage = stage(folder)
    told = House(folder, cast(on_stage)).play(on_stage)
    if os.environ.get("SHIKE_FAULTS"):
        Path(os.environ["SHIKE_FAULTS"]).write_text("".join(f"{name}: {story.said}\n" for name, story in told.items()))
    return told


def _whole(story: Story, *runs: int) -> list[int]:
    """The frames of these runs; fails unless they are what was sent, one after the other without a hole."""
    frames = list(itertools.chain(*(story.frames(run) for run in runs or (0,))))
    position(story.sent, frames)
    return frames


def _in_step(frames: list[int]) -> bool:
    """Whether each frame is the one after the one before, in a clip that goes round."""
    around = clips.ROUND_S * clips.FPS
    return all((later - earlier) % around == 1 for earlier, later in itertools.pairwise(frames))


def _nothing_lost(story: Story) -> None:
    """One run, from the first picture on, without a hole."""
    assert [run[-1].ends_run for run in story.runs] == ["stopped"]
    assert position(story.sent, _whole(story)) == 0
    assert ("backing_off", "connection_lost") not in story.states


def _one_gap(story: Story, reason: str, cause: str, longest_s: float) -> None:
    """Recorded whole before and after one gap, which says why; the supervisor saw the cause and the recovery."""
    assert [gap.reason for gap in story.gaps] == [reason]
    assert 0 < story.gaps[0].seconds < longest_s
    for run in (0, 1):
        _whole(story, run)
    assert cause in [seen for state, seen in story.states if state == "backing_off"]
    assert story.states[-1][0] in ("recording", "stopped")


@pytest.mark.parametrize(
    "name", ["udp", "wrap", "drift", "hevc", "pcma", "pcmu", "aac", "aac-adts", "aac-latm", "mute"]
)
def test_what_is_unusual_but_right_loses_nothing(stories: dict[str, Story], name: str) -> None:
    _nothing_lost(stories[name])


@pytest.mark.parametrize("name", ["b-frames", "hevc-b-frames"])
def test_pictures_that_are_sent_out_of_order_are_shown_in_order(stories: dict[str, Story], name: str) -> None:
    story = stories[name]
    assert [run[-1].ends_run for run in story.runs] == ["stopped"]
    # The last pictures may wait for one that was not sent any more.
    shown = story.pictures()[:-3]
    # It was first tried by the reader that cannot read it, and began with a later group of pictures for that.
    assert shown[0][0] in [sent.frame for sent in story.sent[: 3 * clips.GOP_FRAMES] if sent.is_key]
    assert _in_step([frame for frame, _ in shown])
    assert len(shown) > 5 * clips.FPS
    for (_, earlier), (_, later) in itertools.pairwise(shown):
        assert later - earlier == pytest.approx(1 / clips.FPS, abs=0.002)
    assert story.dropped == 0


@pytest.mark.parametrize("name", ["hevc", "hevc-b-frames"])
def test_h265_is_tagged_so_that_players_take_it(stories: dict[str, Story], name: str) -> None:
    assert {record.codec.split(".")[0] for record in stories[name].records} == {"hvc1"}
    assert stories[name].health.codec == "hevc"


@pytest.mark.parametrize("name", ["silent", "udp-silent"])
def test_silence_is_a_gap_that_says_so(stories: dict[str, Story], name: str) -> None:
    story = stories[name]
    # Who tries while it is still silent waits for an answer, and then twice as long.
    _one_gap(story, "camera_silent", "no_data", 4 + 2 * READ_LIMIT_S + SOON_S)
    silent_us = story.acted_us[-2]
    noticed_us = next(seen.at_us for seen in story.seen if seen.cause == "no_data")
    assert noticed_us - silent_us < (2 * READ_LIMIT_S + 2) * 1e6


def test_a_line_that_carries_no_whole_picture_is_a_silence(stories: dict[str, Story]) -> None:
    story = stories["trickle"]
    _one_gap(story, "camera_silent", "no_data", 5 + READ_LIMIT_S + SOON_S)


def test_a_connection_cut_within_a_picture_costs_that_picture_and_a_pause(stories: dict[str, Story]) -> None:
    story = stories["cut"]
    _one_gap(story, "connection_lost", "connection_lost", SOON_S)
    assert story.back_after_s < SOON_S


@pytest.mark.parametrize("status", ["401", "404", "453"])
def test_a_refusal_is_told_by_its_number_and_tried_again(stories: dict[str, Story], status: str) -> None:
    story = stories[f"refused-{status}"]
    assert story.states[0] == ("refused", f"refused_{status}") or story.states[1] == ("refused", f"refused_{status}")
    assert {cause for state, cause in story.states if state == "refused"} == {f"refused_{status}"}
    _nothing_lost(story)
    assert story.back_after_s < SOON_S


def test_a_third_viewer_is_recorded_as_soon_as_one_of_two_leaves(stories: dict[str, Story]) -> None:
    story = stories["crowded"]
    assert {cause for state, cause in story.states if state == "refused"} == {"refused_453"}
    assert [run[-1].ends_run for run in story.runs] == ["stopped"]
    assert _in_step(story.frames())  # the log of what was sent names no viewer
    assert story.back_after_s < SOON_S


def test_a_reboot_with_other_parameters_is_a_run_of_its_own(stories: dict[str, Story]) -> None:
    story = stories["reboot"]
    _one_gap(story, "connection_lost", "connection_lost", 2 + SOON_S)
    assert [(run[0].width, run[0].height) for run in story.runs] == [(320, 180), (480, 270)]
    assert story.runs[0][0].codec != story.runs[1][0].codec
    assert story.back_after_s < SOON_S


def test_another_resolution_inside_a_connection_begins_a_run_and_loses_nothing(stories: dict[str, Story]) -> None:
    story = stories["resolution"]
    assert [gap.reason for gap in story.gaps] == ["parameters_changed"]
    assert abs(story.gaps[0].seconds) < 0.2
    assert [(run[0].width, run[0].height) for run in story.runs] == [(320, 180), (480, 270)]
    assert position(story.sent, _whole(story, 0, 1)) == 0
    assert (story.health.width, story.health.height) == (480, 270)
    assert "backing_off" not in [state for state, _ in story.states]


def test_another_resolution_after_a_reconnection_is_a_run_of_its_own(stories: dict[str, Story]) -> None:
    story = stories["resolution-reconnect"]
    _one_gap(story, "connection_lost", "connection_lost", SOON_S)
    assert [(run[0].width, run[0].height) for run in story.runs] == [(320, 180), (480, 270)]


def test_parameters_that_nobody_sees_change_go_on_in_the_same_run(stories: dict[str, Story]) -> None:
    _nothing_lost(stories["retuned"])


def test_pictures_without_a_time_of_their_own_are_dropped_and_counted(stories: dict[str, Story]) -> None:
    story = stories["untimed"]
    assert [run[-1].ends_run for run in story.runs] == ["stopped"]
    assert story.dropped == 4
    assert story.seconds == pytest.approx(len(story.sent) / clips.FPS, abs=0.5)


def test_times_that_go_back_a_little_are_dropped_and_counted(stories: dict[str, Story]) -> None:
    story = stories["backward"]
    assert [run[-1].ends_run for run in story.runs] == ["stopped"]
    assert story.dropped == 3
    assert story.seconds == pytest.approx(len(story.sent) / clips.FPS, abs=0.5)


def test_a_clock_that_stands_still_is_given_up_after_fifty_pictures(stories: dict[str, Story]) -> None:
    story = stories["stuck"]
    assert story.runs[0][-1].ends_run == "timestamps_broken"
    assert sum(record.dropped for record in story.runs[0]) == 50
    assert ("backing_off", "timestamps_broken") in story.states
    assert story.runs[-1][-1].ends_run == "stopped"
    _whole(story, len(story.runs) - 1)


@pytest.mark.parametrize("name", ["hour-later", "hour-earlier"])
def test_a_jump_of_the_cameras_clock_costs_less_than_a_group_of_pictures(stories: dict[str, Story], name: str) -> None:
    story = stories[name]
    assert [gap.reason for gap in story.gaps] == ["timestamps_broken"]
    first, second = _whole(story, 0), _whole(story, 1)
    assert 0 < (second[0] - first[-1]) % (clips.ROUND_S * clips.FPS) <= clips.GOP_FRAMES + 1
    assert 0 <= story.gaps[0].seconds < 2
    # No picture stands for the hour that did not pass.
    assert all(fragment.duration_us <= 500_000 for record in story.records for fragment in record.fragments)
    assert "backing_off" not in [state for state, _ in story.states]


def test_noise_in_the_connection_costs_nothing(stories: dict[str, Story]) -> None:
    _nothing_lost(stories["garbage"])


def test_groups_of_twenty_seconds_end_their_segments_at_three_lengths(stories: dict[str, Story]) -> None:
    story = stories["long-groups"]
    assert story.gaps[0].reason == "gop_too_long"
    for record in story.runs[0]:
        assert record.wall_end_us - record.wall_start_us < 3.5 * LENGTHS.segment_s * 1e6
    assert 0 < story.gaps[0].seconds < SOON_S
    for run in range(len(story.runs)):
        assert _in_step(story.frames(run))
    assert ("backing_off", "gop_too_long") in story.states


@pytest.mark.parametrize(("name", "ppm"), [("drift", DRIFT_PPM), ("wrap", 0)])
def test_a_clock_that_drifts_or_wraps_is_one_run_without_a_seam(stories: dict[str, Story], name: str, ppm: int) -> None:
    story = stories[name]
    _nothing_lost(story)
    assert (len(story.runs), story.gaps, story.dropped) == (1, [], 0)
    assert story.states[-1][0] in ("recording", "stopped") and "backing_off" not in [state for state, _ in story.states]
    # Each picture stands for as long as the camera's clock said, which was as wrong as it was meant to be, all through.
    pictures = story.pictures()
    assert pictures[-1][1] > WRAPS_IN_S + 1, "it was recorded beyond the wrap"
    steps = [later - earlier for (_, earlier), (_, later) in itertools.pairwise(pictures)]
    assert all(step == pytest.approx(1 / clips.FPS, abs=0.001) for step in steps)
    assert sum(steps) / len(steps) * clips.FPS == pytest.approx(1 + ppm / 1e6, abs=2e-5)
    # Between files and within, wall time goes on where it was: it follows the server's clock by 500 ppm at most.
    fragments = [fragment for record in story.records for fragment in record.fragments]
    for earlier, later in itertools.pairwise(fragments):
        slew_us = abs(later.wall_us - earlier.wall_us - earlier.duration_us)
        # Told when a fragment is whole, so of some pictures at a time.
        assert slew_us <= 500e-6 * (earlier.duration_us + clips.GOP_FRAMES * clips.FRAME_US)


def test_wall_time_holds_for_a_clock_that_drifts_and_for_one_that_wraps(stories: dict[str, Story]) -> None:
    for name in ("drift", "wrap"):
        story = stories[name]
        sent, place = story.sent, position(story.sent, story.frames())
        late = []
        for fragment in (fragment for record in story.records for fragment in record.fragments):
            late.append(fragment.wall_us - sent[place].sent_us)
            place += round(fragment.duration_us / clips.FRAME_US)
        # A busy machine sends late and receives late; a clock that was not followed would be wrong all the time.
        assert sorted(late)[len(late) // 2] == pytest.approx(0, abs=100_000), name


def test_no_two_runs_of_a_camera_cover_the_same_moment(stories: dict[str, Story]) -> None:
    for name, story in stories.items():
        assert all(gap.seconds > -0.1 for gap in story.gaps), name
