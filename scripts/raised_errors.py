"""Which errors a route can raise, read from the source code of its function and of what that calls.

It follows calls of functions, of methods of `self` and of annotated parameters, and dependencies, within `shike.api`.
An error that a caller catches is left out. Not seen: errors whose code is computed (refused rows of imports).
"""

import ast
import inspect
import re
import sys
import textwrap
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from fastapi.params import Depends

from shike.api import errors
from shike.api.auth import scopes

NO_ROW = "There is no such row in scope."


@dataclass(frozen=True, order=True)
class Raised:
    """An error that a function raises. `field` is set for errors of one field (422); `kind` is its class."""

    status: int
    code: str
    meaning: str
    members: str = ""
    field: str = ""
    kind: type[errors.ApiError] = dataclass_field(default=errors.ApiError, compare=False)


def raised_in(function: Callable[..., Any], seen: set[object]) -> Iterator[Raised]:
    """The errors that a function of the service raises, itself and in what it calls."""
    function = inspect.unwrap(function)
    if function in seen or not getattr(function, "__module__", "").startswith("shike.api"):
        return
    seen.add(function)
    source = _Source(function, seen)
    yield from source.raised(ast.parse(textwrap.dedent(inspect.getsource(function))), None)
    for hint in source.annotations.values():
        for extra in getattr(hint, "__metadata__", ()):
            if isinstance(extra, Depends) and inspect.isfunction(extra.dependency):
                yield from raised_in(extra.dependency, seen)


class _Source:
    """The source code of one function, with what its names stand for."""

    def __init__(self, function: Callable[..., Any], seen: set[object]) -> None:
        self._seen = seen
        self._names: Mapping[str, Any] = getattr(function, "__globals__", {})
        self.annotations = annotations_of(function)
        owner = function.__qualname__.split(".")[0]
        self._owner = getattr(sys.modules[function.__module__], owner, None)

    def raised(self, node: ast.AST, handled: type[BaseException] | None) -> Iterator[Raised]:
        """What is raised below a node. `handled`: the error whose handler the node belongs to."""
        if isinstance(node, ast.Try):
            caught = [self._resolved(each.type) for each in node.handlers if each.type is not None]
            kinds = tuple(each for each in caught if inspect.isclass(each))
            inside = (each for part in node.body for each in self.raised(part, handled))
            yield from (each for each in inside if not issubclass(each.kind, kinds))
            for handler, kind in zip(node.handlers, caught, strict=False):
                is_error = inspect.isclass(kind) and issubclass(kind, BaseException)
                for part in handler.body:
                    yield from self.raised(part, kind if is_error else None)
            for part in (*node.orelse, *node.finalbody):
                yield from self.raised(part, handled)
            return
        if isinstance(node, ast.Call):
            yield from self._of_call(node, handled)
        for child in ast.iter_child_nodes(node):
            yield from self.raised(child, handled)

    def _of_call(self, call: ast.Call, handled: type[BaseException] | None) -> Iterator[Raised]:
        target = self._resolved(call.func)
        if target in (scopes.load, scopes.named):
            yield from missing_row(call, target)
        elif inspect.isclass(target) and issubclass(target, errors.ApiError):
            yield from raised_by(call, target, handled)
        elif inspect.isfunction(target):
            yield from raised_in(target, self._seen)

    def _resolved(self, expression: ast.expr) -> Any:
        """What a name or an attribute of a name stands for; None where that cannot be seen."""
        if isinstance(expression, ast.Name):
            return self._names.get(expression.id)
        if isinstance(expression, ast.Attribute) and isinstance(expression.value, ast.Name):
            name = expression.value.id
            owner = self._owner if name == "self" else self.annotations.get(name, self._names.get(name))
            owner = typing.get_args(owner)[0] if typing.get_origin(owner) is typing.Annotated else owner
            return getattr(owner, expression.attr, None)
        return None


def annotations_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The types of the parameters; none where some are imported for the type checker only."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except NameError:
        return {}


def missing_row(call: ast.Call, target: object) -> Iterator[Raised]:
    """What `load` and `named` raise where a request names no row in scope. An id that a row holds does name one."""
    row = next((each.id for each in call.args if isinstance(each, ast.Name) and each.id.endswith("Row")), None)
    entity = next((each for each in scopes.SCOPES if each.__name__ == row), None)
    row_id = call.args[3]
    if isinstance(row_id, ast.Attribute) and isinstance(row_id.value, ast.Name) and row_id.value.id != "body":
        return
    if entity is not None and target is scopes.load:
        yield Raised(404, f"{entity.__tablename__}_not_found", NO_ROW, kind=errors.NotFound)
    elif entity is not None:
        yield Raised(422, "not_found", NO_ROW, field=text_of(call.args[-1]), kind=errors.Invalid)


def raised_by(call: ast.Call, kind: type[errors.ApiError], handled: type[BaseException] | None) -> Iterator[Raised]:
    """The error that a call of its class makes."""
    keywords = {each.arg: each.value for each in call.keywords if each.arg}
    status = errors.TABLE[kind].status
    if kind is errors.Invalid:
        name, code, message = (text_of(each) for each in call.args)
        if code:
            yield Raised(status, code, sentence(message), field=name, kind=kind)
        return
    code = text_of(keywords["code"]) if "code" in keywords else errors.TABLE[kind].code
    meaning = sentence(text_of(call.args[0])) if call.args else ""
    if not meaning and kind is errors.NotFound:
        meaning = NO_ROW
    members = ", ".join(f"`{name}`" for name in keywords if name != "code")
    yield Raised(status, code, meaning or meaning_of(handled or kind), members, kind=kind)


def text_of(expression: ast.expr) -> str:
    """A literal text; an f-string with "…" for what it fills in; empty for anything else."""
    if isinstance(expression, ast.Constant):
        return str(expression.value)
    if isinstance(expression, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "…" for each in expression.values)
    return ""


def sentence(text: str) -> str:
    """A message as a sentence."""
    return f"{text[0].upper()}{text[1:]}." if text else ""


def meaning_of(kind: type[BaseException]) -> str:
    """The first sentence of the error's own docstring, up to a semicolon."""
    first_line = inspect.cleandoc(kind.__doc__ or "").split("\n")[0]
    return re.split(r"[.;] ", first_line)[0].rstrip(".") + "."
