"""Every test gets a service of its own, on a port of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .filmed import Filmed
from .service import Service, World, furnish


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Service]:
    """A service nobody has set up yet."""
    with Service(tmp_path) as service:
        yield service


@pytest.fixture
def service(empty: Service) -> Service:
    """A service with the small world in it."""
    furnish(empty)
    return empty


@pytest.fixture
def world(empty: Service) -> World:
    """The small world and its ids."""
    return furnish(empty)


@pytest.fixture
def filmed(empty: Service, world: World, filmed_folder: Path) -> Filmed:
    """The small world with a camera in the first room that was recorded twice."""
    return Filmed.of(empty, world, filmed_folder)
