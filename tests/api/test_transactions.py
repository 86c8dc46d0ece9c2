"""What was answered is in the database; what could not be committed is not answered as done; nobody sees a lock."""

import multiprocessing
from pathlib import Path

from sqlalchemy import text

from shike.api.db import Database
from shike.api.migrate import migrate
from shike.api.settings import Settings
from shike.attendance.tables import Region

from .service import Service, World

ROUNDS = 40


def test_a_commit_that_fails_is_a_5xx_and_nothing_is_kept(empty: Service, world: World) -> None:
    # A deferred foreign key fails at COMMIT and not before: the real thing, made to fail on demand.
    with empty.database.writing() as db:
        db.execute(text("CREATE TABLE broken (id TEXT REFERENCES region(id) DEFERRABLE INITIALLY DEFERRED)"))
        db.execute(
            text("CREATE TRIGGER break_room AFTER INSERT ON room BEGIN INSERT INTO broken VALUES ('nowhere'); END")
        )
    client = empty.client("administrator")
    answer = client.post("/api/rooms", json={"institution_id": world.institutions[0], "name": "Lost"})
    assert (answer.status_code, answer.json()["code"]) == (503, "commit_failed")
    assert "Lost" not in {room["name"] for room in client.get("/api/rooms").json()["items"]}


def test_what_was_answered_is_there_for_the_next_reader(empty: Service, world: World) -> None:
    client = empty.client("administrator")
    for number in range(20):
        body = {"institution_id": world.institutions[0], "name": f"Room {number}"}
        made = client.post("/api/rooms", json=body).json()
        with empty.database.reading() as db:
            found = db.execute(text("SELECT name FROM room WHERE id = :id"), {"id": made["id"]}).scalar_one()
        assert found == f"Room {number}"


def count_up(url: str, barrier: "multiprocessing.synchronize.Barrier", failures: "multiprocessing.Queue[str]") -> None:
    """Read, then write what was read plus one: what deferred transactions fail at."""
    database = Database.at(url)
    barrier.wait()
    for _ in range(ROUNDS):
        try:
            with database.writing() as db:
                region = db.query(Region).one()
                region.level = str(int(region.level) + 1)
        except Exception as error:
            failures.put(repr(error))
    database.dispose()


def migrate_at(
    data: str, barrier: "multiprocessing.synchronize.Barrier", failures: "multiprocessing.Queue[str]"
) -> None:
    barrier.wait()
    try:
        migrate(Settings(data_dir=Path(data)))
    except Exception as error:
        failures.put(repr(error))


def test_five_processes_migrate_and_then_write_at_once_without_a_lock_error(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    settings = Settings(data_dir=tmp_path)
    for target, argument in ((migrate_at, str(tmp_path)), (count_up, settings.database)):
        barrier, failures = spawn.Barrier(5), spawn.Queue()
        processes = [spawn.Process(target=target, args=(argument, barrier, failures)) for _ in range(5)]
        for process in processes:
            process.start()
        for process in processes:
            process.join(120)
        assert [process.exitcode for process in processes] == [0] * 5
        assert failures.empty(), failures.get()
        database = Database.at(settings.database)
        if target is migrate_at:
            with database.writing() as db:
                db.add(Region(name="counter", level="0", path="/1/"))
        else:
            with database.reading() as db:
                assert db.query(Region).one().level == str(5 * ROUNDS)
        database.dispose()
