"""Camera timestamps become wall time: anchored by the least delay, slewed, never jumping."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from shike.capture.archive.segment import EndReason
from shike.capture.source.timeline import Arrival, Timeline

START_US = 1_790_000_000_000_000
FRAME_US = 40_000


def arrivals(delays_us: list[int], media_per_frame_us: int = FRAME_US) -> list[Arrival]:
    """Pictures made every 40 ms that arrive in order, each at least its delay later."""
    came, result = 0, []
    for number, delay in enumerate(delays_us):
        came = max(came, number * FRAME_US + delay)
        result.append(Arrival(START_US + came, came, number * media_per_frame_us))
    return result


def feed(timeline: Timeline, packets: list[Arrival]) -> EndReason | None:
    for packet in packets:
        reason = timeline.observe(packet)
        if reason is not None:
            return reason
    return None


def test_the_picture_with_the_least_delay_sets_the_wall_time() -> None:
    timeline = Timeline()
    assert feed(timeline, arrivals([90_000, 50_000, 20_000, 70_000, 30_000, 80_000] * 5)) is None
    assert timeline.wall(0) - START_US in range(20_000, 90_001)


def test_a_burst_at_the_start_does_not_move_the_anchor_late() -> None:
    timeline = Timeline()
    # The first 16 pictures come at once after 600 ms; then pictures come as they are made.
    held = [max(0, 600_000 - number * FRAME_US) for number in range(16)]
    packets = arrivals([delay + 10_000 for delay in held] + [10_000] * 50)
    assert feed(timeline, packets) is None
    assert timeline.wall(0) - START_US == 10_000


def test_a_timeline_is_anchored_after_a_second_at_the_latest() -> None:
    timeline = Timeline()
    packets = [Arrival(START_US + number * 10_000, number * 10_000, number * FRAME_US) for number in range(101)]
    feed(timeline, packets)
    assert timeline.anchored


def test_a_camera_that_drifts_by_200_ppm_is_followed_for_an_hour() -> None:
    for ppm in (200, -200):
        timeline = Timeline()
        media_per_frame = FRAME_US * (1_000_000 + ppm)
        # Every tenth picture is enough here and keeps the test short.
        for number in range(0, 90_000, 10):
            came = number * FRAME_US + 5_000 + (number * 7919) % 3_000
            media = number * media_per_frame // 1_000_000
            assert timeline.observe(Arrival(START_US + came, came, media)) is None
            if timeline.anchored:
                error = timeline.wall(media) - (START_US + number * FRAME_US)
                assert abs(error) < FRAME_US / 2


@settings(max_examples=60)
@given(st.lists(st.integers(0, 400_000), min_size=20, max_size=200), st.integers(-400, 400))
def test_wall_time_never_goes_back_and_never_drifts_by_more_than_500_ppm(delays: list[int], ppm: int) -> None:
    timeline = Timeline()
    walls: list[tuple[int, int]] = []
    for packet in arrivals(delays, FRAME_US * (1_000_000 + ppm) // 1_000_000):
        assert timeline.observe(packet) is None
        if timeline.anchored:
            walls.append((packet.media_us, timeline.wall(packet.media_us)))
    for (media, wall), (next_media, next_wall) in itertools.pairwise(walls):
        step = next_media - media
        assert abs((next_wall - wall) - step) <= step * 500 // 1_000_000


def test_a_step_of_the_servers_clock_ends_the_run() -> None:
    for step_us in (-3_600_000_000, -1_500_000, 1_500_000, 3_600_000_000):
        timeline = Timeline()
        assert feed(timeline, arrivals([5_000] * 50)) is None
        came = 50 * FRAME_US + 5_000
        assert timeline.observe(Arrival(START_US + came + step_us, came, 50 * FRAME_US)) == "clock_step"


def test_a_jump_of_the_cameras_clock_ends_the_run() -> None:
    for jump_us in (-3_600_000_000, -1_500_000, 1_500_000, 3_600_000_000):
        timeline = Timeline()
        assert feed(timeline, arrivals([5_000] * 50)) is None
        came = 50 * FRAME_US + 5_000
        jumped = Arrival(START_US + came, came, 50 * FRAME_US + jump_us)
        assert timeline.observe(jumped) == "timestamps_broken", jump_us


def test_a_camera_whose_clock_runs_far_too_fast_ends_the_run() -> None:
    timeline = Timeline()
    assert feed(timeline, arrivals([5_000] * 400, media_per_frame_us=2 * FRAME_US)) == "timestamps_broken"


def test_delayed_pictures_that_come_in_a_burst_do_not_end_the_run() -> None:
    timeline = Timeline()
    held = [max(0, 8_000_000 - number * FRAME_US) for number in range(200)]
    assert feed(timeline, arrivals([5_000] * 50 + held + [5_000] * 50)) is None
    assert abs(timeline.wall(0) - START_US - 5_000) < 2_000


def test_a_pause_of_the_camera_does_not_end_the_timeline() -> None:
    timeline = Timeline()
    feed(timeline, arrivals([5_000] * 50))
    came = 50 * FRAME_US + 8_000_000
    assert timeline.observe(Arrival(START_US + came + 5_000, came + 5_000, came)) is None
    assert abs(timeline.wall(came) - START_US - came) < 10_000


def test_small_packets_that_come_in_a_burst_with_a_pause_in_it_are_placed_by_the_least_delay() -> None:
    """Packets of 20 ms that waited for a third of a second, and a thread that paused while it read them."""
    timeline = Timeline(settle_us=1_000_000)
    made_us, read_us = 0, 340_000
    for number in range(80):
        made_us = number * 20_000
        read_us = max(read_us + (12_000 if number == 5 else 1_000), made_us)
        timeline.observe(Arrival(START_US + read_us, read_us, made_us))
    assert timeline.anchored
    assert timeline.wall(made_us) == START_US + made_us


def test_a_pause_of_the_reading_thread_in_the_burst_at_the_start_does_not_anchor_a_run_late() -> None:
    delays = [340_000 - 39_000 * number for number in range(8)] + [10_000] * 20
    delays[4] += 25_000  # the reading thread paused once
    timeline = Timeline()
    assert feed(timeline, arrivals(delays)) is None
    assert timeline.wall(0) - START_US <= 11_000
