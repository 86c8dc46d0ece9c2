"""No function takes more than seven parameters: what belongs together travels as one value."""

import ast
from collections.abc import Iterator

from .rooms import ROOMS, modules, parsed, shown

MOST_PARAMETERS = 7


def too_many(tree: ast.Module) -> Iterator[tuple[str, int, int]]:
    """Name, line and number of parameters of every function that takes more than seven; self and cls do not count."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            named = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            count = len(named) - (named[:1] in (["self"], ["cls"]))
            if count > MOST_PARAMETERS:
                yield node.name, node.lineno, count


def test_no_function_takes_more_than_seven_parameters() -> None:
    wrong = []
    for path in modules(*ROOMS, "tests", "bench", "scripts", "sample_videos"):
        wrong += [f"{shown(path)}:{line} {name} takes {count}" for name, line, count in too_many(parsed(path))]
    assert wrong == []


def test_what_counts_as_a_parameter() -> None:
    source = "def f(a, b, c, d, e, f, g): ...\nclass C:\n    def m(self, a, b, c, d, e, f, *, g, h): ...\n"
    assert [(name, count) for name, _, count in too_many(ast.parse(source))] == [("m", 8)]
