"""Keeps decisions: makes them for a class, writes a new version only where something changed, reads what is in force.

Every version stays. `inputs_digest` covers all facts, all parameters and the rules' version, so whether a decision
still holds can be asked without making it. Does not belong here: what is decided (rules.py), who may ask (shike.api).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.tables.training import TrainingClassRow
from shike.capture.moment import from_us
from shike.subsidy.case import Case, SessionFact
from shike.subsidy.decision import body_of
from shike.subsidy.facts import cases_of
from shike.subsidy.parameters import PolicyParameters, shipped
from shike.subsidy.rules import VERSION, decide
from shike.subsidy.tables import DecisionRow


@dataclass(frozen=True, slots=True)
class Made:
    """What came of deciding a class: how many new versions, how many decisions that hold as they are."""

    new: int
    unchanged: int


def decide_class(
    db: DbSession, of_class: TrainingClassRow, now_us: int, parameters: PolicyParameters | None = None
) -> Made:
    """Decide every trainee of a class anew; equal inputs keep the version. On SubsidyError nothing was kept."""
    rates = parameters or shipped()
    standing, new = decisions_in_force(db, of_class.id), 0
    cases = cases_of(db, of_class, now_us)
    for case, decision in [(case, decide(case, rates)) for case in cases]:
        before, digest = standing.get(case.trainee_id), digest_of(case, rates)
        if before is not None and before.inputs_digest == digest:
            continue
        new += 1
        db.add(
            DecisionRow(
                class_id=case.class_id,
                trainee_id=case.trainee_id,
                rule=case.rule,
                version=before.version + 1 if before else 1,
                verdict=decision.verdict.value,
                amount_fen=decision.amount_fen,
                body=body_of(decision) | {"rules_version": VERSION, "sessions": cells(case.sessions)},
                inputs_digest=digest,
                made_at=from_us(now_us),
            )
        )
    db.flush()
    return Made(new, len(cases) - new)


def decisions_in_force(db: DbSession, class_id: str) -> dict[str, DecisionRow]:
    """The highest version of every decision of a class, by trainee."""
    query = select(DecisionRow).where(DecisionRow.class_id == class_id).order_by(DecisionRow.version)
    return {decision.trainee_id: decision for decision in db.scalars(query)}


def history(db: DbSession, class_id: str, trainee_id: str) -> list[DecisionRow]:
    """Every version for a trainee of a class, newest first."""
    query = select(DecisionRow).where(DecisionRow.class_id == class_id, DecisionRow.trainee_id == trainee_id)
    return list(db.scalars(query.order_by(DecisionRow.version.desc())))


def current_digests(
    db: DbSession, of_class: TrainingClassRow, now_us: int, parameters: PolicyParameters | None = None
) -> Mapping[str, str]:
    """What `inputs_digest` would be now, by trainee: a decision with another one is out of date."""
    return {case.trainee_id: digest_of(case, parameters or shipped()) for case in cases_of(db, of_class, now_us)}


def digest_of(case: Case, parameters: PolicyParameters) -> str:
    """SHA-256 over everything that a decision is made from."""
    facts = json.dumps(asdict(case), default=str, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256("\n".join((VERSION, parameters.digest, facts)).encode()).hexdigest()


def cells(sessions: Iterable[SessionFact]) -> list[dict[str, Any]]:
    """What each class session came to for the trainee, as JSON: hours are Decimals in text."""
    return [
        {
            "class_session_id": each.session_id,
            "sequence": each.sequence,
            "on": each.on.isoformat(),
            "status": each.status,
            "planned_hours": str(each.planned_hours),
            "sure_hours": str(each.sure_hours),
            "contested_hours": str(each.contested_hours),
            "final": each.held,
            "expected": each.expected,
            "record_version": each.record_version,
            "flags": [asdict(flag) for flag in each.flags],
        }
        for each in sessions
    ]
