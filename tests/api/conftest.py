"""Each test has its own service on its own port."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .filmed import Filmed
from .service import Service, World, furnish


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Service]:
    """A service before the first-run setup."""
    with Service(tmp_path) as service:
        yield service


@pytest.fixture
def service(empty: Service) -> Service:
    """A service that contains the small world."""
    furnish(empty)
    return empty


@pytest.fixture
def world(empty: Service) -> World:
    """The ids of the small world."""
    return furnish(empty)


@pytest.fixture
def filmed(empty: Service, world: World, filmed_folder: Path) -> Filmed:
    """The small world, with a camera in the first room that has two runs."""
    return Filmed.of(empty, world, filmed_folder)
