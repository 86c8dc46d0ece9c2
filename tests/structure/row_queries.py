"""Finds the places in Python source where rows are queried without the scoped query of api/auth/scopes.py.

Reported: `select`, `exists`, `update`, `delete`, `aliased` and `text`; `get`, `get_one` and `query` of a database
session; joins to a query that did not start with `visible(...)`. A class whose name ends in "Row" is an entity. A
parameter or loop variable that stands in the place of an entity is reported by its own name; `text` as "SQL text".

Not reported: queries inside of functions of other rooms, to which a route hands ids.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

BUILDERS = frozenset({"select", "exists", "update", "delete", "aliased"})
SESSION_METHODS = frozenset({"get", "get_one", "query"})
SESSIONS = frozenset({"db", "session"})
JOINS = frozenset({"join", "outerjoin", "join_from"})
MORE_ENTITIES = JOINS | {"select_from", "add_columns"}
SCOPED = "visible"
MODULE = "<module>"
SQL_TEXT = "SQL text"


@dataclass(frozen=True, order=True)
class RowQuery:
    """One entity that a function reads without the scoped query. `line` is the first place."""

    function: str
    entity: str
    line: int


def row_queries(source: str) -> list[RowQuery]:
    """Every entity that each outermost function of a module reads without the scoped query."""
    tree = ast.parse(source)
    real_names = imported_names(tree)
    first: dict[tuple[str, str], int] = {}
    for function, node in outermost_functions(tree):
        for entity, line in _Finder(node, real_names).queries():
            key = (function, entity)
            first[key] = min(line, first.get(key, line))
    return sorted(RowQuery(function, entity, line) for (function, entity), line in first.items())


def imported_names(tree: ast.Module) -> Mapping[str, str]:
    """What each imported name is called in its own module."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {alias.asname or alias.name: alias.name for node in imports for alias in node.names}


def outermost_functions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Functions with their names ("Class.method"), and what stands outside of all functions as "<module>"."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                is_function = isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
                yield f"{node.name}.{inner.name}" if is_function else MODULE, inner  # type: ignore[attr-defined]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        else:
            yield MODULE, node


class _Finder:
    """The queries of one function."""

    def __init__(self, function: ast.AST, real_names: Mapping[str, str]) -> None:
        self._nodes = list(ast.walk(function))
        self._real_names = real_names
        self._parents = {child: node for node in self._nodes for child in ast.iter_child_nodes(node)}
        self._variables = set(self._parameters_and_loop_variables())
        self._assigned = self._assignments()

    def queries(self) -> Iterator[tuple[str, int]]:
        for node in self._nodes:
            if isinstance(node, ast.Call):
                for entity in self._entities_of(node):
                    yield entity, node.lineno

    def _entities_of(self, call: ast.Call) -> set[str]:
        name, receiver = self._called(call)
        if receiver is None and name == "text":
            return {SQL_TEXT}
        if receiver is None and name in BUILDERS:
            return self._rows(*call.args) | self._variables_in(call.args) | self._rows_of_chain(call)
        if receiver is not None and name in SESSION_METHODS and self._is_session(receiver):
            return self._rows(*call.args[:1]) | self._variables_in(call.args[:1])
        if receiver is not None and name == "select":
            return self._rows(receiver)
        if receiver is not None and name in JOINS and not self._is_scoped(receiver, set()):
            return self._rows(*call.args[:1])
        return set()

    def _called(self, call: ast.Call) -> tuple[str, ast.expr | None]:
        """The name of what is called and, for a method, the object that it belongs to."""
        match call.func:
            case ast.Name(id=name):
                return self._real_names.get(name, name), None
            case ast.Attribute(attr=name, value=ast.Name(id="sqlalchemy" | "sa" | "orm")):
                return name, None
            case ast.Attribute(attr=name, value=receiver):
                return name, receiver
        return "", None

    def _rows(self, *expressions: ast.expr) -> set[str]:
        """The entities named in expressions; a query that starts with `visible` is scoped, and left out."""
        rows: set[str] = set()
        waiting: list[ast.AST] = list(expressions)
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Call) and self._is_scoped(node, set()):
                continue
            name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
            name = self._real_names.get(name, name)
            if name.endswith("Row"):
                rows.add(name)
            waiting.extend(ast.iter_child_nodes(node))
        return rows

    def _variables_in(self, expressions: list[ast.expr]) -> set[str]:
        """Parameters and loop variables that stand where an entity or its column should: `entity`, `entity.id`."""
        roots = (each.value if isinstance(each, ast.Attribute) else each for each in expressions)
        return {root.id for root in roots if isinstance(root, ast.Name) and root.id in self._variables}

    def _rows_of_chain(self, call: ast.Call) -> set[str]:
        """The entities that later calls of the chain add: joins, and for `exists()` its conditions."""
        rows: set[str] = set()
        node: ast.AST = call
        while isinstance(attribute := self._parents.get(node), ast.Attribute):
            outer = self._parents.get(attribute)
            if not isinstance(outer, ast.Call):
                break
            if attribute.attr in MORE_ENTITIES:
                rows |= self._rows(*outer.args[:1])
            elif attribute.attr == "where" and not call.args:
                sides = [each.left for each in outer.args if isinstance(each, ast.Compare)]
                rows |= self._rows(*outer.args) | self._variables_in(sides)
            node = outer
        return rows

    def _is_session(self, receiver: ast.expr) -> bool:
        name = receiver.attr if isinstance(receiver, ast.Attribute) else getattr(receiver, "id", "")
        return name.lstrip("_") in SESSIONS

    def _is_scoped(self, expression: ast.expr, seen: set[str]) -> bool:
        """Whether a chain of calls, or of the local variable that it begins with, starts with `visible(...)`."""
        while isinstance(expression, ast.Call | ast.Attribute):
            if isinstance(expression, ast.Call) and self._called(expression) == (SCOPED, None):
                return True
            expression = expression.func if isinstance(expression, ast.Call) else expression.value
        if isinstance(expression, ast.Name) and expression.id in self._assigned and expression.id not in seen:
            seen = seen | {expression.id}
            return all(self._is_scoped(value, seen) for value in self._assigned[expression.id])
        return isinstance(expression, ast.Name) and expression.id in seen

    def _assignments(self) -> Mapping[str, list[ast.expr]]:
        assigned: dict[str, list[ast.expr]] = {}
        for node in self._nodes:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        assigned.setdefault(target.id, []).append(node.value)
        return assigned

    def _parameters_and_loop_variables(self) -> Iterator[str]:
        for node in self._nodes:
            if isinstance(node, ast.arg):
                yield node.arg
            elif isinstance(node, ast.For | ast.comprehension):
                yield from (each.id for each in ast.walk(node.target) if isinstance(each, ast.Name))
