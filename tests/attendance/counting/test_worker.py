"""The loop of `shike count` over real footage, a real database and a detector of white squares."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session as DbSession

from shike.api.database import Database
from shike.attendance.counting.worker import Counter, CountingOptions, run
from shike.attendance.tables.counting import CountSkipRow, SampleRow
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.files import Archive
from shike.capture.archive.spool import Spool
from shike.capture.moment import to_us

from .conftest import FRONT, REAR
from .recording import FPS, MORNING_US, HandClock, Recording, WhiteSquares, draw, keep, write_video

SECOND = 1_000_000


class Interrupted:
    """A database that can be made unavailable."""

    def __init__(self, database: Database) -> None:
        self.database, self.away = database, False

    @contextmanager
    def writing(self) -> Iterator[DbSession]:
        self._check()
        with self.database.writing() as db:
            yield db

    @contextmanager
    def reading(self) -> Iterator[DbSession]:
        self._check()
        with self.database.reading() as db:
            yield db

    def _check(self) -> None:
        if self.away:
            raise OperationalError("connect", {}, Exception("the database is away"))


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    """Twelve seconds of video: one person at the start, and one more every two seconds."""
    return write_video(tmp_path / "lesson.mp4", [draw(1 + second // 2) for second in range(12) for _ in range(FPS)])


def work_off(counter: Counter) -> None:
    """Call `turn` until there is no work left."""
    while counter.turn():
        pass


def counts(database: Database, camera_id: str = FRONT) -> list[tuple[float, int | None]]:
    """(seconds since the recording began, count) of every sample of a camera."""
    with database.reading() as db:
        query = select(SampleRow).where(SampleRow.camera_id == camera_id).order_by(SampleRow.picture_at)
        return [((to_us(row.picture_at) - MORNING_US) / SECOND, row.count) for row in db.scalars(query)]


def skips(database: Database) -> list[tuple[float, float, str]]:
    with database.reading() as db:
        rows = db.scalars(select(CountSkipRow).order_by(CountSkipRow.from_at))
        return [
            ((to_us(r.from_at) - MORNING_US) / SECOND, (to_us(r.to_at) - MORNING_US) / SECOND, r.reason) for r in rows
        ]


WHOLE_LESSON = [(0.0, 1), (2.0, 2), (4.0, 3), (6.0, 4), (8.0, 5), (10.0, 6)]


def test_a_stream_is_counted_while_it_is_written(
    counter: Counter, lesson: Path, archive: Archive, spool: Spool, database: Database
) -> None:
    recording = Recording(lesson, FRONT, archive, spool)
    recording.go_on(5)
    work_off(counter)
    assert counts(database) == WHOLE_LESSON[:3]
    recording.go_on(7)
    work_off(counter)
    assert counts(database)[:5] == WHOLE_LESSON[:5]
    recording.finish()


def test_a_sample_says_where_it_comes_from_and_what_made_it(
    counter: Counter, lesson: Path, archive: Archive, spool: Spool, database: Database
) -> None:
    recording = Recording(lesson, FRONT, archive, spool)
    recording.go_on(3)
    work_off(counter)
    opened = archive.tail(FRONT, "main")
    with database.reading() as db:
        sample = db.scalars(select(SampleRow).order_by(SampleRow.picture_at)).first()
    assert sample is not None and opened is not None
    assert sample.run_id == opened.identity.run_id
    assert (sample.stream, sample.origin, sample.simulated, sample.node) == ("main", "live", True, "node-1")
    assert (sample.model, sample.model_digest, sample.threshold) == ("white-squares", "5" * 64, 0.5)
    assert (sample.low, sample.count, sample.high) == (0, 1, 3)
    assert len(sample.boxes) == 1 and all(0 <= edge <= 1 for edge in sample.boxes[0])
    recording.finish()


def test_the_newest_picture_comes_first_when_several_wait(
    counter: Counter, lesson: Path, archive: Archive, spool: Spool, database: Database
) -> None:
    recording = Recording(lesson, FRONT, archive, spool)
    recording.go_on(9)
    counter.turn()
    assert counts(database) == [(8.0, 5)]
    recording.finish()


def test_cameras_take_turns(
    counter: Counter, lesson: Path, archive: Archive, spool: Spool, database: Database, clock: HandClock
) -> None:
    both = [Recording(lesson, camera_id, archive, spool) for camera_id in (FRONT, REAR)]
    for recording in both:
        recording.go_on(7)
    for _ in range(4):
        counter.turn()
        clock.advance(0.1)
    assert len(counts(database, FRONT)) == len(counts(database, REAR)) == 2
    for recording in both:
        recording.finish()


def test_a_slot_that_spans_two_segments_is_counted_once(
    archive: Archive, lesson: Path, spool: Spool, database: Database, options: CountingOptions, clock: HandClock
) -> None:
    counter = Counter(archive, database, WhiteSquares(), replace(options, sample_interval_s=8), clock)
    recording = Recording(lesson, FRONT, archive, spool, segment_s=3)
    for _ in range(24):
        recording.go_on(0.5)
        counter.turn()
    recording.finish()
    work_off(counter)
    keep(database, archive, spool, clock)
    clock.advance(5)
    work_off(counter)
    assert counts(database) == [(0.0, 1), (8.0, 5)]


def test_an_open_file_that_is_damaged_stops_no_other_camera(
    counter: Counter, lesson: Path, archive: Archive, spool: Spool, database: Database, tmp_path: Path
) -> None:
    both = [Recording(lesson, camera_id, archive, spool) for camera_id in (FRONT, REAR)]
    for recording in both:
        recording.go_on(3)
    (damaged,) = (tmp_path / "footage" / FRONT / "main").rglob("*.mp4")
    with damaged.open("r+b") as file:
        file.write(b"\0\0\0\x10junk")
    work_off(counter)
    assert counts(database, FRONT) == []
    assert len(counts(database, REAR)) == 2
    for recording in both:
        recording.finish()


def test_uncounted_footage_is_counted_after_a_standstill(
    counter: Counter, lesson: Path, archive: Archive, spool: Spool, database: Database, clock: HandClock
) -> None:
    recording = Recording(lesson, FRONT, archive, spool, segment_s=4)
    recording.go_on(12)
    recording.finish()
    keep(database, archive, spool, clock)
    work_off(counter)
    assert counts(database) == WHOLE_LESSON


def test_an_import_of_an_earlier_day_is_counted_and_marked_as_imported(
    counter: Counter, lesson: Path, archive: Archive, spool: Spool, database: Database, clock: HandClock
) -> None:
    live = Recording(lesson, FRONT, archive, spool)
    live.go_on(12)
    live.finish()
    keep(database, archive, spool, clock)
    work_off(counter)
    clock.advance(600)
    last_week = MORNING_US - 7 * 86_400 * SECOND
    imported = Recording(lesson, FRONT, archive, spool, start_us=last_week, origin="imported")
    imported.go_on(12)
    imported.finish()
    keep(database, archive, spool, clock)
    work_off(counter)
    with database.reading() as db:
        origins = list(db.scalars(select(SampleRow.origin).order_by(SampleRow.picture_at)))
    assert origins == ["imported"] * 6 + ["live"] * 6


def test_live_and_caught_up_samples_of_the_same_footage_are_the_same_rows(
    counter: Counter, lesson: Path, archive: Archive, spool: Spool, database: Database, clock: HandClock
) -> None:
    recording = Recording(lesson, FRONT, archive, spool, segment_s=4)
    recording.go_on(5)
    work_off(counter)
    recording.go_on(7)
    recording.finish()
    keep(database, archive, spool, clock)
    clock.advance(5)
    work_off(counter)
    assert counts(database) == WHOLE_LESSON


def test_a_second_counter_that_has_forgotten_everything_writes_no_row_twice(
    archive: Archive,
    lesson: Path,
    spool: Spool,
    database: Database,
    clock: HandClock,
    options: CountingOptions,
    tmp_path: Path,
) -> None:
    recording = Recording(lesson, FRONT, archive, spool)
    recording.go_on(12)
    for place in ("one.json", "two.json"):
        work_off(Counter(archive, database, WhiteSquares(), replace(options, place_file=tmp_path / place), clock))
    recording.finish()
    keep(database, archive, spool, clock)
    work_off(Counter(archive, database, WhiteSquares(), options, clock))
    assert counts(database) == WHOLE_LESSON


def test_counting_goes_on_without_the_database_and_the_rows_follow(
    archive: Archive, lesson: Path, spool: Spool, database: Database, options: CountingOptions, clock: HandClock
) -> None:
    interrupted = Interrupted(database)
    counter = Counter(archive, interrupted, WhiteSquares(), options, clock)
    recording = Recording(lesson, FRONT, archive, spool)
    interrupted.away = True
    recording.go_on(9)
    work_off(counter)
    clock.advance(1)
    counter.turn()
    assert counts(database) == []
    interrupted.away = False
    clock.advance(10)
    counter.turn()
    assert counts(database) == WHOLE_LESSON[:5]
    recording.finish()


def test_footage_that_waited_longer_than_a_day_is_skipped_and_the_skip_recorded(
    counter: Counter, lesson: Path, archive: Archive, spool: Spool, database: Database, clock: HandClock
) -> None:
    recording = Recording(lesson, FRONT, archive, spool, segment_s=4)
    recording.go_on(12)
    recording.finish()
    keep(database, archive, spool, clock)
    clock.advance(25 * 3600)
    work_off(counter)
    assert counts(database) == []
    assert skips(database) == [(0.0, 12.0, "behind")]


def test_footage_whose_file_is_gone_is_skipped_and_the_skip_recorded(
    counter: Counter,
    lesson: Path,
    archive: Archive,
    spool: Spool,
    database: Database,
    clock: HandClock,
    tmp_path: Path,
) -> None:
    recording = Recording(lesson, FRONT, archive, spool)
    recording.go_on(12)
    recording.finish()
    keep(database, archive, spool, clock)
    for file in (tmp_path / "footage").rglob("*.mp4"):
        file.unlink()
    work_off(counter)
    assert skips(database) == [(0.0, 12.0, "no_footage")]


def test_a_picture_that_cannot_be_decoded_is_skipped_and_the_next_one_counted(
    counter: Counter,
    lesson: Path,
    archive: Archive,
    spool: Spool,
    database: Database,
    clock: HandClock,
    tmp_path: Path,
) -> None:
    recording = Recording(lesson, FRONT, archive, spool)
    recording.go_on(12)
    recording.finish()
    (record,) = spool.pending()
    third = [fragment for fragment in record.fragments if fragment.is_key][4]
    file = tmp_path / "footage" / record.key
    content = bytearray(file.read_bytes())
    middle = content.index(b"mdat", third.offset) + 4
    content[middle : third.end] = b"\xff" * (third.end - middle)
    file.write_bytes(content)
    keep(database, archive, spool, clock)
    work_off(counter)
    assert counts(database) == [pair for pair in WHOLE_LESSON if pair[0] != 4.0]
    assert skips(database) == [(4.0, 6.0, "unreadable")]


def test_a_dark_stretch_has_samples_without_a_number(
    counter: Counter, archive: Archive, spool: Spool, database: Database, clock: HandClock, tmp_path: Path
) -> None:
    pictures = [draw(3) if second < 2 else draw(3) * 0 for second in range(4) for _ in range(FPS)]
    recording = Recording(write_video(tmp_path / "dusk.mp4", pictures), FRONT, archive, spool)
    recording.go_on(4)
    recording.finish()
    keep(database, archive, spool, clock)
    work_off(counter)
    with database.reading() as db:
        rows = list(db.scalars(select(SampleRow).order_by(SampleRow.picture_at)))
    assert [(row.count, row.valid, row.invalid_reason) for row in rows] == [(3, True, None), (None, False, "dark")]
    assert (rows[1].low, rows[1].high, rows[1].boxes) == (None, None, [])


def test_counts_of_a_camera_that_was_deleted_are_dropped_and_the_others_go_on(
    counter: Counter, lesson: Path, archive: Archive, spool: Spool, database: Database
) -> None:
    with database.writing() as db:
        db.execute(delete(CameraRow).where(CameraRow.id == REAR))
    both = [Recording(lesson, camera_id, archive, spool) for camera_id in (FRONT, REAR)]
    for recording in both:
        recording.go_on(3)
    work_off(counter)
    assert len(counts(database, FRONT)) == 2
    assert counts(database, REAR) == []
    for recording in both:
        recording.finish()


def test_it_stops_on_request(archive: Archive, database: Database, options: CountingOptions, clock: HandClock) -> None:
    stop = Event()
    thread = Thread(target=run, args=(archive, database, WhiteSquares(), options, clock, stop))
    thread.start()
    stop.set()
    thread.join(timeout=5)
    assert not thread.is_alive()
