"""docs/reference/websocket.md names every message of both sockets, every field and every close code."""

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from shike.api.auth.guard import CLOSE_CODES
from shike.api.live.events import TRY_AGAIN_LATER
from shike.api.live.messages import EventMessage, LiveMessage
from shike.api.live.stream import NOT_FOUND

PAGE = (Path(__file__).parents[2] / "docs/reference/websocket.md").read_text(encoding="utf-8")
UNIONS = {"/api/events": EventMessage, "/api/cameras/{id}/live": LiveMessage}
MESSAGES: list[type[BaseModel]] = sorted(
    {message for union in UNIONS.values() for message in get_args(get_args(union)[0])}, key=lambda each: each.__name__
)


def type_of(message: type[BaseModel]) -> str:
    return str(message.model_fields["type"].default)


def section(name: str) -> str:
    """What stands below the heading of a message, up to the next heading."""
    match = re.search(rf"^### `{name}`[^\n]*\n(.*?)(?=^##|\Z)", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert match is not None, f"no heading for {name}"
    return match[1]


@pytest.mark.parametrize("message", MESSAGES, ids=type_of)
def test_every_message_has_a_section_that_names_exactly_its_fields(message: type[BaseModel]) -> None:
    cells = re.findall(r"^\| (`.*?`) \|", section(type_of(message)), flags=re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} == set(message.model_fields)


def test_both_sockets_unions_and_every_close_code_are_named() -> None:
    for address in UNIONS:
        assert address in PAGE
    assert "`EventMessage`" in PAGE and "`LiveMessage`" in PAGE
    for code in {*CLOSE_CODES.values(), NOT_FOUND, TRY_AGAIN_LATER}:
        assert f"| {code} |" in PAGE
