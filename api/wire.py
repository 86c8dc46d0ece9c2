"""Shapes that all routers share: strict request bodies, lists and pages, types of fields, operation ids.

Not here: times (moment.py), errors (errors.py).
"""

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
    """A request body. An unknown field is an error."""

    model_config = ConfigDict(extra="forbid")


class Items(BaseModel, Generic[ItemT]):
    """A complete list."""

    items: list[ItemT]


class Page(BaseModel, Generic[ItemT]):
    """One page of a list; send `next_cursor` as `cursor` for the next page, null at the end."""

    items: list[ItemT]
    next_cursor: str | None


def operation_id(route: APIRoute) -> str:
    """The name of the route's function (`list_cameras`); the types of the browser app are generated with it."""
    return route.name


PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {"model": Problem, "description": "The error, as problem details"}
}
