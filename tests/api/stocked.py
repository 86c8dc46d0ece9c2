"""A service with footage of many days, as retention needs it: rows of the index and files of a few bytes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from shike.api.moment import now
from shike.api.processes.keep import Housekeeper
from shike.attendance.retention.cleaning import Cleaner
from shike.attendance.retention.rules import Space
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.retention import BrakeRow, DeletionRow
from shike.capture.archive.chain import Link, sha256
from shike.capture.archive.files import Archive
from shike.capture.ids import new_id

from .service import Service, World, new_run

SIZE = 100


@dataclass
class Stocked:
    """The service with helpers for its footage."""

    service: Service
    world: World
    begun: datetime
    capacity: int = 10**9
    floor: int = 0

    @property
    def archive(self) -> Archive:
        return Archive(self.service.settings.footage_dir)

    @property
    def now(self) -> datetime:
        return now(self.service.clock)

    def ago(self, days: float) -> datetime:
        """The moment so many days before the test began; clean-ups move the clock."""
        return self.begun - timedelta(days=days)

    def record(self, camera: int, days_ago: float, segments: int, stream: str = "main", size: int = SIZE) -> list[str]:
        """Adds one run of segments of a minute, the first so many days ago; returns their ids, oldest first."""
        camera_id, start = self.world.cameras[camera], self.ago(days_ago)
        run = new_run(camera_id, start)
        run.stream, run.end_reason, run.ended_at = stream, "stopped", start + timedelta(minutes=segments)
        rows = [self._segment(run, start + timedelta(minutes=number), number, size) for number in range(segments)]
        self.service.add(run)
        self.service.add(*rows)
        return [row.id for row in rows]

    def _segment(self, run: RunRow, start: datetime, number: int, size: int) -> SegmentRow:
        segment_id, content = new_id(), bytes(size)
        key = f"{run.camera_id}/{run.stream}/{start:%Y%m%d}/{start:%H%M%S}_{segment_id}.mp4"
        path = self.service.settings.footage_dir / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        link = self.archive.chain(run.camera_id).append("segment", {"segment": segment_id, "digest": sha256(content)})
        return SegmentRow(
            id=segment_id,
            run_id=run.id,
            camera_id=run.camera_id,
            stream=run.stream,
            sequence=number,
            object_key=key,
            wall_start=start,
            wall_end=start + timedelta(minutes=1),
            size=size,
            head_size=10,
            fragments=b"",
            digest=sha256(content),
            link_number=link.number,
            link=link.digest,
            created_at=start,
        )

    def space(self) -> Space:
        used = sum(path.stat().st_size for path in self.service.settings.footage_dir.rglob("*.mp4"))
        return Space(self.capacity, self.capacity - used, self.floor)

    def cleaner(self, space: Callable[[], Space] | None = None) -> Cleaner:
        service = self.service
        return Cleaner(service.database, self.archive, service.clock, service.settings.retention, space or self.space)

    def clean(self, cleaner: Cleaner | None = None) -> Cleaner:
        """Runs one complete clean-up, with a new cleaner unless one is passed."""
        cleaner = cleaner or self.cleaner()
        self.service.clock.move(301)
        cleaner.step(budget_s=60)
        return cleaner

    def beaten(self, housekeeper: Housekeeper) -> None:
        """Runs a clean-up in beats of the housekeeper, at most a quarter of a second each."""
        self.service.clock.move(301)
        for _ in range(20):
            housekeeper.beat()

    def left(self, camera: int = 0) -> list[str]:
        """Ids of the segments that readers see of a camera, oldest first."""
        query = select(SegmentRow.id).where(
            SegmentRow.camera_id == self.world.cameras[camera], SegmentRow.state == "closed"
        )
        with self.service.database.reading() as db:
            return list(db.scalars(query.order_by(SegmentRow.wall_start)))

    def deletions(self) -> list[DeletionRow]:
        with self.service.database.reading() as db:
            return list(db.scalars(select(DeletionRow).order_by(DeletionRow.wall_start, DeletionRow.id)))

    def brakes(self, state: str = "waiting") -> list[BrakeRow]:
        with self.service.database.reading() as db:
            return list(
                db.scalars(
                    select(BrakeRow).where(BrakeRow.state == state).order_by(BrakeRow.camera_id, BrakeRow.stream)
                )
            )

    def chained(self, camera: int = 0) -> list[Link]:
        """Rows `deleted` of a camera's chain."""
        return [link for link in self.archive.chain(self.world.cameras[camera]).links() if link.kind == "deleted"]

    def assert_index_and_files_agree(self) -> None:
        """Asserts that every row has its file, every file its row, and that no deletion is half done."""
        folder = self.service.settings.footage_dir
        with self.service.database.reading() as db:
            rows = {(row.object_key, row.state) for row in db.scalars(select(SegmentRow))}
        files = {(str(path.relative_to(folder)), "closed") for path in folder.rglob("*.mp4")}
        assert rows == files
        assert {row.state for row in self.deletions()} <= {"done"}


def stocked(service: Service, world: World) -> Iterator[Stocked]:
    """Removes the world's segments, which have no files, and yields the service for a test."""
    with service.database.writing() as db:
        for segment in db.scalars(select(SegmentRow)):
            db.delete(segment)
    yield Stocked(service, world, now(service.clock))
