"""Shapes that every router shares: strict bodies, lists, names, and what makes typed clients pleasant."""

from typing import Annotated, Any, Generic, TypeVar

from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, StringConstraints

from shike.api.errors import Problem

ItemT = TypeVar("ItemT")

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
ReasonText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Id = Annotated[str, StringConstraints(min_length=36, max_length=36)]


class Body(BaseModel):
    """A request body: a field that nobody knows is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


class Items(BaseModel, Generic[ItemT]):
    """A whole list."""

    items: list[ItemT]


class Page(BaseModel, Generic[ItemT]):
    """A part of a list; `next_cursor` asks for the next one, null at the end."""

    items: list[ItemT]
    next_cursor: str | None


def operation_id(route: APIRoute) -> str:
    """The function's own name (`list_cameras`): the browser's client is generated from it."""
    return route.name


PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {"model": Problem, "description": "What went wrong, as problem details"}
}
