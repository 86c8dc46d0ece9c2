"""Footage that a rule has deleted: a gap with that reason, and no gap in a judgement."""

from dataclasses import replace

from shike.attendance.footage.coverage import coverage
from shike.attendance.footage.index import Piece
from shike.attendance.footage.stream_facts import StreamFacts

from .test_coverage import S, gaps, of, piece, spans


def gone(start_s: float, end_s: float, run: str = "a", ends: str | None = None) -> Piece:
    return replace(piece(start_s, end_s, run, ends), deleted=True)


def test_deleted_footage_is_one_gap_with_that_reason_and_not_a_lost_segment() -> None:
    covered = of([gone(0, 60), gone(60, 80), piece(80, 100)])
    assert spans(covered) == [(80, 100)]
    assert gaps(covered) == [(0, 80, "deleted_by_rule")]


def test_deleted_runs_that_touch_are_one_gap_and_those_that_do_not_are_two() -> None:
    assert gaps(of([gone(0, 40, "a"), gone(40.1, 100, "b")])) == [(0, 100, "deleted_by_rule")]
    assert gaps(of([gone(0, 40, "a", "stopped"), gone(40.2, 100, "b")])) == [
        (0, 40, "deleted_by_rule"),
        (40, 40.2, "stopped"),
        (40.2, 100, "deleted_by_rule"),
    ]


def test_gaps_between_deleted_runs_keep_their_own_reasons() -> None:
    covered = of([gone(0, 20, "a", "connection_lost"), gone(30, 40, "b", "stopped"), piece(50, 100, "c")])
    assert gaps(covered) == [
        (0, 20, "deleted_by_rule"),
        (20, 30, "connection_lost"),
        (30, 40, "deleted_by_rule"),
        (40, 50, "stopped"),
    ]


def test_held_footage_is_a_span_between_deleted_gaps() -> None:
    covered = of([gone(0, 40), piece(40, 60), gone(60.3, 80), piece(80, 100)])
    assert spans(covered) == [(40, 60), (80, 100)]
    assert gaps(covered) == [(0, 40, "deleted_by_rule"), (60, 80, "deleted_by_rule")]


def test_a_segment_that_is_missing_beside_deleted_ones_is_still_lost() -> None:
    assert gaps(of([gone(0, 30), piece(60, 100)])) == [(0, 30, "deleted_by_rule"), (30, 60, "segment_lost")]


def test_for_a_judgement_deleted_footage_counts_as_recorded() -> None:
    before = [piece(0, 40), piece(40, 60, ends="stopped"), piece(70, 100, "b")]
    after = [gone(0, 40), gone(40, 60, ends="stopped"), piece(70, 100, "b")]
    facts = StreamFacts(0, 100 * S, 200 * S, after, deleted_as_recorded=True)
    assert coverage(facts) == of(before, now=200)
