"""The cases in tests/policy, decided by the rules with the shipped parameters."""

import pytest

from shike.subsidy import errors
from shike.subsidy.decision import Decision
from shike.subsidy.parameters import shipped
from shike.subsidy.rules import decide

from .cases import EXPECTED_WORDS, VERDICTS, Written, case_of, written_cases

CASES = list(written_cases())


def test_there_are_enough_cases_and_no_two_have_the_same_name() -> None:
    names = [case.name for case in CASES]
    assert len(names) >= 25
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("written", CASES, ids=[case.name for case in CASES])
def test_a_case_gives_the_expected_decision(written: Written) -> None:
    expected = written.expected
    assert expected.keys() <= EXPECTED_WORDS
    if "错误" in expected:
        with pytest.raises(getattr(errors, expected["错误"])):
            decide(case_of(written.facts), shipped())
        return
    decision = decide(case_of(written.facts), shipped())
    assert decision.verdict == VERDICTS[expected["结论"]], shown(decision)
    assert decision.amount_fen == (None if expected["金额元"] == "无" else expected["金额元"] * 100)
    met = {reason.code: reason.met for reason in decision.reasons}
    assert {code for code in expected.get("符合", ()) if met[code] is not True} == set(), shown(decision)
    assert {code for code, holds in met.items() if holds is False} == set(expected.get("不符合", ())), shown(decision)
    if decision.verdict != "referred":
        assert {code for code, holds in met.items() if holds is None} == set(expected.get("未定", ())), shown(decision)
    assert [f"{each.fact} 由 {each.who}" for each in decision.missing] == expected.get("缺", missing_of(decision))
    clauses = {reason.code: reason.clause for reason in decision.reasons}
    assert expected.get("条款", {}).items() <= clauses.items()
    assert expected.get("收款", decision.payee) == decision.payee
    if "另可" in expected:
        assert [each.clause for each in decision.entitlements] == expected["另可"]


def shown(decision: Decision) -> str:
    return "; ".join(f"{reason.code}: {reason.met}" for reason in decision.reasons)


def missing_of(decision: Decision) -> list[str]:
    return [f"{each.fact} 由 {each.who}" for each in decision.missing]
