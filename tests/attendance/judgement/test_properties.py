"""Properties of judgement over random class sessions: it repeats exactly, and true evidence adds no accusation."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from shike.attendance.judgement.findings import findings_of
from shike.attendance.judgement.flags import ACCUSING, Flag, flags_of
from shike.attendance.judgement.inputs import CameraCoverage, FootageSpan, SessionInputs, Sign
from shike.attendance.judgement.records import AttendanceRecord, make_record
from shike.attendance.judgement.room_counts import RoomCount

from .judged import EVERY_US, THRESHOLDS, at, minutes, roster

START, END = at("08:00"), at("09:00")
PEOPLE = 8


@st.composite
def class_sessions(draw: st.DrawFn) -> SessionInputs:
    """An hour with breaks, sign-ins, counts in blocks of minutes, some of them not countable or missing."""
    counts: list[RoomCount] = []
    us = START
    while us < END:
        block = min(END, us + minutes(draw(st.sampled_from([1, 3, 6, 15, 20]))))
        count = draw(st.sampled_from([None, 0, 0, 1, 4, PEOPLE]))
        spread = draw(st.sampled_from([0, 0, 1]))
        for moment in range(us, block, EVERY_US):
            if count is not None:
                low, high = max(0, count - spread), count + spread
                counts.append(RoomCount(moment, count, low, high, True, ("front",)))
        us = block
    signs = draw(
        st.lists(
            st.builds(
                Sign,
                at_us=st.integers(-10, 70).map(lambda minute: START + minutes(minute)),
                trainee_id=st.sampled_from([person.trainee_id for person in roster(PEOPLE)]),
                kind=st.sampled_from(["in", "in", "out"]),
            ),
            max_size=30,
        )
    )
    now = draw(st.sampled_from([None, None, START + minutes(25), END + minutes(5)]))
    until = END if now is None else min(END, now)
    return SessionInputs(
        session_id="session",
        start_us=START,
        end_us=END,
        breaks=draw(st.sampled_from([(), ((at("08:25"), at("08:35")),)])),
        expected=roster(PEOPLE, draw(st.integers(0, 2))),
        signs=tuple(signs),
        counts=tuple(each for each in counts if each.at_us < until),
        coverage=(CameraCoverage("front", (FootageSpan(START, until),), ()),),
        accepted=draw(st.sampled_from([True, True, True, False])),
        now_us=now,
    )


def judged(inputs: SessionInputs) -> tuple[Flag, ...]:
    return flags_of(findings_of(inputs, THRESHOLDS))


def recorded(inputs: SessionInputs) -> AttendanceRecord:
    return make_record(findings_of(inputs, THRESHOLDS))


def accused(flags: tuple[Flag, ...]) -> set[tuple[str, int]]:
    """Every (code, minute) that a flag accuses. EMPTY_ROOM also counts as LATE_START and EARLY_END of every minute."""
    minutes_of_code: set[tuple[str, int]] = set()
    for flag in flags:
        if flag.code in ACCUSING:
            minutes_of_code |= {(flag.code, minute) for minute in range(flag.start_us, flag.end_us, minutes(1))}
        if flag.code == "EMPTY_ROOM":
            every = range(START, END, minutes(1))
            minutes_of_code |= {(code, minute) for code in ("LATE_START", "EARLY_END") for minute in every}
    return minutes_of_code


@given(class_sessions())
def test_judging_twice_gives_an_equal_record(inputs: SessionInputs) -> None:
    assert recorded(inputs) == recorded(inputs)
    assert judged(inputs) == judged(inputs)


@given(class_sessions(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(inputs: SessionInputs, shuffler: random.Random) -> None:
    signs, counts, expected = list(inputs.signs), list(inputs.counts), list(inputs.expected)
    for rows in (signs, counts, expected):
        shuffler.shuffle(rows)
    other = replace(inputs, signs=tuple(signs), counts=tuple(counts), expected=tuple(expected))
    assert recorded(other) == recorded(inputs)


@given(class_sessions(), st.data())
def test_without_a_sign_in_nobody_is_credited_more(inputs: SessionInputs, data: st.DataObject) -> None:
    ins = [sign for sign in inputs.signs if sign.kind == "in"]
    gone = set(data.draw(st.lists(st.sampled_from(ins), unique=True))) if ins else set()
    fewer = replace(inputs, signs=tuple(sign for sign in inputs.signs if sign not in gone))
    before = {person.trainee_id: person for person in recorded(inputs).people}
    for person in recorded(fewer).people:
        assert person.credited_minutes <= before[person.trainee_id].credited_minutes


@given(class_sessions())
def test_nobody_is_credited_more_than_the_plan(inputs: SessionInputs) -> None:
    record = recorded(inputs)
    assert all(0 <= person.credited_minutes <= record.planned_minutes for person in record.people)


@settings(max_examples=200)
@given(class_sessions(), st.lists(st.integers(0, 59 * 60), min_size=1, max_size=30))
def test_more_pictures_of_a_class_that_takes_place_accuse_nobody(inputs: SessionInputs, seconds: list[int]) -> None:
    """Adds pictures that show everybody. Leaves out sessions that only these pictures make fit to be judged."""
    before = judged(inputs)
    if not inputs.accepted or any(flag.code == "LOW_CONFIDENCE" for flag in before):
        return
    if recorded(inputs).room.valid_share < float(THRESHOLDS.confidence_least_share):
        return
    until = END if inputs.now_us is None else min(END, inputs.now_us)
    moments = [us for second in seconds if (us := START + second * 1_000_000 + 7) < until]
    full = tuple(RoomCount(us, PEOPLE, PEOPLE, PEOPLE, True, ("front",)) for us in moments)
    after = judged(replace(inputs, counts=inputs.counts + full))
    assert accused(after) <= accused(before)


@settings(max_examples=200)
@given(class_sessions(), st.integers(0, 50), st.integers(1, 60))
def test_one_more_person_who_is_really_there_accuses_nobody(inputs: SessionInputs, first: int, length: int) -> None:
    """Somebody signs in, sits in every picture until they sign out, and signs out."""
    come, gone = START + minutes(first), START + minutes(first + length)
    newcomer = (Sign(come, "newcomer", "in"), Sign(gone, "newcomer", "out"))
    counts = tuple(
        replace(each, count=each.count + 1, low=each.low + 1, high=each.high + 1) if come <= each.at_us < gone else each
        for each in inputs.counts
    )
    after = judged(replace(inputs, signs=inputs.signs + newcomer, counts=counts))
    assert accused(after) <= accused(judged(inputs))


@given(class_sessions())
def test_a_room_that_is_not_accepted_accuses_nobody(inputs: SessionInputs) -> None:
    unaccepted = replace(inputs, accepted=False)
    assert not {flag.code for flag in judged(unaccepted)} & ACCUSING
    assert not recorded(unaccepted).review


@given(class_sessions())
def test_a_room_that_cannot_be_judged_accuses_nobody(inputs: SessionInputs) -> None:
    codes = {flag.code for flag in judged(inputs)}
    assert "LOW_CONFIDENCE" not in codes or not codes & ACCUSING


@given(class_sessions())
def test_a_wider_interval_accuses_no_more(inputs: SessionInputs) -> None:
    wider = tuple(replace(each, high=each.high + 1) for each in inputs.counts)
    assert accused(judged(replace(inputs, counts=wider))) <= accused(judged(inputs))


@given(class_sessions())
def test_a_contradiction_never_takes_credit_away(inputs: SessionInputs) -> None:
    trusted = {person.trainee_id: person for person in recorded(replace(inputs, counts=())).people}
    for person in recorded(inputs).people:
        assert person.credited_minutes == trusted[person.trainee_id].credited_minutes
