"""The flags of a class session, which a supervisor should look at: a pure function of its findings.

Five of the eight codes accuse. They need an accepted room and enough valid samples, and they fire only if the whole
interval of the count is on the wrong side of the limit; what is unknown counts in favour of the class. Not here: what
a flag's values mean (flag_facts.py), storing flags (versions.py). Formulas: docs/design/judgement.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from shike.attendance.judgement.findings import SessionFindings
from shike.attendance.judgement.flag_facts import (
    BeginLimits,
    CameraDownFacts,
    CameraDownLimits,
    CameraDownValues,
    DownCamera,
    EarlyEndFacts,
    EarlyEndValues,
    EmptyRoomFacts,
    EmptyRoomLimits,
    EmptyRoomValues,
    FlagCode,
    FlagFacts,
    LateStartFacts,
    LateStartValues,
    LowConfidenceFacts,
    LowConfidenceLimits,
    LowConfidenceValues,
    LowTurnoutFacts,
    LowTurnoutLimits,
    LowTurnoutValues,
    UnseenFacts,
    UnseenLimits,
    UnseenValues,
    VideoGapFacts,
    VideoGapLimits,
    VideoGapValues,
)
from shike.attendance.judgement.inputs import MINUTE_US, SECOND_US, FootageSpan, SessionInputs
from shike.attendance.judgement.minutes import Against, first_clear, samples_in
from shike.attendance.judgement.room_counts import RoomCount
from shike.attendance.judgement.thresholds import Thresholds
from shike.capture.moment import from_us, rfc3339
from shike.capture.spans import Span

Severity = Literal["red", "yellow", "info"]

ACCUSING: frozenset[FlagCode] = frozenset({"EMPTY_ROOM", "LATE_START", "EARLY_END", "LOW_TURNOUT", "SIGNIN_GT_COUNT"})
RULES = "flags-2"
"""Version of the rules below, stored with each flag. Raise it whenever a rule changes."""
_BEFORE_GAP_US = 5 * SECOND_US


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing to look at, in [start, end). Times in µs UTC.

    `moment_us`: where to begin playing. `live`: the session is not settled, and the flag may be withdrawn.
    `camera_id`: the camera that the flag is about, if it is about one.
    """

    facts: FlagFacts
    severity: Severity
    start_us: int
    end_us: int
    moment_us: int
    live: bool
    camera_id: str | None = None

    @property
    def code(self) -> FlagCode:
        return self.facts.code


def flags_of(findings: SessionFindings) -> tuple[Flag, ...]:
    """The flags of a class session, in order of time."""
    flags: list[Flag] = []
    if findings.may_accuse:
        flags += _empty_room(findings)
        if findings.empty_room is None:
            # EMPTY_ROOM covers what LATE_START and EARLY_END would say.
            flags += [*_late_start(findings), *_early_end(findings)]
        flags += [*_low_turnout(findings), *_unseen(findings)]
    if findings.inputs.coverage:
        flags += [*_low_confidence(findings), *_camera_down(findings), *_video_gap(findings)]
    playable = (_playable(flag, findings.recorded) for flag in flags)
    return tuple(sorted(playable, key=lambda flag: (flag.start_us, flag.code)))


def _playable(flag: Flag, recorded: Sequence[Span]) -> Flag:
    """The flag with the first recorded moment at or after its own, if there is one before the window ends."""
    at_us = next((max(begin, flag.moment_us) for begin, end in recorded if end > flag.moment_us), flag.moment_us)
    return replace(flag, moment_us=at_us) if at_us < flag.end_us else flag


def _empty_room(findings: SessionFindings) -> Iterator[Flag]:
    inputs, thresholds, empty = findings.inputs, findings.thresholds, findings.empty_room
    if empty is None:
        return
    facts = EmptyRoomFacts(
        "EMPTY_ROOM",
        EmptyRoomValues(
            empty_samples=empty.empty,
            samples=empty.samples,
            share=_share(empty.empty, empty.samples),
            most_seen=empty.most_seen,
            signed_in=empty.signed_in,
        ),
        EmptyRoomLimits(
            most_people=inputs.empty_up_to(thresholds),
            share=float(thresholds.empty_least_share),
            margin_min=thresholds.empty_margin_min,
        ),
    )
    yield Flag(facts, "red", empty.start_us, empty.end_us, empty.moment_us, _live(inputs))


def _not_going_on(findings: SessionFindings) -> Against:
    """Whether a sample proves that no class is going on: H < 50 % of P; or, if P = 0, an empty room."""
    empty = findings.inputs.empty_up_to(findings.thresholds)

    def against(sample: RoomCount) -> bool:
        people = findings.signed_in.at(sample.at_us)
        if people == 0:
            return sample.high <= empty
        return sample.high < findings.thresholds.begin_share * people

    return against


def _late_start(findings: SessionFindings) -> Iterator[Flag]:
    inputs, thresholds, minutes = findings.inputs, findings.thresholds, findings.minutes
    if not minutes:
        return
    against = _not_going_on(findings)
    first = first_clear(minutes, against, thresholds.begin_stretch_min)
    begun_us = inputs.end_us if first is None else minutes[first].start_us
    if begun_us - inputs.start_us <= thresholds.begin_margin_min * MINUTE_US:
        return
    after = [] if first is None else samples_in(minutes[first:])
    begun = next((each for each in after if not against(each)), None)
    values = LateStartValues(
        planned_at=rfc3339(from_us(inputs.start_us)),
        begun_at=None if begun is None else rfc3339(from_us(begun.at_us)),
        late_min=(begun_us - inputs.start_us) // MINUTE_US,
        count=None if begun is None else begun.count,
        signed_in=None if begun is None else findings.signed_in.at(begun.at_us),
    )
    facts = LateStartFacts("LATE_START", values, _begin_limits(thresholds))
    yield Flag(facts, "yellow", inputs.start_us, begun_us, inputs.start_us, _live(inputs))


def _early_end(findings: SessionFindings) -> Iterator[Flag]:
    inputs, thresholds, minutes = findings.inputs, findings.thresholds, findings.minutes
    if not minutes or not inputs.ended:
        return
    against = _not_going_on(findings)
    backwards = tuple(reversed(minutes))
    last = first_clear(backwards, against, thresholds.begin_stretch_min)
    over_us = inputs.start_us if last is None else backwards[last].end_us
    if inputs.end_us - over_us <= thresholds.begin_margin_min * MINUTE_US:
        return
    before = [each for each in findings.samples if each.at_us < over_us and not against(each)]
    ended = before[-1] if before else None
    values = EarlyEndValues(
        planned_at=rfc3339(from_us(inputs.end_us)),
        ended_at=None if ended is None else rfc3339(from_us(ended.at_us)),
        early_min=(inputs.end_us - over_us) // MINUTE_US,
        count=None if ended is None else ended.count,
        signed_in=None if ended is None else findings.signed_in.at(ended.at_us),
    )
    facts = EarlyEndFacts("EARLY_END", values, _begin_limits(thresholds))
    yield Flag(facts, "yellow", over_us, inputs.end_us, over_us, _live(inputs))


def _begin_limits(thresholds: Thresholds) -> BeginLimits:
    return BeginLimits(
        share=float(thresholds.begin_share),
        stretch_min=thresholds.begin_stretch_min,
        margin_min=thresholds.begin_margin_min,
    )


def _low_turnout(findings: SessionFindings) -> Iterator[Flag]:
    inputs, thresholds, room = findings.inputs, findings.thresholds, findings.room
    expected = inputs.present_expected
    if room.median_high is None or not expected:
        return
    if not inputs.ended and room.minutes < thresholds.turnout_after_min:
        return
    # A median of whole numbers is a multiple of one half: twice it is exact.
    twice = int(room.median_high * 2)
    if twice >= 2 * thresholds.turnout_yellow * expected:
        return
    severity: Severity = "red" if twice < 2 * thresholds.turnout_red * expected else "yellow"
    low = next(each for each in findings.samples if each.high < thresholds.turnout_yellow * expected)
    values = LowTurnoutValues(
        median=room.median,
        median_low=room.median_low,
        median_high=room.median_high,
        expected=expected,
        share=_share(room.median or 0, expected),
    )
    limits = LowTurnoutLimits(yellow=float(thresholds.turnout_yellow), red=float(thresholds.turnout_red))
    facts = LowTurnoutFacts("LOW_TURNOUT", values, limits)
    yield Flag(facts, severity, inputs.start_us, inputs.until_us, low.at_us, _live(inputs))


def _unseen(findings: SessionFindings) -> Iterator[Flag]:
    thresholds = findings.thresholds
    limits = UnseenLimits(
        people=thresholds.contradiction_least_people,
        share=float(thresholds.contradiction_least_share),
        minutes=thresholds.contradiction_min,
    )
    for each in findings.unseen:
        values = UnseenValues(
            minutes=each.minutes,
            at=rfc3339(from_us(each.at_us)),
            signed_in=each.signed_in,
            count=each.count,
            high=each.high,
            unseen=each.signed_in - each.high,
        )
        facts = UnseenFacts("SIGNIN_GT_COUNT", values, limits)
        yield Flag(facts, "red", each.start_us, each.end_us, each.start_us, _live(findings.inputs))


def _low_confidence(findings: SessionFindings) -> Iterator[Flag]:
    inputs, thresholds, room = findings.inputs, findings.thresholds, findings.room
    if not room.minutes or room.valid_minutes >= thresholds.confidence_least_share * room.minutes:
        return
    if not inputs.ended and room.minutes < thresholds.confidence_after_min:
        return
    values = LowConfidenceValues(room.valid_minutes, room.minutes, round(room.valid_share, 4))
    limits = LowConfidenceLimits(float(thresholds.confidence_least_share))
    facts = LowConfidenceFacts("LOW_CONFIDENCE", values, limits)
    yield Flag(facts, "info", inputs.start_us, inputs.until_us, inputs.start_us, _live(inputs))


def _camera_down(findings: SessionFindings) -> Iterator[Flag]:
    """Cameras of the room that went down at the same time share one flag."""
    inputs, limits = findings.inputs, CameraDownLimits(findings.thresholds.camera_down_s)
    down: dict[int, list[tuple[FootageSpan, str]]] = {}
    for camera in inputs.coverage:
        for gap in camera.gaps:
            # `off_schedule`: the camera was not to record, so it is not down. VIDEO_GAP still reports the gap.
            if gap.end_us - gap.start_us >= limits.seconds * SECOND_US and gap.reason != "off_schedule":
                down.setdefault(gap.start_us, []).append((gap, camera.camera_id))
    for start_us, gaps in sorted(down.items()):
        cameras = tuple(
            DownCamera(camera_id, (gap.end_us - start_us) // SECOND_US, gap.reason)
            for gap, camera_id in sorted(gaps, key=lambda each: each[1])
        )
        end_us = max(gap.end_us for gap, _ in gaps)
        values = CameraDownValues((end_us - start_us) // SECOND_US, cameras[0].reason, cameras)
        facts = CameraDownFacts("CAMERA_DOWN", values, limits)
        only = gaps[0][1] if len(gaps) == 1 else None
        moment_us = _before(inputs, start_us, end_us)
        yield Flag(facts, "yellow", start_us, end_us, moment_us, _live(inputs), only)


def _video_gap(findings: SessionFindings) -> Iterator[Flag]:
    """Each long time without footage of any camera; or the whole session, if the short ones add up."""
    inputs, thresholds, share = findings.inputs, findings.thresholds, findings.room.covered_share
    limits = VideoGapLimits(thresholds.video_gap_s, float(thresholds.video_least_coverage))
    coverage = None if share is None else round(share, 4)
    edges = [inputs.watched_from_us, *(edge for span in findings.watched for edge in span), inputs.until_us]
    blind = [(edges[at], edges[at + 1]) for at in range(0, len(edges), 2) if edges[at + 1] > edges[at]]
    long = [(start_us, end_us) for start_us, end_us in blind if end_us - start_us > limits.seconds * SECOND_US]
    for start_us, end_us in long:
        facts = VideoGapFacts("VIDEO_GAP", VideoGapValues((end_us - start_us) // SECOND_US, coverage), limits)
        yield Flag(facts, "yellow", start_us, end_us, _before(inputs, start_us, end_us), _live(inputs))
    short = share is not None and share < thresholds.video_least_coverage
    # Only after the end: early in a session the share of its first minutes is not meaningful.
    if not long and short and inputs.ended:
        longest_us = max(end_us - start_us for start_us, end_us in blind)
        facts = VideoGapFacts("VIDEO_GAP", VideoGapValues(longest_us // SECOND_US, coverage), limits)
        yield Flag(facts, "yellow", inputs.start_us, inputs.end_us, _before(inputs, *blind[0]), _live(inputs))


def _before(inputs: SessionInputs, start_us: int, end_us: int) -> int:
    """Where to begin playing to see the picture stop; after a gap at the very start, where it comes back."""
    return end_us if start_us <= inputs.watched_from_us else max(inputs.start_us, start_us - _BEFORE_GAP_US)


def _live(inputs: SessionInputs) -> bool:
    return inputs.now_us is not None


def _share(part: float, whole: int) -> float:
    return round(part / whole, 4)
