"""Every file, folder, module and symbol that the documents name exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOPS = "capture|attendance|subsidy|api|camera_sim|web|tests|bench|scripts|deploy|docs|sample_videos"
PLACE = re.compile(rf"(?:{TOPS})/[\w./*-]+")
FILE = re.compile(r"[\w/-]+\.(?:py|ts|vue)")
# Names that exist only after a build or in a running installation.
MADE = ("api/static", "attendance/counting/models", "web/dist", "web/node_modules")


def documents() -> list[Path]:
    own = [ROOT / name for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "deploy/README.md")]
    return [*own, ROOT / "sample_videos/README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def code_words(text: str) -> Iterator[str]:
    """The texts between single backticks, outside of code blocks."""
    outside = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"`([^`\n]+)`", outside)


def defines(module: Path, name: str) -> bool:
    """Whether a module defines a name at its top, or in a class for "Class.member"."""
    body = ast.parse(module.read_text(encoding="utf-8")).body
    for part in name.split("."):
        nodes = [node for node in body if part in names_of(node)]
        if not nodes:
            return False
        body = nodes[0].body if isinstance(nodes[0], ast.ClassDef) else []
    return True


def names_of(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def exists(place: str, root: Path = ROOT) -> bool:
    """Whether a place is a file, a folder, a module without its ending, or a module with a name in it."""
    place = place.rstrip("/")
    if place.startswith(MADE) or (root / place).exists() or (root / f"{place}.py").exists():
        return True
    if "*" in place:
        return any(root.glob(place))
    folder, _, last = place.rpartition("/")
    module, _, name = last.partition(".")
    path = root / folder / f"{module}.py"
    return bool(name) and path.is_file() and defines(path, name)


def unknown_names(text: str, files: set[str]) -> list[str]:
    """Names in a document that do not exist in the repository."""
    missing = []
    for word in code_words(text):
        if PLACE.fullmatch(word):
            missing += [] if exists(word) else [word]
        elif FILE.fullmatch(word):
            missing += [] if any(file == word or file.endswith(f"/{word}") for file in files) else [word]
    return missing


@pytest.fixture(scope="module")
def files() -> set[str]:
    code = (
        path for top in TOPS.split("|") for path in (ROOT / top).rglob("*") if path.suffix in {".py", ".ts", ".vue"}
    )
    return {path.relative_to(ROOT).as_posix() for path in code if "node_modules" not in path.parts}


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_document_names_exists(document: Path, files: set[str]) -> None:
    assert unknown_names(document.read_text(encoding="utf-8"), files) == []


def test_what_counts_as_a_name() -> None:
    text = "`capture/clock` `capture/clock.Clock.now` `capture/nothing.py` `capture/clock.Watch` `lost.py` `shike up`"
    assert unknown_names(text, {"capture/clock.py"}) == ["capture/nothing.py", "capture/clock.Watch", "lost.py"]
