"""A camera with a day of footage and gaps, made of rows of the index."""

import pytest

from tests.api.service import Service, World

from .watched import Watched, hour


@pytest.fixture
def watched(empty: Service, world: World) -> Watched:
    """A day with two gaps, one of them a lost segment, that begins in the run of the day before."""
    watched = Watched.of(empty, world)
    watched.recorded(hour(-1), 3 * 3600, "camera_silent")
    watched.recorded(hour(2.5), 9.5 * 3600, "connection_lost", lost=60)
    watched.recorded(hour(12), 12 * 3600, None)
    watched.at(hour(30))
    return watched
