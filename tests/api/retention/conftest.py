"""A service with footage of many days, for the tests of retention."""

from collections.abc import Iterator

import pytest

from tests.api.service import Service, World
from tests.api.stocked import Stocked, stocked


@pytest.fixture
def stock(empty: Service, world: World) -> Iterator[Stocked]:
    yield from stocked(empty, world)
