"""What a supervisor should look at: AttendanceRecord and inputs → flags with windows and values, a pure function.

Five of the eight codes accuse. They need an accepted room and trustworthy counts, and they fire only when the whole
interval of the count is on the wrong side; where nothing is known, doubt counts for the class. Not here: keeping
flags and verdicts (evaluation.py). Formulas: docs/design/judgement.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from shike.attendance.judgement.contradictions import empty_room, may_accuse, unseen
from shike.attendance.judgement.inputs import MINUTE_US, SECOND_US, FootageSpan, SessionInputs
from shike.attendance.judgement.minutes import Minute, first_clear, minutes_of, samples_in
from shike.attendance.judgement.presence import SignedIn, stays
from shike.attendance.judgement.records import AttendanceRecord, recorded_spans
from shike.attendance.judgement.room_counts import RoomCount
from shike.attendance.judgement.thresholds import Thresholds
from shike.capture.moment import rfc3339_us

FlagCode = Literal[
    "EMPTY_ROOM",
    "LATE_START",
    "EARLY_END",
    "LOW_TURNOUT",
    "SIGNIN_GT_COUNT",
    "CAMERA_DOWN",
    "VIDEO_GAP",
    "LOW_CONFIDENCE",
]
Severity = Literal["red", "yellow", "info"]

ACCUSING: frozenset[FlagCode] = frozenset({"EMPTY_ROOM", "LATE_START", "EARLY_END", "LOW_TURNOUT", "SIGNIN_GT_COUNT"})
RULES = "flags-2"
"""Rises with every change of what the code below finds, so that a flag says by which rules it was raised."""
_BEFORE_GAP_US = 5 * SECOND_US


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing to look at, in [start, end). `moment_us`: the first second to play; times in µs UTC.

    `values` are what was found and `limits` what they were held against, both JSON; `live`: the session is not
    settled, and the flag may go away again.
    """

    code: FlagCode
    severity: Severity
    start_us: int
    end_us: int
    moment_us: int
    values: Mapping[str, Any]
    limits: Mapping[str, Any]
    live: bool
    camera_id: str | None = None


def flags_of(inputs: SessionInputs, record: AttendanceRecord, thresholds: Thresholds) -> tuple[Flag, ...]:
    """The flags of a class session, in order of time. `record` was made from the same inputs and limits."""
    minutes = minutes_of(inputs, thresholds)
    found: list[Flag] = []
    if may_accuse(inputs, minutes, thresholds):
        empty = _empty_room(inputs, thresholds)
        # An empty room has neither begun late nor ended early: that it was empty says it all.
        edges = [] if empty else [*_late_start(inputs, minutes, thresholds), *_early_end(inputs, minutes, thresholds)]
        found += [*empty, *edges, *_low_turnout(inputs, record, minutes, thresholds), *_unseen(inputs, thresholds)]
    if inputs.coverage:
        found += _low_confidence(inputs, record, thresholds)
        found += [*_camera_down(inputs, thresholds), *_video_gap(inputs, record, thresholds)]
    recorded = recorded_spans(inputs, inputs.start_us, inputs.until_us)
    return tuple(sorted((_playable(flag, recorded) for flag in found), key=lambda flag: (flag.start_us, flag.code)))


def _playable(flag: Flag, recorded: Sequence[tuple[int, int]]) -> Flag:
    """The flag with the first recorded moment at or after its own, if there is one before the window ends."""
    at_us = next((max(begin, flag.moment_us) for begin, end in recorded if end > flag.moment_us), flag.moment_us)
    return replace(flag, moment_us=at_us) if at_us < flag.end_us else flag


def _empty_room(inputs: SessionInputs, thresholds: Thresholds) -> list[Flag]:
    found = empty_room(inputs, thresholds)
    if found is None:
        return []
    values = {
        "empty_samples": found.empty,
        "samples": found.samples,
        "share": _share(found.empty, found.samples),
        "most_seen": found.most_seen,
        "signed_in": found.signed_in,
    }
    limits = {"most_people": inputs.empty_up_to(thresholds), "share": float(thresholds.empty_least_share)}
    limits |= {"margin_min": thresholds.empty_margin_min}
    return [_flag(inputs, "EMPTY_ROOM", "red", found.start_us, found.end_us, found.moment_us, values, limits)]


def _not_begun(inputs: SessionInputs, thresholds: Thresholds) -> tuple[SignedIn, Any]:
    """P over time, and whether a sample proves that no class was going on: H < 50 % of P, or an empty room."""
    signed_in, empty = SignedIn(stays(inputs.signs)), inputs.empty_up_to(thresholds)

    def against(sample: RoomCount) -> bool:
        people = signed_in.at(sample.at_us)
        if people == 0:
            return sample.high <= empty
        return sample.high < thresholds.begin_share * people

    return signed_in, against


def _late_start(inputs: SessionInputs, minutes: Sequence[Minute], thresholds: Thresholds) -> list[Flag]:
    if not minutes:
        return []
    signed_in, against = _not_begun(inputs, thresholds)
    first = first_clear(minutes, against, thresholds.begin_stretch_min)
    begun_us = inputs.end_us if first is None else minutes[first].start_us
    if begun_us - inputs.start_us <= thresholds.begin_margin_min * MINUTE_US:
        return []
    seen = [] if first is None else [each for each in samples_in(minutes[first:]) if not against(each)]
    at_us = seen[0].at_us if seen else None
    values = {
        "planned_at": rfc3339_us(inputs.start_us),
        "begun_at": None if at_us is None else rfc3339_us(at_us),
        "late_min": (begun_us - inputs.start_us) // MINUTE_US,
        "count": seen[0].count if seen else None,
        "signed_in": None if at_us is None else signed_in.at(at_us),
    }
    window = (inputs.start_us, begun_us, inputs.start_us)
    return [_flag(inputs, "LATE_START", "yellow", *window, values, _begin_limits(thresholds))]


def _early_end(inputs: SessionInputs, minutes: Sequence[Minute], thresholds: Thresholds) -> list[Flag]:
    if not minutes or not inputs.ended:
        return []
    signed_in, against = _not_begun(inputs, thresholds)
    backwards = tuple(reversed(minutes))
    last = first_clear(backwards, against, thresholds.begin_stretch_min)
    over_us = inputs.start_us if last is None else backwards[last].end_us
    if inputs.end_us - over_us <= thresholds.begin_margin_min * MINUTE_US:
        return []
    before = [each for each in samples_in(minutes) if each.at_us < over_us and not against(each)]
    at_us = before[-1].at_us if before else None
    values = {
        "planned_at": rfc3339_us(inputs.end_us),
        "ended_at": None if at_us is None else rfc3339_us(at_us),
        "early_min": (inputs.end_us - over_us) // MINUTE_US,
        "count": before[-1].count if before else None,
        "signed_in": None if at_us is None else signed_in.at(at_us),
    }
    window = (over_us, inputs.end_us, over_us)
    return [_flag(inputs, "EARLY_END", "yellow", *window, values, _begin_limits(thresholds))]


def _begin_limits(thresholds: Thresholds) -> dict[str, Any]:
    return {
        "share": float(thresholds.begin_share),
        "stretch_min": thresholds.begin_stretch_min,
        "margin_min": thresholds.begin_margin_min,
    }


def _low_turnout(
    inputs: SessionInputs, record: AttendanceRecord, minutes: Sequence[Minute], thresholds: Thresholds
) -> list[Flag]:
    room, expected = record.room, inputs.present_expected
    if room.median_high is None or not expected:
        return []
    if not inputs.ended and room.minutes < thresholds.turnout_after_min:
        return []
    # A median of whole numbers is a multiple of one half: twice it is exact.
    twice = int(room.median_high * 2)
    if twice >= 2 * thresholds.turnout_yellow * expected:
        return []
    red = twice < 2 * thresholds.turnout_red * expected
    low = [each for each in samples_in(minutes) if each.high < thresholds.turnout_yellow * expected]
    values = {
        "median": room.median,
        "median_low": room.median_low,
        "median_high": room.median_high,
        "expected": expected,
        "share": _share(room.median or 0, expected),
    }
    limits = {"yellow": float(thresholds.turnout_yellow), "red": float(thresholds.turnout_red)}
    window = (inputs.start_us, inputs.until_us, low[0].at_us)
    return [_flag(inputs, "LOW_TURNOUT", "red" if red else "yellow", *window, values, limits)]


def _unseen(inputs: SessionInputs, thresholds: Thresholds) -> list[Flag]:
    limits = {
        "people": thresholds.contradiction_least_people,
        "share": float(thresholds.contradiction_least_share),
        "minutes": thresholds.contradiction_min,
    }
    found = []
    for each in unseen(inputs, thresholds):
        values = {
            "minutes": each.minutes,
            "at": rfc3339_us(each.at_us),
            "signed_in": each.signed_in,
            "count": each.count,
            "high": each.high,
            "unseen": each.signed_in - each.high,
        }
        window = (each.start_us, each.end_us, each.start_us)
        found.append(_flag(inputs, "SIGNIN_GT_COUNT", "red", *window, values, limits))
    return found


def _low_confidence(inputs: SessionInputs, record: AttendanceRecord, thresholds: Thresholds) -> list[Flag]:
    room = record.room
    if not room.minutes or room.valid_minutes >= thresholds.confidence_least_share * room.minutes:
        return []
    if not inputs.ended and room.minutes < thresholds.confidence_after_min:
        return []
    values = {"valid_minutes": room.valid_minutes, "minutes": room.minutes, "share": round(room.valid_share, 4)}
    limits = {"share": float(thresholds.confidence_least_share)}
    window = (inputs.start_us, inputs.until_us, inputs.start_us)
    return [_flag(inputs, "LOW_CONFIDENCE", "info", *window, values, limits)]


def _camera_down(inputs: SessionInputs, thresholds: Thresholds) -> list[Flag]:
    """One flag per time at which cameras of the room went down: those that went down together are one case."""
    least_us = thresholds.camera_down_s * SECOND_US
    down: dict[int, list[tuple[FootageSpan, str]]] = {}
    for camera in inputs.coverage:
        for gap in camera.gaps:
            # A camera that nobody meant to record is not down. That there is no video is a flag of its own.
            if gap.end_us - gap.start_us >= least_us and gap.reason != "off_schedule":
                down.setdefault(gap.start_us, []).append((gap, camera.camera_id))
    found = []
    for start_us, gaps in sorted(down.items()):
        cameras = [
            {"camera_id": camera_id, "seconds": (gap.end_us - start_us) // SECOND_US, "reason": gap.reason}
            for gap, camera_id in sorted(gaps, key=lambda each: each[1])
        ]
        end_us = max(gap.end_us for gap, _ in gaps)
        window = (start_us, end_us, _before(inputs, start_us, end_us))
        values = {"seconds": (end_us - start_us) // SECOND_US, "reason": cameras[0]["reason"], "cameras": cameras}
        only = gaps[0][1] if len(gaps) == 1 else None
        limits = {"seconds": thresholds.camera_down_s}
        found.append(_flag(inputs, "CAMERA_DOWN", "yellow", *window, values, limits, only))
    return found


def _video_gap(inputs: SessionInputs, record: AttendanceRecord, thresholds: Thresholds) -> list[Flag]:
    """Times of which no camera of the room has a picture: each long one, or the session if short ones add up."""
    limits = {"seconds": thresholds.video_gap_s, "coverage": float(thresholds.video_least_coverage)}
    covered = recorded_spans(inputs, inputs.watched_from_us, inputs.until_us)
    edges = [inputs.watched_from_us, *(edge for span in covered for edge in span), inputs.until_us]
    blind = [(edges[at], edges[at + 1]) for at in range(0, len(edges), 2) if edges[at + 1] > edges[at]]
    share = record.room.covered_share
    coverage = None if share is None else round(share, 4)
    found = []
    for start_us, end_us in blind:
        if end_us - start_us > thresholds.video_gap_s * SECOND_US:
            values = {"seconds": (end_us - start_us) // SECOND_US, "coverage": coverage}
            window = (start_us, end_us, _before(inputs, start_us, end_us))
            found.append(_flag(inputs, "VIDEO_GAP", "yellow", *window, values, limits))
    short = share is not None and share < thresholds.video_least_coverage
    # While the session runs, the share of its first minutes says little.
    if not found and short and inputs.ended:
        longest = max(end_us - start_us for start_us, end_us in blind)
        values = {"seconds": longest // SECOND_US, "coverage": coverage}
        window = (inputs.start_us, inputs.end_us, _before(inputs, *blind[0]))
        found.append(_flag(inputs, "VIDEO_GAP", "yellow", *window, values, limits))
    return found


def _before(inputs: SessionInputs, start_us: int, end_us: int) -> int:
    """Where to begin playing to see the picture go away; after a gap at the very start, where it comes."""
    return end_us if start_us <= inputs.watched_from_us else max(inputs.start_us, start_us - _BEFORE_GAP_US)


def _share(part: float, whole: int) -> float:
    return round(part / whole, 4)


def _flag(
    inputs: SessionInputs,
    code: FlagCode,
    severity: Severity,
    start_us: int,
    end_us: int,
    moment_us: int,
    values: Mapping[str, Any],
    limits: Mapping[str, Any],
    camera_id: str | None = None,
) -> Flag:
    live = inputs.now_us is not None
    return Flag(code, severity, start_us, end_us, moment_us, values, limits, live, camera_id)
