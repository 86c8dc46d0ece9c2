"""Every link in the documents leads to an existing file, and to an existing heading in it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def documents() -> list[Path]:
    places = ("*.md", "docs/**/*.md", "deploy/*.md", "sample_videos/*.md", "web/*.md")
    return sorted(file for place in places for file in ROOT.glob(place))


def anchors(text: str) -> set[str]:
    """The anchors that headings get on the usual forges: small letters, no punctuation, hyphens for spaces."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_has_a_target(document: Path) -> None:
    for target in LINK.findall(re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = document.parent / name if name else document
        assert file.exists(), f"{target} is not there"
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), f"{target}: no such heading"
