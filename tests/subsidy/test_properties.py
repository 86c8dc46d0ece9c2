"""Properties of decisions over random cases."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shike.subsidy.case import Benefit, Case, FlagFact, SessionFact, WorkTraining
from shike.subsidy.decision import Verdict
from shike.subsidy.parameters import shipped
from shike.subsidy.rules import decide

FIRST = date(2026, 3, 2)
RANK = {Verdict.NOT_ELIGIBLE: 0, Verdict.REVIEW: 1, Verdict.ELIGIBLE: 2}
CODES = ["EMPTY_ROOM", "LATE_START", "EARLY_END", "SIGNIN_GT_COUNT", "LOW_TURNOUT", "VIDEO_GAP"]

flags = st.builds(
    FlagFact, st.uuids().map(str), st.sampled_from(CODES), st.sampled_from(["open", "confirmed", "rejected"])
)


@st.composite
def sessions(draw: st.DrawFn) -> SessionFact:
    number = draw(st.integers(1, 60))
    planned = Decimal(draw(st.integers(1, 8)))
    # Most sessions are attended: otherwise almost every case would be denied.
    sure = planned * draw(st.sampled_from([1, 1, 1, 1, 0])) * draw(st.sampled_from([10, 10, 9, 5])) / 10
    contested = (planned - sure) * draw(st.sampled_from([0, 0, 1]))
    return SessionFact(
        session_id=f"session-{number}",
        sequence=number,
        on=FIRST + timedelta(days=number),
        planned_hours=planned,
        status="present",
        sure_hours=sure,
        contested_hours=contested,
        held=draw(st.sampled_from([True, True, True, False])),
        expected=draw(st.sampled_from([True, True, True, False])),
        flags=tuple(draw(st.lists(flags, max_size=1))),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    held = tuple(draw(st.lists(sessions(), min_size=1, max_size=8)))
    rule = draw(st.sampled_from(["new_hire", "upgrade"]))
    return Case(
        class_id="class",
        trainee_id="trainee",
        rule=rule,  # type: ignore[arg-type]
        starts_on=FIRST,
        planned_hours=sum((each.planned_hours for each in held), Decimal(0)) + draw(st.sampled_from([0, 0, 4])),
        finished=draw(st.sampled_from([True, True, False])),
        occupation="焊工",
        level=draw(st.sampled_from(["初级工", "中级工", "高级工", "技师", None])),
        county_review_ref=draw(st.sampled_from(["1", "1", None])),
        category=draw(st.sampled_from([None, None, "毕业年度高校毕业生"])),
        self_paid=draw(st.sampled_from([False, False, True])),
        employer=draw(st.sampled_from(["甲", "甲", None])),
        hire_date=draw(st.sampled_from([FIRST, FIRST - timedelta(days=30), FIRST - timedelta(days=999), None])),
        result=draw(st.sampled_from(["passed", "passed", "passed", "failed", None])),
        benefits=tuple(draw(st.lists(st.builds(Benefit, st.just("b"), st.just(FIRST), st.just("电工"), st.none())))),
        work_training=tuple(draw(st.lists(st.just(WorkTraining("乙", "2026-01")), max_size=1))),
    )


@st.composite
def with_less_attendance(draw: st.DrawFn) -> tuple[Case, Case]:
    """A case, and the same case with some sure or contested hours, or whole sessions, removed."""
    case = draw(cases())
    less = []
    for each in case.sessions:
        keep_sure, keep_contested = draw(st.tuples(*[st.sampled_from([0, 3, 10, 10])] * 2))
        less.append(
            replace(
                each,
                sure_hours=each.sure_hours * keep_sure / 10,
                contested_hours=each.contested_hours * keep_contested / 10,
            )
        )
    return case, replace(case, sessions=tuple(less))


@given(with_less_attendance())
def test_taking_attendance_away_never_improves_a_decision(pair: tuple[Case, Case]) -> None:
    before, after = (decide(case, shipped()) for case in pair)
    if before.verdict is Verdict.REFERRED:
        assert after.verdict is Verdict.REFERRED
        return
    assert RANK[after.verdict] <= RANK[before.verdict]
    assert (after.amount_fen or 0) <= (before.amount_fen or 0)


@given(cases())
def test_hours_that_become_contested_never_improve_a_decision_and_never_deny_it_by_themselves(case: Case) -> None:
    contested = tuple(
        replace(each, sure_hours=Decimal(0), contested_hours=each.sure_hours + each.contested_hours)
        for each in case.sessions
    )
    before, after = decide(case, shipped()), decide(replace(case, sessions=contested), shipped())
    if before.verdict is Verdict.REFERRED:
        return
    assert RANK[after.verdict] <= RANK[before.verdict]
    assert (after.verdict is Verdict.NOT_ELIGIBLE) == (before.verdict is Verdict.NOT_ELIGIBLE)


@given(cases(), st.lists(flags, min_size=1, max_size=3))
def test_a_flag_holds_a_decision_back_and_never_denies_it(case: Case, more: list[FlagFact]) -> None:
    flagged = tuple(replace(each, flags=(*each.flags, *more)) for each in case.sessions)
    before, after = decide(case, shipped()), decide(replace(case, sessions=flagged), shipped())
    assert (after.verdict is Verdict.NOT_ELIGIBLE) == (before.verdict is Verdict.NOT_ELIGIBLE)
    if before.verdict is Verdict.REVIEW:
        assert after.verdict is Verdict.REVIEW


@given(cases())
def test_a_decision_is_the_same_when_it_is_made_again_and_its_verdict_follows_from_its_reasons(case: Case) -> None:
    decision = decide(case, shipped())
    assert decision == decide(case, shipped())
    met = [reason.met for reason in decision.reasons]
    if decision.verdict is Verdict.ELIGIBLE:
        assert all(met) and decision.amount_fen
    if decision.verdict is Verdict.NOT_ELIGIBLE:
        assert False in met and decision.amount_fen is None
    assert decision.amount_fen != 0
    assert (decision.verdict is Verdict.REVIEW) <= bool(decision.missing)
