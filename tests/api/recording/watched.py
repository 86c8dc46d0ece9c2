"""A camera whose footage exists only as rows of the index, so that a test can make days and gaps quickly."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from shike.attendance.beijing import bounds
from shike.attendance.tables.recording import RecordingPolicyRow
from shike.attendance.tables.training import ClassSessionRow
from shike.capture.ids import new_id
from shike.capture.moment import from_us
from shike.capture.recorder import health
from shike.capture.recorder.health import StreamHealth
from tests.api.service import Service, World, new_camera, new_run, new_segment

DAY = date(2026, 11, 20)
MIDNIGHT = bounds(DAY)[0]
SEGMENT_S = 60


@dataclass(frozen=True)
class Watched:
    """A service with one more camera in the first room, registered since the day before DAY."""

    service: Service
    world: World
    camera_id: str

    @classmethod
    def of(cls, service: Service, world: World, *, sub: bool = False) -> "Watched":
        camera = new_camera(world.rooms[0], "Watched", service)
        camera.created_at = MIDNIGHT - timedelta(days=1)
        camera.sub_path = "/sub" if sub else None
        service.add(camera)
        return cls(service, world, camera.id)

    def recorded(
        self, start: datetime, seconds: float, ends: str | None, *, lost: int | None = None, **run: Any
    ) -> None:
        """Add a run of segments of a minute, 1,000,000 bytes each, with one packet dropped in the first.

        `lost`: number of a segment to leave out.
        """
        row = new_run(self.camera_id, start)
        end = start + timedelta(seconds=seconds)
        row.ended_at, row.end_reason = end, ends
        for name, value in run.items():
            setattr(row, name, value)
        self.service.add(row)
        segments = []
        for number, (begin, stop) in enumerate(_minutes(start, end)):
            segment = new_segment(row, begin)
            segment.stream, segment.sequence, segment.wall_end = row.stream, number, stop
            segment.object_key, segment.size, segment.dropped = new_id(), 1_000_000, int(number == 0)
            segment.created_at = stop
            segments.append(segment)
        self.service.add(*(segment for number, segment in enumerate(segments) if number != lost))

    def by_timetable(self, *sessions: tuple[datetime, datetime]) -> None:
        """Record the room only for these class sessions and a minute before and after."""
        policy = RecordingPolicyRow(
            room_id=self.world.rooms[0],
            mode="timetable",
            margin_before_min=1,
            margin_after_min=1,
            valid_from=MIDNIGHT - timedelta(days=100),
            set_by=new_id(),
            set_by_name="Administrator",
            set_at=MIDNIGHT - timedelta(days=100),
        )
        planned = [
            ClassSessionRow(
                class_id=self.world.planned[0].class_id,
                room_id=self.world.rooms[0],
                sequence=number,
                starts_at=start,
                ends_at=end,
                created_at=MIDNIGHT - timedelta(days=10),
            )
            for number, (start, end) in enumerate(sessions, start=2)
        ]
        self.service.add(policy, *planned)

    def says(self, **facts: Any) -> None:
        """Write the recorder's state of the camera's main stream."""
        current = StreamHealth(self.camera_id, "main", "recording", self.service.clock.now())
        self.service.settings.state_dir.mkdir(parents=True, exist_ok=True)
        health.write(self.service.settings.state_dir, "s0", [replace(current, **facts)])

    def at(self, moment: datetime) -> None:
        """Move the service's clock to a moment."""
        self.service.clock.move((moment - from_us(self.service.clock.now())).total_seconds())

    def get(self, path: str, who: str = "supervisor", **query: Any) -> Any:
        answer = self.service.client(who).get(path.format(id=self.camera_id), params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


def _minutes(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        stop = min(end, start + timedelta(seconds=SEGMENT_S))
        yield start, stop
        start = stop


def hour(number: float) -> datetime:
    """The moment `number` hours after the start of DAY (Beijing time)."""
    return MIDNIGHT + timedelta(hours=number)
