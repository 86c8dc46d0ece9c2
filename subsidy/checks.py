"""The conditions of the rules, one per function: each takes a case and returns one reason.

Not here: which conditions a subsidy has (rules.py). Design: docs/design/subsidy.md.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from shike.subsidy.case import Case
from shike.subsidy.decision import AttendanceSum, Evidence, Fact, MissingFact, Reason
from shike.subsidy.parameters import PolicyParameters

# Flags that contradict sign-ins: a decision waits until a supervisor has judged them. LOW_TURNOUT is not among them: a
# room with fewer people than the roster contradicts nobody who signed in. Camera flags accuse nobody.
CONTRADICTING: Final = frozenset({"EMPTY_ROOM", "LATE_START", "EARLY_END", "SIGNIN_GT_COUNT"})
STANDING: Final = frozenset({"open", "confirmed"})
POINTED_ELSEWHERE: Final = frozenset({"贫困劳动者", "毕业年度高校毕业生"})  # S22
INDEPENDENT_LEVELS: Final = frozenset({"技师", "高级技师"})  # S09


def attendance_sum(case: Case) -> AttendanceSum:
    """Hours over the class. Planned hours without a final record may still come; after the class has ended, only those
    of its sessions."""
    sure = sum((each.sure_hours for each in case.sessions), Decimal(0))
    contested = sum((each.contested_hours for each in case.sessions), Decimal(0))
    settled = sum((each.planned_hours for each in case.sessions if each.held), Decimal(0))
    awaited = sum((each.planned_hours for each in case.sessions if not each.held), Decimal(0))
    still_to_come = awaited if case.finished else max(awaited, case.planned_hours - settled)
    return AttendanceSum(case.planned_hours, sure, contested, max(Decimal(0), still_to_come))


def attended(case: Case, parameters: PolicyParameters) -> Reason:
    """The attended share of planned hours is at least the locality's minimum.

    Met if the sure hours are enough; not met if all contested and pending hours would not be enough; else a person
    decides.
    """
    least = parameters.on("person_attendance_min", case.starts_on)
    hours = attendance_sum(case)
    met: bool | None = None
    missing: list[MissingFact] = []
    if hours.planned <= 0:
        missing.append(MissingFact("planned_hours", "institution"))
    elif hours.low >= least.share:
        met = True
    elif hours.high < least.share:
        met = False
    else:
        missing += [MissingFact("contested_hours", "supervisor")] if hours.contested else []
        missing += [MissingFact("class_sessions", "institution")] if hours.pending else []
    return Reason(
        "attendance",
        met,
        least.clause,
        {
            "planned_hours": str(hours.planned),
            "sure_hours": str(hours.sure),
            "contested_hours": str(hours.contested),
            "pending_hours": str(hours.pending),
            "low_share": str(hours.low),
            "high_share": str(hours.high),
            "sessions": len(case.sessions),
        },
        least,
        tuple(Evidence("class_session", each.session_id) for each in case.sessions if each.contested_hours),
        tuple(missing),
    )


def uncontradicted(case: Case) -> Reason:
    """No contradicting flag is open or confirmed on a session in which this trainee was expected.

    It does not matter whether the trainee signed in: a trainee who stays away must not be better off than one who
    comes. A head count is evidence about a room, never about a person, so even a confirmed flag denies nothing: a
    person decides.
    """
    standing = [
        flag
        for session in case.sessions
        if session.expected
        for flag in session.flags
        if flag.code in CONTRADICTING and flag.state in STANDING
    ]
    unjudged = sum(flag.state == "open" for flag in standing)
    missing = [MissingFact("flag_verdict", "supervisor")] if unjudged else []
    if len(standing) > unjudged:
        missing.append(MissingFact("personal_attendance", "supervisor"))
    return Reason(
        "session_flags",
        None if standing else True,
        "S31",
        {"standing": len(standing), "open": unjudged, "codes": ",".join(sorted({flag.code for flag in standing}))},
        evidence=tuple(Evidence("flag", flag.flag_id) for flag in standing),
        missing=tuple(missing),
    )


def passed(case: Case, clause: str) -> Reason:
    """The trainee has passed the training."""
    met = None if case.result is None else case.result == "passed"
    missing = (MissingFact("result", "institution"),) if met is None else ()
    return Reason("passed", met, clause, {"result": case.result}, missing=missing)


def certified(case: Case) -> Reason:
    """The certificate has the level of the class, if the certificate's level is known."""
    differs = case.certificate_level is not None and case.certificate_level != case.level
    missing = (MissingFact("certificate", "institution"),) if differs else ()
    facts = {"certificate_level": case.certificate_level, "level": case.level}
    return Reason("certificate_level", None if differs else True, "S32", facts, missing=missing)


def hired_lately(case: Case, parameters: PolicyParameters) -> Reason:
    """The class began within the window after the hire date. If the hire date is later, a person checks the papers."""
    window = parameters.on("new_hire_window", case.starts_on)
    if case.hire_date is None:
        return Reason(
            "hire_window", None, "S05", {"hire_date": None}, window, missing=(MissingFact("hire_date", "employer"),)
        )
    days = (case.starts_on - case.hire_date).days
    facts: dict[str, Fact] = {
        "hire_date": case.hire_date.isoformat(),
        "starts_on": case.starts_on.isoformat(),
        "days": days,
    }
    if days < 0:
        return Reason("hire_window", None, "S05", facts, window, missing=(MissingFact("hire_date", "employer"),))
    return Reason("hire_window", days <= window.whole, "S05", facts, window)


def payee(case: Case, direct: str, dispatched: str) -> Reason:
    """The enterprise that uses the worker is known, and it claims the money (dispatched workers: S10, S11).

    `direct`, `dispatched`: clauses for the enterprise's own workers and for dispatched ones.
    """
    clause = dispatched if case.agency is not None else direct
    facts = {"employer": case.employer, "agency": case.agency, "claimed_by": case.claimed_by}
    if case.employer is None:
        return Reason("payee", None, clause, facts, missing=(MissingFact("employer", "institution"),))
    if case.claimed_by == "agency":
        return Reason("payee", None, clause, facts, missing=(MissingFact("claim_of_employer", "employer"),))
    return Reason("payee", True, clause, facts)


def reviewed_by_county(case: Case) -> Reason:
    """The county has reviewed the class: courses outside of the catalogue need this review too (S25)."""
    met = True if case.county_review_ref else None
    missing = () if met else (MissingFact("county_review", "county"),)
    return Reason("county_review", met, "S25", {"reference": case.county_review_ref}, missing=missing)


def no_work_training(case: Case, parameters: PolicyParameters) -> Reason:
    """No work-training subsidy was paid for this person, overall or by the same employer (a parameter, S15)."""
    scope = parameters.on("work_training_exclusion", case.starts_on)
    paid = [each for each in case.work_training if scope.value == "overall" or each.employer == case.employer]
    facts = {"months": len(paid), "employers": "、".join(sorted({each.employer for each in paid})) or None}
    return Reason("work_training", not paid, "S15", facts, scope)


def within_yearly_cap(case: Case, parameters: PolicyParameters) -> Reason:
    """Fewer benefits in the calendar year than the cap, or a named person's reason to exceed it (S33)."""
    cap = parameters.on("yearly_cap", case.starts_on)
    count = sum(each.on.year == case.starts_on.year for each in case.benefits)
    override = case.cap_override
    facts = {
        "year": case.starts_on.year,
        "had": count,
        "override_by": override.name if override else None,
        "override_reason": override.reason if override else None,
    }
    return Reason("yearly_cap", count < cap.whole or override is not None, "S33", facts, cap)


def first_of_level(case: Case, parameters: PolicyParameters) -> Reason:
    """No earlier benefit for the same occupation and level within the window (S33)."""
    window = parameters.on("same_level_window", case.starts_on)
    since = date.min if window.value is None else case.starts_on - timedelta(days=window.whole)
    same = [
        each
        for each in case.benefits
        if (each.occupation, each.level) == (case.occupation, case.level) and each.on >= since
    ]
    facts = {"occupation": case.occupation, "level": case.level, "had": len(same)}
    facts["earlier"] = same[0].reference if same else None
    return Reason("same_level", not same, "S33", facts, window)


def pointed_elsewhere(case: Case) -> Reason | None:
    """The reason why another policy decides (S09, S22), if one does. The decision then has no amount.

    S22 is about training outside of enterprises: with an employer these trainees are treated as other employees.
    """
    if case.self_paid and case.level in INDEPENDENT_LEVELS:
        return Reason("self_paid", None, "S09", {"level": case.level})
    if case.category in POINTED_ELSEWHERE and case.employer is None:
        return Reason("other_policy", None, "S22", {"category": case.category})
    return None
