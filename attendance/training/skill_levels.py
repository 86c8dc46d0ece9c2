"""The five skill levels (职业技能等级) of classes and certificates, and the words that files use for them."""

from typing import Final, Literal, get_args

SkillLevel = Literal["初级工", "中级工", "高级工", "技师", "高级技师"]
LEVELS: Final[tuple[SkillLevel, ...]] = get_args(SkillLevel)
LEVEL_WORDS: Final[dict[str, str]] = {level: level for level in LEVELS} | {
    word: level
    for numeral, level in zip(("五级", "四级", "三级", "二级", "一级"), LEVELS, strict=True)
    for word in (numeral, f"{numeral}/{level}", f"{level}/{numeral}")
}
"""Each accepted word and its level: "中级工", "四级", "四级/中级工", "中级工/四级"."""
