"""The rules by clause: the conditions and the amount of each subsidy.

Pure functions that use only the standard library, a YAML reader and this folder: the same case and parameters give the
same decision. The parameters in force on the class's first day are used. Not here: single conditions (checks.py).
Design: docs/design/subsidy.md.
"""

from collections.abc import Callable, Mapping
from typing import Final

from shike.subsidy import checks
from shike.subsidy.case import Case
from shike.subsidy.decision import Decision, Entitlement, MissingFact, Reason, Verdict, verdict_of
from shike.subsidy.errors import UnknownParameter, UnknownRule
from shike.subsidy.parameters import PolicyParameters

VERSION: Final = "2026-11-23"  # raise it when a rule changes: stored decisions are then out of date
CERTIFICATE_LEVELS: Final = frozenset({"初级工", "中级工", "高级工"})


def new_hire(case: Case, parameters: PolicyParameters) -> Decision:
    """Pre-job training of new hires (S05; dispatched: S10): a flat rate for the enterprise that uses the worker."""
    rate = parameters.on("new_hire_rate", case.starts_on)
    reasons = (
        checks.attended(case, parameters),
        checks.uncontradicted(case),
        checks.passed(case, "S05"),
        checks.hired_lately(case, parameters),
        checks.payee(case, "S05", "S10"),
        checks.reviewed_by_county(case),
        checks.no_work_training(case, parameters),
        checks.within_yearly_cap(case, parameters),
        Reason("rate", True, "S05", {}, rate),
    )
    return _decision(case, reasons, rate.whole)


def upgrade(case: Case, parameters: PolicyParameters) -> Decision:
    """Skill upgrading of employees (S07; dispatched: S11): a rate per target level. Some levels have no rate."""
    rate = _upgrade_rate(case, parameters)
    reasons = (
        checks.attended(case, parameters),
        checks.uncontradicted(case),
        checks.passed(case, "S32"),
        checks.certified(case),
        rate,
        checks.payee(case, "S07", "S11"),
        checks.within_yearly_cap(case, parameters),
        checks.first_of_level(case, parameters),
    )
    return _decision(case, reasons, rate.parameter.whole if rate.parameter else None)


RULES: Final[Mapping[str, Callable[[Case, PolicyParameters], Decision]]] = {"new_hire": new_hire, "upgrade": upgrade}


def decide(case: Case, parameters: PolicyParameters) -> Decision:
    """Decide a case by its rule. Raises UnknownRule, NoValueYet."""
    if case.rule not in RULES:
        raise UnknownRule(f"no rule decides {case.rule}")
    elsewhere = checks.pointed_elsewhere(case)
    if elsewhere is not None:
        attendance = checks.attendance_sum(case)
        return Decision(case.rule, Verdict.REFERRED, None, None, case.starts_on, attendance, (elsewhere,))
    return RULES[case.rule](case, parameters)


def _upgrade_rate(case: Case, parameters: PolicyParameters) -> Reason:
    if case.level is None:
        return Reason("rate", None, "S07", {"level": None}, missing=(MissingFact("level", "institution"),))
    try:
        rate = parameters.on("upgrade_rate", case.starts_on, case.level)
    except UnknownParameter:
        return Reason("no_rate", False, "S07", {"level": case.level})
    return Reason("rate", True, "S07", {"level": case.level}, rate)


def _decision(case: Case, reasons: tuple[Reason, ...], amount_fen: int | None) -> Decision:
    verdict = verdict_of(reasons)
    payable = verdict in (Verdict.ELIGIBLE, Verdict.REVIEW)
    return Decision(
        case.rule,
        verdict,
        amount_fen if payable else None,
        case.employer,
        case.starts_on,
        checks.attendance_sum(case),
        reasons,
        _entitlements(case),
    )


def _entitlements(case: Case) -> tuple[Entitlement, ...]:
    """The subsidy of the unemployment insurance for a certificate (S08, S12), which excludes 技师 and 高级技师."""
    if case.rule == "upgrade" and case.result == "passed" and case.level in CERTIFICATE_LEVELS:
        return (Entitlement("unemployment_insurance", "S12" if case.agency else "S08"),)
    return ()
