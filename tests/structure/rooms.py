"""The source files of the rooms, for tests that read them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("capture", "attendance", "subsidy", "api", "camera_sim")


def modules(*folders: str) -> Iterator[Path]:
    """Every Python file below folders at the top of the repository."""
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def shown(path: Path) -> str:
    """A path relative to the repository, for messages."""
    return path.relative_to(ROOT).as_posix()
