"""docs/reference/http.md is what scripts/write_http_reference.py makes now, and names every route and error code."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shike.api import errors
from shike.api.auth.roles import ROUTES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "http.md"
SCRIPT = ROOT / "scripts" / "write_http_reference.py"
# Commands and processes raise no error of a request.
ELSEWHERE = ("api/commands/", "api/processes/", "api/demo/", "api/migrations/")


def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def section(heading: str) -> str:
    """What stands under a heading of the page."""
    return page().split(f"\n### {heading}\n")[1].split("\n#")[0]


def literal_codes() -> Iterator[str]:
    """Every `code=` of an error of a request in the source of the service."""
    kinds = {kind.__name__ for kind in errors.TABLE if issubclass(kind, errors.ApiError)}
    for file in (ROOT / "api").rglob("*.py"):
        if file.relative_to(ROOT).as_posix().startswith(ELSEWHERE):
            continue
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in kinds:
                values = (each.value for each in call.keywords if each.arg == "code")
                yield from (str(value.value) for value in values if isinstance(value, ast.Constant))


def test_the_page_is_what_the_script_makes_now() -> None:
    made = subprocess.run([sys.executable, SCRIPT, "--check"], cwd=ROOT, check=False)
    assert made.returncode == 0, "run .venv/bin/python scripts/write_http_reference.py"


def test_every_route_has_its_heading_and_its_right() -> None:
    for key, right in ROUTES.items():
        assert f"Right: `{right}`" in section(key), key


def test_headings_have_anchors_of_their_own() -> None:
    headings = re.findall(r"^#+ (.+)$", page(), flags=re.MULTILINE)
    anchors = [re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings]
    assert sorted({each for each in anchors if anchors.count(each) > 1}) == []


def test_every_error_code_in_the_source_is_named() -> None:
    codes = set(literal_codes()) | {answer.code for answer in errors.TABLE.values()} | set(errors.HTTP_CODES.values())
    assert len(codes) > 40
    assert sorted(code for code in codes if f"`{code}` |" not in page()) == []


@pytest.mark.parametrize(
    ("route", "codes"),
    [
        ("POST /api/login", {"bad_credentials", "locked"}),
        ("DELETE /api/cameras/{camera_id}", {"camera_not_found", "has_footage"}),
        ("POST /api/cameras", set()),
        ("GET /api/cameras/{camera_id}/export", {"busy", "mixed_parameters", "nothing_sealed", "no_space"}),
        ("POST /api/classes/{class_id}/decisions", {"no_value_yet", "unknown_rule"}),
        ("GET /metrics", {"not_logged_in", "forbidden"}),
    ],
)
def test_a_route_names_the_errors_of_what_it_calls(route: str, codes: set[str]) -> None:
    named = re.search(r"^Errors: .*?\n$", section(route), flags=re.MULTILINE | re.DOTALL)
    assert codes <= set(re.findall(r"`(\w+)`", named.group() if named else ""))
    assert bool(named) == bool(codes)


def test_an_error_that_the_caller_catches_is_not_named() -> None:
    assert "bad_credentials" not in section("POST /api/me/password")
    assert "`old` `wrong`" in section("POST /api/me/password")
