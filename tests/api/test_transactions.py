"""A response is sent after the commit, a failed commit is an error, and no writer fails because of a lock."""

import multiprocessing
from pathlib import Path

from sqlalchemy import text

from shike.api.database import Database
from shike.api.settings import Settings

from .service import Service, World
from .writing import ROUNDS, migrate_and_count_up


def test_a_commit_that_fails_is_a_5xx_and_nothing_is_kept(empty: Service, world: World) -> None:
    # A deferred foreign key fails only at COMMIT: a real failure on demand.
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
            name = db.execute(text("SELECT name FROM room WHERE id = :id"), {"id": made["id"]}).scalar_one()
        assert name == f"Room {number}"


def test_five_processes_migrate_and_write_at_once_without_a_lock_error(tmp_path: Path) -> None:
    # The five processes are forked from one that has done the imports, which would take most of their time.
    fresh = multiprocessing.get_context("forkserver")
    fresh.set_forkserver_preload([migrate_and_count_up.__module__])
    barrier, failures = fresh.Barrier(5), fresh.Queue()
    work = (str(tmp_path), barrier, failures)
    processes = [fresh.Process(target=migrate_and_count_up, args=work) for _ in range(5)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(150)
    assert [process.exitcode for process in processes] == [0] * 5
    assert failures.empty(), failures.get()
    database = Database.at(Settings(data_dir=tmp_path).database)
    with database.reading() as db:
        assert db.execute(text("SELECT level FROM region")).scalar_one() == str(5 * ROUNDS)
    database.dispose()
