"""Writes docs/reference/http.md: every route with its right, parameters, shapes and errors.

Sources: the OpenAPI description of the application, the tables of rights (api/auth/roles.py) and of errors
(api/errors.py), and the routes' source code, in which it looks for the errors that they raise.
"""

import argparse
import inspect
import re
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute
from raised_errors import Raised, meaning_of, raised_in, sentence

from shike.api import errors
from shike.api.auth.guard import routes_of
from shike.api.auth.roles import ROLES, ROUTES, Permission
from shike.api.main import create_app
from shike.api.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "http.md"
WIDTH = 120
LONG_ENUM = 60
Json = Mapping[str, Any]

BEGINNING = """\
# HTTP reference

Made by `scripts/write_http_reference.py` from the OpenAPI description, the table of rights and the table of errors.
Do not edit it by hand; run `.venv/bin/python scripts/write_http_reference.py`. A test fails while it is out of date.
`shike openapi` prints the OpenAPI description itself. Design: [the service](../design/api.md).

**Login.** `POST /api/login` sets the cookie `shike_session`; every other request sends it. A request that changes state
and has an `Origin` must come from the server's own pages.

**Scope.** Each account has a region or an institution. Rows outside of it do not exist for it: lists leave them out, a
route that names one answers 404.

**Times** are RFC 3339 in UTC (`2026-11-20T02:00:00.000000Z`); a request may use any offset. Names that end in `_us`,
`_ms` and `_s` are microseconds, milliseconds and seconds. **Ids** are UUIDv7 texts.

**Lists.** "List of X" is `{"items": [X, …]}`. "Page of X" has `next_cursor` beside it: send it as `cursor` for the next
page; null at the end.

**Request bodies** are JSON, and a field that the shape does not have is an error (422, `unknown`).
"""
ERRORS = """\
## Errors

Every error is `application/problem+json` with the shape [Problem](#problem). Programs read `code`. Some errors have
`hint` (what to do) and further members, which the tables name. For 422, `errors` names each wrong field with a code.

Every route can answer with `not_logged_in` and `forbidden` (unless it is public), `invalid` (if it has parameters or a
body), `foreign_origin`, `conflict`, `too_large` and `commit_failed` (if it changes state), `database_unavailable` and
`internal`. Each route below names the others.
"""
OF_EVERY_MEMBER = {"not_logged_in", "forbidden"}


class Page:
    """The page as it grows."""

    def __init__(self, app: FastAPI) -> None:
        self._schema = app.openapi()
        self._shapes: Json = self._schema["components"]["schemas"]
        self._routes = [route for route in routes_of(app) if isinstance(route, APIRoute | APIWebSocketRoute)]
        self._lines: list[str] = []

    def text(self) -> str:
        self._lines = BEGINNING.splitlines()
        self._contents()
        self._rights()
        self._errors()
        for tag in self._tags():
            self._add("", f"## Routes: {tag}")
            for route in self._routes_of(tag):
                self._route(route)
        self._add("", "## Shapes")
        for name in sorted(self._shapes):
            if not name.startswith(("Items_", "Page_")):
                self._shape(name)
        return "\n".join(self._lines) + "\n"

    def _add(self, *lines: str) -> None:
        self._lines.extend(lines)

    def _fill(self, text: str) -> None:
        for paragraph in inspect.cleandoc(text).split("\n\n") if text else ():
            wrapped = textwrap.wrap(" ".join(paragraph.split()), WIDTH, break_long_words=False, break_on_hyphens=False)
            self._add("", *wrapped)

    def _table(self, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        if rows:
            self._add("", f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}")
            self._add(*(f"| {' | '.join(row)} |" for row in rows))

    def _tags(self) -> list[str]:
        return list(dict.fromkeys(tag_of(route) for route in self._routes))

    def _routes_of(self, tag: str) -> list[APIRoute | APIWebSocketRoute]:
        return [route for route in self._routes if tag_of(route) == tag]

    def _contents(self) -> None:
        tags = [f"[{tag}](#{anchor(f'Routes: {tag}')})" for tag in self._tags()]
        self._fill(
            f"Contents: [rights](#rights), [errors](#errors), [shapes](#shapes), and routes by noun: {', '.join(tags)}."
        )

    def _rights(self) -> None:
        self._add("", "## Rights")
        self._fill("Each route needs one right, or is `public` (everybody) or `member` (everybody who is logged in).")
        held = [
            (f"`{each}`", *("yes" if each in ROLES[role] else "" for role in ROLES))
            for each in Permission
            if each not in (Permission.PUBLIC, Permission.MEMBER)
        ]
        self._table(("right", *(str(role) for role in ROLES)), held)

    def _errors(self) -> None:
        self._add("", *ERRORS.splitlines())
        general = {
            (each.status, each.code): meaning_of(kind) if issubclass(kind, errors.ApiError) else f"{each.title}."
            for kind, each in reversed(errors.TABLE.items())
        }
        general[errors.UNEXPECTED.status, errors.UNEXPECTED.code] = "An unexpected error; see the log by request id."
        for status, code in errors.HTTP_CODES.items():
            general.setdefault((status, code), sentence(code.replace("_", " ")))
        self._add("", "### Default codes")
        self._table(
            ("status", "code", "meaning"),
            [(str(status), f"`{code}`", meaning) for (status, code), meaning in sorted(general.items())],
        )
        raised = {each for route in self._routes for each in self._raised(route)}
        own = sorted(each for each in raised if not each.field and (each.status, each.code) not in general)
        self._add("", "### Codes of single routes")
        rows = {each.code: (str(each.status), f"`{each.code}`", each.meaning, each.members) for each in own}
        self._table(("status", "code", "meaning", "more members"), list(rows.values()))
        self._add("", "### Codes of fields")
        self._fill(
            "Codes of fields, in `errors` of a 422, are those of Pydantic (`missing`, `greater_than_equal`, …), with "
            + ", ".join(f"`{new}` for `{old}`" for old, new in errors.CODES.items())
            + ". Rows of an imported file have codes of their own; see [training](../design/training.md). And these:"
        )
        fields = sorted({(each.code, each.field, each.meaning) for each in raised if each.field and each.code})
        self._table(("code", "field", "meaning"), [(f"`{c}`", f"`{f}`", m) for c, f, m in fields])

    def _raised(self, route: APIRoute | APIWebSocketRoute) -> list[Raised]:
        if isinstance(route, APIWebSocketRoute):
            return []
        return sorted(set(raised_in(route.endpoint, set())))

    def _route(self, route: APIRoute | APIWebSocketRoute) -> None:
        if isinstance(route, APIWebSocketRoute):
            self._head(f"WS {route.path}", inspect.getdoc(route.endpoint) or "")
            return
        for method in sorted(route.methods):
            operation = self._schema["paths"][route.path][method.lower()]
            self._head(f"{method} {route.path}", operation.get("description", ""))
            self._parameters(operation.get("parameters", []))
            self._body(operation)
            self._answers(operation)
            self._errors_of(route, is_public=ROUTES[f"{method} {route.path}"] is Permission.PUBLIC)

    def _errors_of(self, route: APIRoute, *, is_public: bool) -> None:
        raised = self._raised(route)
        codes = dict.fromkeys((each.status, each.code) for each in raised if not each.field)
        shown = [f"{status} `{code}`" for status, code in codes if is_public or code not in OF_EVERY_MEMBER]
        self._fill(f"Errors: {', '.join(shown)}." if shown else "")
        fields = dict.fromkeys((each.field, each.code) for each in raised if each.field)
        if fields:
            self._fill(f"Errors of fields: {', '.join(f'`{field}` `{code}`' for field, code in fields)}.")

    def _head(self, key: str, description: str) -> None:
        right = ROUTES[key]
        self._add("", f"### {key}")
        self._fill(description)
        roles = [str(role) for role in ROLES if right in ROLES[role]]
        self._fill(f"Right: `{right}`" + (f" ({', '.join(roles)})." if roles else "."))

    def _parameters(self, parameters: list[Json]) -> None:
        rows = []
        for each in parameters:
            required = "yes" if each.get("required") else ""
            rows.append((f"`{each['name']}`", each["in"], self._type(each["schema"]), required, notes(each["schema"])))
        self._table(("parameter", "in", "type", "required", "limits and default"), rows)
        self._long_enums({each["name"]: each["schema"] for each in parameters})

    def _body(self, operation: Json) -> None:
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            kind = "" if media == "application/json" else f" (`{media}`)"
            self._fill(f"Body: {self._type(content['schema'])}{kind}.")

    def _answers(self, operation: Json) -> None:
        for status, answer in operation["responses"].items():
            if status in ("default", "422"):
                continue
            kinds = [
                f"{self._type(content.get('schema', {}))}" + ("" if media == "application/json" else f" (`{media}`)")
                for media, content in answer.get("content", {}).items()
                if content.get("schema") != {}
            ]
            self._fill(f"Answer: {status}{', ' if kinds else ''}{', '.join(kinds)}.")

    def _shape(self, name: str) -> None:
        shape = self._shapes[name]
        self._add("", f"### {name}")
        self._fill(shape.get("description", ""))
        if "enum" in shape:
            self._fill("One of " + ", ".join(f"`{each}`" for each in shape["enum"]) + ".")
        required = set(shape.get("required", ()))
        rows = [
            (f"`{field}`", self._type(each), "" if field in required else "optional", notes(each))
            for field, each in shape.get("properties", {}).items()
        ]
        self._table(("field", "type", "", "limits and default"), rows)
        self._long_enums(shape.get("properties", {}))

    def _long_enums(self, schemas: Mapping[str, Json]) -> None:
        for name, schema in schemas.items():
            values = enum_of(schema)
            if len(", ".join(values)) > LONG_ENUM:
                self._fill(f"`{name}` is one of " + ", ".join(f"`{each}`" for each in values) + ".")

    def _type(self, schema: Json) -> str:
        """A schema in a few words, with links to shapes."""
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[-1]
            for start, words in (("Items_", "list of "), ("Page_", "page of ")):
                if name.startswith(start):
                    return words + self._type(self._shapes[name]["properties"]["items"]["items"])
            return f"[{name}](#{anchor(name)})"
        if "anyOf" in schema:
            return " or ".join("null" if each.get("type") == "null" else self._type(each) for each in schema["anyOf"])
        if "enum" in schema:
            values = enum_of(schema)
            short = " or ".join(f"`{each}`" for each in values)
            return short if len(", ".join(values)) <= LONG_ENUM else "one of those below"
        if "const" in schema:
            return f"`{schema['const']}`"
        if schema.get("type") == "array":
            return f"array of {self._type(schema.get('items', {}))}"
        if schema.get("type") == "object":
            inner = schema.get("additionalProperties")
            return f"object of {self._type(inner)}" if isinstance(inner, dict) and inner else "object"
        return str(schema.get("format") or schema.get("type") or "any")


def enum_of(schema: Json) -> list[str]:
    """The values of an enumeration, also of one that may be null or in an array."""
    for each in (schema, *schema.get("anyOf", ()), schema.get("items", {})):
        if "enum" in each:
            return [str(value) for value in each["enum"]]
    return [value for each in schema.get("anyOf", ()) if "items" in each for value in enum_of(each)]


NOTES = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
    "pattern": "`{}`",
}


def notes(schema: Json) -> str:
    """Limits and default of a schema."""
    merged = {key: value for each in (*schema.get("anyOf", ()), schema) for key, value in each.items()}
    limits = [words.format(number(merged[key])) for key, words in NOTES.items() if key in merged]
    if merged.get("minLength") is not None and merged.get("minLength") == merged.get("maxLength"):
        limits = [f"{merged['minLength']} characters"]
    if schema.get("default") is not None:
        limits.append(f"default `{schema['default']}`")
    return ", ".join(limits).replace("|", "\\|")


def number(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def tag_of(route: APIRoute | APIWebSocketRoute) -> str:
    """The noun of a route; a WebSocket has no tag, and belongs to the live view."""
    return str(route.tags[0]).replace(" ", "-") if isinstance(route, APIRoute) else "live"


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def page() -> str:
    """The whole page."""
    return Page(create_app(Settings.model_construct())).text()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="Write nothing; exit with 1 if the page is out of date.")
    text = page()
    if parser.parse_args().check:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
