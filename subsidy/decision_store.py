"""Decides a class, stores decisions in versions, and reads those in force.

A new version is written only if the inputs have changed; old versions stay. `inputs_digest` covers all facts, all
parameters and the version of the rules, so it shows whether a stored decision is out of date without deciding again.
Not here: the rules (rules.py), permissions (api/subsidy/decisions.py). Design: docs/design/subsidy.md.
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
    """The result of deciding a class: the number of new versions, and of decisions that are unchanged."""

    new: int
    unchanged: int


def decide_class(
    db: DbSession, of_class: TrainingClassRow, now_us: int, parameters: PolicyParameters | None = None
) -> Made:
    """Decide every trainee of a class. Equal inputs keep the stored version. After SubsidyError nothing is stored."""
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
    """The newest decision for each trainee of a class, by trainee id."""
    query = select(DecisionRow).where(DecisionRow.class_id == class_id).order_by(DecisionRow.version)
    return {decision.trainee_id: decision for decision in db.scalars(query)}


def history(db: DbSession, class_id: str, trainee_id: str) -> list[DecisionRow]:
    """All versions of the decision for a trainee of a class, newest first."""
    query = select(DecisionRow).where(DecisionRow.class_id == class_id, DecisionRow.trainee_id == trainee_id)
    return list(db.scalars(query.order_by(DecisionRow.version.desc())))


def current_digests(
    db: DbSession, of_class: TrainingClassRow, now_us: int, parameters: PolicyParameters | None = None
) -> Mapping[str, str]:
    """The `inputs_digest` of the current inputs, by trainee id. A decision with another digest is out of date."""
    return {case.trainee_id: digest_of(case, parameters or shipped()) for case in cases_of(db, of_class, now_us)}


def digest_of(case: Case, parameters: PolicyParameters) -> str:
    """SHA-256 (hex) of all inputs of a decision."""
    facts = json.dumps(asdict(case), default=str, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256("\n".join((VERSION, parameters.digest, facts)).encode()).hexdigest()


def cells(sessions: Iterable[SessionFact]) -> list[dict[str, Any]]:
    """The results of the class sessions for the trainee, as JSON. Hours are Decimals as text."""
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
