"""A public type has one definition in all rooms, and the classes of database rows end in Row."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from .rooms import ROOMS, modules, parsed, shown

TWICE = {
    "ExamResult": "subsidy rules see nothing but their own room",
    "FlagState": "subsidy rules see nothing but their own room",
}
TYPE_NAME = re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*")


def public_types(tree: ast.Module) -> Iterator[str]:
    """Names of classes and of type aliases that a module defines."""
    for node in tree.body:
        names: list[str] = []
        if isinstance(node, ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        yield from (name for name in names if TYPE_NAME.fullmatch(name))


def test_a_type_has_one_definition() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in modules(*ROOMS):
        for name in public_types(parsed(path)):
            places[name].append(shown(path))
    assert {name: where for name, where in places.items() if len(where) > 1 and name not in TWICE} == {}
    assert {name for name in TWICE if len(places[name]) != 2} == set(), "no longer needed in TWICE"


def test_the_check_finds_classes_and_type_aliases() -> None:
    source = "class Flag: ...\nSpan = tuple[int, int]\nKind: TypeAlias = str\nLONGEST = 1\n_Own = int\nlog = 2\n"
    assert list(public_types(ast.parse(source))) == ["Flag", "Span", "Kind"]


def test_rows_of_the_database_and_nothing_else_of_the_tables_end_in_row() -> None:
    wrong = []
    for path in modules("attendance/tables", "api/auth", "subsidy"):
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef) and any(isinstance(b, ast.Name) and b.id == "Base" for b in node.bases):
                wrong += [] if node.name.endswith("Row") else [f"{shown(path)}: {node.name}"]
    assert wrong == []
