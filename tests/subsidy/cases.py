"""Reads the cases in tests/policy/*.yaml, which are written in the words of officers, into the input of the rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from shike.subsidy.case import Benefit, Case, FlagFact, Override, SessionFact, WorkTraining

FOLDER = Path(__file__).parents[1] / "policy"
RULES: Mapping[str, Any] = {"新录用岗前培训": "new_hire", "岗位技能提升": "upgrade"}
VERDICTS = {"可补": "eligible", "不予": "not_eligible", "待核": "review", "按其他政策": "referred"}
STATES: Mapping[str, Any] = {
    "待判定": "open",
    "属实": "confirmed",
    "误报": "rejected",
    "无法认定": "undecidable",
}
RESULTS: Mapping[str, Any] = {"合格": "passed", "不合格": "failed"}
CLAIMANTS: Mapping[str, Any] = {"实际用工企业": "employer", "派遣单位": "agency"}
YES = {"是": True, "否": False}
CASE_WORDS = frozenset(
    {"项目", "开班日", "计划课时", "已结班", "职业", "等级", "县人社审核", "实际用工企业", "派遣单位", "申领人"}
    | {"入职日", "考核", "证书等级", "课次", "已享受", "以工代训", "破例", "类别", "个人自费"}
)
SESSION_WORDS = frozenset({"课时", "认定", "待核", "应到", "预警"})
EXPECTED_WORDS = frozenset({"结论", "金额元", "收款", "符合", "不符合", "未定", "缺", "条款", "另可", "错误"})


@dataclass(frozen=True)
class Written:
    """A case of a file: its name, the facts, and the expected decision."""

    name: str
    facts: Mapping[str, Any]
    expected: Mapping[str, Any]


def written_cases() -> Iterator[Written]:
    """Every case of every file, with the file's common facts."""
    for path in sorted(FOLDER.glob("*.yaml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for each in document["案例"]:
            assert each.keys() <= {"名称", "改动", "期望"}, each["名称"]
            yield Written(each["名称"], document["底稿"] | each.get("改动", {}), each["期望"])


def case_of(facts: Mapping[str, Any]) -> Case:
    """The facts of a case. An unknown word is an error, so that a typing error is not taken as a missing fact."""
    known: dict[str, Any] = {word: None if value == "无" else value for word, value in facts.items()}
    assert known.keys() <= CASE_WORDS, known.keys() - CASE_WORDS
    override = known.get("破例")
    return Case(
        class_id="class",
        trainee_id="trainee",
        rule=RULES[known["项目"]],
        starts_on=known["开班日"],
        planned_hours=Decimal(str(known["计划课时"])),
        finished=YES[known["已结班"]],
        occupation=known["职业"],
        level=known.get("等级"),
        county_review_ref=known.get("县人社审核"),
        category=known.get("类别"),
        self_paid=YES[known.get("个人自费", "否")],
        employer=known.get("实际用工企业"),
        agency=known.get("派遣单位"),
        claimed_by=CLAIMANTS[known["申领人"]] if known.get("申领人") else None,
        hire_date=known.get("入职日"),
        result=RESULTS[known["考核"]] if known.get("考核") else None,
        certificate_level=known.get("证书等级"),
        sessions=tuple(session_of(number, each, known["开班日"]) for number, each in enumerate(known["课次"], 1)),
        benefits=tuple(Benefit(b["班"], b["开班日"], b["职业"], b["等级"]) for b in known.get("已享受", ())),
        work_training=tuple(WorkTraining(w["企业"], str(w["月份"])) for w in known.get("以工代训", ())),
        cap_override=Override(override["经办"], override["理由"]) if override else None,
    )


def session_of(number: int, written: Mapping[str, Any], first: date) -> SessionFact:
    assert written.keys() <= SESSION_WORDS, written.keys() - SESSION_WORDS
    flags = [line.split() for line in written.get("预警", ())]
    return SessionFact(
        session_id=f"session-{number}",
        sequence=number,
        on=first + timedelta(days=number - 1),
        planned_hours=Decimal(str(written["课时"])),
        status="present",
        sure_hours=Decimal(str(written["认定"])),
        contested_hours=Decimal(str(written.get("待核", 0))),
        expected=YES[written.get("应到", "是")],
        record_version=1,
        flags=tuple(FlagFact(f"flag-{number}-{code}", code, STATES[state]) for code, state in flags),
    )
