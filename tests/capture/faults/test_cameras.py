"""Each fault of a camera: what is recorded, the reason of the gap, the time until it is recorded again, its states.

All cameras are recorded at once, in some twenty seconds; each test looks at one of them.
"""

import itertools
import os
from pathlib import Path

import pytest

from tests.recorded import position

from . import clips
from .cameras import DRIFT_PPM, WRAPS_IN_S, faulty_cameras
from .faulty_cameras import LENGTHS, FaultRecording, Outcome, setup

# The pause before the first new attempt, on a slow machine, and a group of pictures.
SOON_S = 5 + clips.GOP_FRAMES / clips.FPS
READ_LIMIT_S = 3.0


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("faults")
    made = setup(folder)
    outcomes = FaultRecording(folder, faulty_cameras(made)).record(made)
    if os.environ.get("SHIKE_FAULTS"):
        Path(os.environ["SHIKE_FAULTS"]).write_text(
            "".join(f"{name}: {outcome.summary}\n" for name, outcome in outcomes.items())
        )
    return outcomes


def _whole(outcome: Outcome, *runs: int) -> list[int]:
    """The frames of these runs; fails unless they are what was sent, in order and complete."""
    frames = list(itertools.chain(*(outcome.frames(run) for run in runs or (0,))))
    position(outcome.sent, frames)
    return frames


def _in_step(frames: list[int]) -> bool:
    """Whether each frame follows the last one, in a clip that repeats."""
    around = clips.ROUND_S * clips.FPS
    return all((later - earlier) % around == 1 for earlier, later in itertools.pairwise(frames))


def _nothing_lost(outcome: Outcome) -> None:
    """One run, from the first picture on, complete."""
    assert [run[-1].ends_run for run in outcome.runs] == ["stopped"]
    assert position(outcome.sent, _whole(outcome)) == 0
    assert ("backing_off", "connection_lost") not in outcome.states


def _one_gap(outcome: Outcome, reason: str, cause: str, longest_s: float) -> None:
    """Complete before and after one gap with this reason; the health showed the cause and the recovery."""
    assert [gap.reason for gap in outcome.gaps] == [reason]
    assert 0 < outcome.gaps[0].seconds < longest_s
    for run in (0, 1):
        _whole(outcome, run)
    assert cause in [seen for state, seen in outcome.states if state == "backing_off"]
    assert outcome.states[-1][0] in ("recording", "stopped")


@pytest.mark.parametrize(
    "name", ["udp", "wrap", "drift", "hevc", "pcma", "pcmu", "aac", "aac-adts", "aac-latm", "mute"]
)
def test_an_unusual_but_correct_camera_loses_nothing(outcomes: dict[str, Outcome], name: str) -> None:
    _nothing_lost(outcomes[name])


@pytest.mark.parametrize("name", ["b-frames", "hevc-b-frames"])
def test_pictures_that_are_sent_out_of_order_are_shown_in_order(outcomes: dict[str, Outcome], name: str) -> None:
    outcome = outcomes[name]
    assert [run[-1].ends_run for run in outcome.runs] == ["stopped"]
    # The last pictures may still wait for one that was not sent.
    shown = outcome.pictures()[:-3]
    # The plain reader tried first and could not read it, so the recording begins with a later group of pictures.
    assert shown[0][0] in [sent.frame for sent in outcome.sent[: 3 * clips.GOP_FRAMES] if sent.is_key]
    assert _in_step([frame for frame, _ in shown])
    assert len(shown) > 5 * clips.FPS
    for (_, earlier), (_, later) in itertools.pairwise(shown):
        assert later - earlier == pytest.approx(1 / clips.FPS, abs=0.002)
    assert outcome.dropped == 0


@pytest.mark.parametrize("name", ["hevc", "hevc-b-frames"])
def test_h265_is_tagged_so_that_players_take_it(outcomes: dict[str, Outcome], name: str) -> None:
    assert {record.codec.split(".")[0] for record in outcomes[name].records} == {"hvc1"}
    assert outcomes[name].health.codec == "hevc"


@pytest.mark.parametrize("name", ["silent", "udp-silent"])
def test_silence_is_a_gap_with_that_reason(outcomes: dict[str, Outcome], name: str) -> None:
    outcome = outcomes[name]
    # An attempt while the camera is still silent waits for an answer, and the next pause is twice as long.
    _one_gap(outcome, "camera_silent", "no_data", 4 + 2 * READ_LIMIT_S + SOON_S)
    silent_us = outcome.changed_us[-2]
    noticed_us = next(seen.at_us for seen in outcome.seen if seen.cause == "no_data")
    assert noticed_us - silent_us < (2 * READ_LIMIT_S + 2) * 1e6


def test_a_line_that_carries_no_whole_picture_is_a_silence(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["trickle"]
    _one_gap(outcome, "camera_silent", "no_data", 5 + READ_LIMIT_S + SOON_S)


def test_a_connection_cut_within_a_picture_costs_that_picture_and_a_pause(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["cut"]
    _one_gap(outcome, "connection_lost", "connection_lost", SOON_S)
    assert outcome.back_after_s < SOON_S


@pytest.mark.parametrize("status", ["401", "404", "453"])
def test_a_refusal_is_reported_by_its_status_and_tried_again(outcomes: dict[str, Outcome], status: str) -> None:
    outcome = outcomes[f"refused-{status}"]
    assert outcome.states[0] == ("refused", f"refused_{status}") or outcome.states[1] == (
        "refused",
        f"refused_{status}",
    )
    assert {cause for state, cause in outcome.states if state == "refused"} == {f"refused_{status}"}
    _nothing_lost(outcome)
    assert outcome.back_after_s < SOON_S


def test_a_third_viewer_is_recorded_as_soon_as_one_of_two_leaves(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["crowded"]
    assert {cause for state, cause in outcome.states if state == "refused"} == {"refused_453"}
    assert [run[-1].ends_run for run in outcome.runs] == ["stopped"]
    assert _in_step(outcome.frames())  # the log of sent frames does not name the viewer
    assert outcome.back_after_s < SOON_S


def test_a_reboot_with_other_parameters_is_a_run_of_its_own(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["reboot"]
    _one_gap(outcome, "connection_lost", "connection_lost", 2 + SOON_S)
    assert [(run[0].width, run[0].height) for run in outcome.runs] == [(320, 180), (480, 270)]
    assert outcome.runs[0][0].codec != outcome.runs[1][0].codec
    assert outcome.back_after_s < SOON_S


def test_another_resolution_inside_a_connection_begins_a_run_and_loses_nothing(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["resolution"]
    assert [gap.reason for gap in outcome.gaps] == ["parameters_changed"]
    assert abs(outcome.gaps[0].seconds) < 0.2
    assert [(run[0].width, run[0].height) for run in outcome.runs] == [(320, 180), (480, 270)]
    assert position(outcome.sent, _whole(outcome, 0, 1)) == 0
    assert (outcome.health.width, outcome.health.height) == (480, 270)
    assert "backing_off" not in [state for state, _ in outcome.states]


def test_another_resolution_after_a_reconnection_is_a_run_of_its_own(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["resolution-reconnect"]
    _one_gap(outcome, "connection_lost", "connection_lost", SOON_S)
    assert [(run[0].width, run[0].height) for run in outcome.runs] == [(320, 180), (480, 270)]


def test_parameters_that_nobody_sees_change_go_on_in_the_same_run(outcomes: dict[str, Outcome]) -> None:
    _nothing_lost(outcomes["retuned"])


def test_pictures_without_a_time_of_their_own_are_dropped_and_counted(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["untimed"]
    assert [run[-1].ends_run for run in outcome.runs] == ["stopped"]
    assert outcome.dropped == 4
    assert outcome.seconds == pytest.approx(len(outcome.sent) / clips.FPS, abs=0.5)


def test_times_that_go_back_a_little_are_dropped_and_counted(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["backward"]
    assert [run[-1].ends_run for run in outcome.runs] == ["stopped"]
    assert outcome.dropped == 3
    assert outcome.seconds == pytest.approx(len(outcome.sent) / clips.FPS, abs=0.5)


def test_a_clock_that_stands_still_is_given_up_after_fifty_pictures(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["stuck"]
    assert outcome.runs[0][-1].ends_run == "timestamps_broken"
    assert sum(record.dropped for record in outcome.runs[0]) == 50
    assert ("backing_off", "timestamps_broken") in outcome.states
    assert outcome.runs[-1][-1].ends_run == "stopped"
    _whole(outcome, len(outcome.runs) - 1)


@pytest.mark.parametrize("name", ["hour-later", "hour-earlier"])
def test_a_jump_of_the_cameras_clock_costs_less_than_a_group_of_pictures(
    outcomes: dict[str, Outcome], name: str
) -> None:
    outcome = outcomes[name]
    assert [gap.reason for gap in outcome.gaps] == ["timestamps_broken"]
    first, second = _whole(outcome, 0), _whole(outcome, 1)
    assert 0 < (second[0] - first[-1]) % (clips.ROUND_S * clips.FPS) <= clips.GOP_FRAMES + 1
    assert 0 <= outcome.gaps[0].seconds < 2
    # No picture is shown for the hour that did not pass.
    assert all(fragment.duration_us <= 500_000 for record in outcome.records for fragment in record.fragments)
    assert "backing_off" not in [state for state, _ in outcome.states]


def test_noise_in_the_connection_costs_nothing(outcomes: dict[str, Outcome]) -> None:
    _nothing_lost(outcomes["garbage"])


def test_groups_of_twenty_seconds_end_their_segments_at_three_lengths(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["long-groups"]
    assert outcome.gaps[0].reason == "gop_too_long"
    for record in outcome.runs[0]:
        assert record.wall_end_us - record.wall_start_us < 3.5 * LENGTHS.segment_s * 1e6
    assert 0 < outcome.gaps[0].seconds < SOON_S
    for run in range(len(outcome.runs)):
        assert _in_step(outcome.frames(run))
    assert ("backing_off", "gop_too_long") in outcome.states


@pytest.mark.parametrize(("name", "ppm"), [("drift", DRIFT_PPM), ("wrap", 0)])
def test_a_clock_that_drifts_or_wraps_is_one_run_without_a_seam(
    outcomes: dict[str, Outcome], name: str, ppm: int
) -> None:
    outcome = outcomes[name]
    _nothing_lost(outcome)
    assert (len(outcome.runs), outcome.gaps, outcome.dropped) == (1, [], 0)
    assert outcome.states[-1][0] in ("recording", "stopped") and "backing_off" not in [
        state for state, _ in outcome.states
    ]
    # Each picture lasts as long as the camera's clock says, whose error is the intended drift all the time.
    pictures = outcome.pictures()
    assert pictures[-1][1] > WRAPS_IN_S + 1, "it was recorded beyond the wrap"
    steps = [later - earlier for (_, earlier), (_, later) in itertools.pairwise(pictures)]
    assert all(step == pytest.approx(1 / clips.FPS, abs=0.001) for step in steps)
    assert sum(steps) / len(steps) * clips.FPS == pytest.approx(1 + ppm / 1e6, abs=2e-5)
    # Wall time continues without a jump, between files and within: it is slewed by 500 ppm at most.
    fragments = [fragment for record in outcome.records for fragment in record.fragments]
    for earlier, later in itertools.pairwise(fragments):
        slew_us = abs(later.wall_us - earlier.wall_us - earlier.duration_us)
        # Wall time is read when a fragment is complete, so the slew of several pictures adds up.
        assert slew_us <= 500e-6 * (earlier.duration_us + clips.GOP_FRAMES * clips.FRAME_US)


def test_wall_time_holds_for_a_clock_that_drifts_and_for_one_that_wraps(outcomes: dict[str, Outcome]) -> None:
    for name in ("drift", "wrap"):
        outcome = outcomes[name]
        sent, place = outcome.sent, position(outcome.sent, outcome.frames())
        late = []
        for fragment in (fragment for record in outcome.records for fragment in record.fragments):
            late.append(fragment.wall_us - sent[place].sent_us)
            place += round(fragment.duration_us / clips.FRAME_US)
        # On a busy machine single frames are late; with a wrong drift, most of them would be.
        assert sorted(late)[len(late) // 2] == pytest.approx(0, abs=100_000), name


def test_no_two_runs_of_a_camera_cover_the_same_moment(outcomes: dict[str, Outcome]) -> None:
    for name, outcome in outcomes.items():
        assert all(gap.seconds > -0.1 for gap in outcome.gaps), name
