"""Spans, gaps and the reasons of gaps, from the facts of a stream."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shike.attendance.footage.coverage import Coverage, Gap, RecordedSpan, coverage, within
from shike.attendance.footage.index import Piece
from shike.attendance.footage.stream_facts import StreamFacts
from shike.capture.archive.segment import Origin

S = 1_000_000


def piece(
    start_s: float,
    end_s: float,
    run: str = "a",
    ends: str | None = None,
    *,
    is_open: bool = False,
    origin: Origin = "live",
) -> Piece:
    return Piece(
        camera_id="c",
        stream="main",
        run_id=run,
        segment_id=f"{run}{start_s}",
        key="k",
        start_us=round(start_s * S),
        end_us=round(end_s * S),
        codec="avc1.64001f",
        width=1280,
        height=720,
        timescale=90_000,
        origin=origin,
        simulated=False,
        is_open=is_open,
        ends_run=ends,
        load=tuple,
    )


def of(
    pieces: list[Piece],
    *,
    to: int = 100,
    now: int = 1000,
    before: str | None = None,
    cause: str | None = None,
    due: list[tuple[int, int]] | None = None,
) -> Coverage:
    windows = None if due is None else [(begin * S, end * S) for begin, end in due]
    return coverage(StreamFacts(0, to * S, now * S, pieces, before, cause, due=windows))


def spans(covered: Coverage) -> list[tuple[float, float]]:
    return [(span.start_us / S, span.end_us / S) for span in covered.spans]


def gaps(covered: Coverage) -> list[tuple[float, float, str]]:
    return [(gap.start_us / S, gap.end_us / S, gap.reason) for gap in covered.gaps]


def test_segments_of_a_run_are_one_span() -> None:
    covered = of([piece(0, 60), piece(60, 100, ends="stopped")])
    assert spans(covered) == [(0, 100)] and gaps(covered) == []
    assert covered.seconds == 100


def test_a_gap_carries_the_reason_of_the_run_before_it() -> None:
    covered = of([piece(10, 20, "a", "connection_lost"), piece(30, 40, "b", "camera_silent")], before="killed")
    assert gaps(covered) == [(0, 10, "killed"), (20, 30, "connection_lost"), (40, 100, "camera_silent")]


def test_an_import_before_a_gap_does_not_change_its_reason() -> None:
    lesson = piece(10, 20, "i", "import_done", origin="imported")
    live = piece(60, 70, "a", "connection_lost")
    expected = [(0, 10, "not_recorded"), (20, 60, "not_recorded"), (70, 100, "connection_lost")]
    assert gaps(of([lesson, live])) == expected
    assert gaps(of([lesson], before="killed")) == [(0, 10, "killed"), (20, 100, "killed")]
    # An import within an outage does not change the reason of the outage, also while the outage goes on.
    later = piece(80, 90, "j", "import_done", origin="imported")
    assert gaps(of([live, later]))[1:] == [(70, 80, "connection_lost"), (90, 100, "connection_lost")]
    assert gaps(of([lesson], before="killed", now=100, cause="unreachable")) == gaps(of([lesson], before="killed"))
    # If a camera was never recorded live, the recorder's cause is the reason, with an import and without.
    assert gaps(of([], now=100, cause="unreachable")) == [(0, 100, "unreachable")]
    assert gaps(of([lesson], now=100, cause="unreachable")) == [(0, 10, "unreachable"), (20, 100, "unreachable")]


def test_before_the_first_recording_ever_nothing_was_recorded() -> None:
    assert gaps(of([])) == [(0, 100, "not_recorded")]
    assert gaps(of([piece(50, 100)]))[0] == (0, 50, "not_recorded")


def test_a_segment_that_is_missing_within_a_run_is_segment_lost() -> None:
    assert gaps(of([piece(0, 30), piece(60, 100)])) == [(30, 60, "segment_lost")]


def test_a_gap_up_to_now_has_the_present_cause() -> None:
    covered = of([piece(0, 30, ends="connection_lost")], now=50, cause="refused_401")
    assert gaps(covered) == [(30, 50, "refused_401")]


def test_a_range_that_ended_long_ago_does_not_show_the_reason_of_now() -> None:
    covered = of([piece(0, 30, ends="connection_lost")], now=5000, cause="refused_401")
    assert gaps(covered) == [(30, 100, "connection_lost")]


def test_the_open_segment_may_be_a_moment_behind_and_no_more() -> None:
    assert gaps(of([piece(0, 49, is_open=True)], now=50)) == []
    assert gaps(of([piece(0, 30, is_open=True)], now=50, cause="no_data")) == [(30, 50, "no_data")]
    assert of([piece(0, 49, is_open=True)], now=50).spans[-1].is_open


def test_runs_that_touch_to_within_a_tenth_of_a_second_have_no_gap_between_them() -> None:
    touching = [piece(0, 40, "a", "settings_changed"), piece(40.1, 100, "b")]
    assert gaps(of(touching)) == [] and len(of(touching).spans) == 2
    apart = [piece(0, 40, "a", "settings_changed"), piece(40.2, 100, "b")]
    assert gaps(of(apart)) == [(40, 40.2, "settings_changed")]


def test_a_part_of_a_coverage_has_the_parts_of_its_spans_and_gaps_and_no_empty_ones() -> None:
    covered = of([piece(0, 30, "a", "killed"), piece(40, 60, "b", "no_data"), piece(70, 100, "c")])
    part = within(covered, 20 * S, 50 * S)
    assert spans(part) == [(20, 30), (40, 50)] and gaps(part) == [(30, 40, "killed")]
    assert part.seconds == 20
    assert spans(within(covered, 30 * S, 40 * S)) == [] and gaps(within(covered, 40 * S, 60 * S)) == []


def test_the_future_is_neither_recorded_nor_missing() -> None:
    covered = coverage(StreamFacts(200 * S, 300 * S, 100 * S))
    assert covered == Coverage((), ())


PIECES = st.lists(
    st.tuples(
        st.integers(-50, 150), st.integers(0, 60), st.sampled_from("abc"), st.sampled_from([None, "stopped", "killed"])
    ),
    max_size=12,
)


@given(PIECES, st.integers(-20, 160), st.integers(-20, 160), st.booleans())
def test_spans_and_gaps_follow_one_another_and_cover_the_range_up_to_now(
    raw: list[tuple[int, int, str, str | None]], now: int, known: int, enabled: bool
) -> None:
    pieces = [piece(start, start + length, run, ends) for start, length, run, ends in raw]
    covered = coverage(StreamFacts(0, 100 * S, now * S, pieces, enabled=enabled, registered_us=known * S))
    parts: list[RecordedSpan | Gap] = sorted([*covered.spans, *covered.gaps], key=lambda part: part.start_us)
    at = 0
    for part in parts:
        assert part.start_us == at and part.end_us > at
        at = part.end_us
    assert at == max(0, min(now, 100)) * S
    for each in pieces:
        for gap in covered.gaps:
            assert gap.end_us <= each.start_us or gap.start_us >= each.end_us or each.start_us == each.end_us


def test_time_between_classes_is_off_schedule_and_a_class_that_recording_missed_is_not_started() -> None:
    # Two classes: the first was recorded, the camera did not answer when the second began.
    pieces = [piece(100, 300, "a", "off_schedule"), piece(700, 800, "b", "off_schedule")]
    assert gaps(of(pieces, to=1000, due=[(100, 300), (600, 800)])) == [
        (0, 100, "off_schedule"),
        (300, 600, "off_schedule"),
        (600, 700, "not_started"),
        (800, 1000, "off_schedule"),
    ]


def test_time_before_the_first_run_of_a_room_that_was_always_recorded_is_not_cut_by_a_later_timetable() -> None:
    pieces = [piece(100, 300, "a", "off_schedule"), piece(600, 1000, "b")]
    # The room was always recorded up to 300, and by a timetable from then on.
    assert gaps(of(pieces, to=1000, due=[(0, 300), (600, 1000)])) == [
        (0, 100, "not_recorded"),
        (300, 600, "off_schedule"),
    ]


def test_the_seconds_that_connecting_takes_are_no_failure() -> None:
    pieces = [piece(100, 300, "a", "off_schedule"), piece(605, 800, "b", "off_schedule")]
    cut = gaps(of(pieces, to=800, due=[(100, 300), (600, 800)]))
    assert cut[1:] == [(300, 605, "off_schedule")]


def test_a_camera_that_broke_in_class_is_broken_until_the_class_ends() -> None:
    pieces = [piece(100, 200, "a", "connection_lost"), piece(600, 800, "b", "stopped")]
    assert gaps(of(pieces, to=800, due=[(100, 300), (600, 800)]))[1:] == [
        (200, 300, "connection_lost"),
        (300, 600, "off_schedule"),
    ]


def test_a_room_that_is_always_recorded_keeps_its_reasons() -> None:
    pieces = [piece(100, 200, "a", "connection_lost"), piece(600, 800, "b", "off_schedule")]
    assert gaps(of(pieces, to=1000))[1:] == [(200, 600, "connection_lost"), (800, 1000, "not_started")]


def test_time_before_the_registry_knew_the_camera_is_not_registered_unless_it_was_recorded_then() -> None:
    facts = StreamFacts(0, 100 * S, 1000 * S, [piece(60, 100)], registered_us=40 * S)
    assert gaps(coverage(facts)) == [(0, 40, "not_registered"), (40, 60, "not_recorded")]
    # A camera that was recorded before it was entered anew was known before.
    assert gaps(coverage(replace(facts, ended_before="killed"))) == [(0, 60, "killed")]
    assert gaps(coverage(replace(facts, recorded=[piece(20, 30), piece(60, 100)]))) == [
        (0, 20, "not_registered"),
        (30, 60, "segment_lost"),
    ]


def test_only_the_end_of_recording_can_be_due_to_switching_the_camera_off() -> None:
    pieces = [piece(0, 20, "a", "stopped"), piece(30, 50, "b", "stopped")]
    off = StreamFacts(0, 100 * S, 1000 * S, pieces, enabled=False)
    assert gaps(coverage(off)) == [(20, 30, "stopped"), (50, 100, "switched_off")]
    # A camera that failed before it was switched off has failed.
    failed = [piece(0, 20, "a", "killed")]
    assert gaps(coverage(replace(off, recorded=failed))) == [(20, 100, "killed")]
    # Outside of the timetable it rests, switched off or not.
    by_timetable = replace(off, recorded=pieces[1:], due=[(0, 80 * S)])
    assert gaps(coverage(by_timetable))[1:] == [(50, 80, "switched_off"), (80, 100, "off_schedule")]
