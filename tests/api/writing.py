"""One of several processes that write at the same time. Imports little, because each process starts anew."""

from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from sqlalchemy import select

from shike.api.database import Database
from shike.api.migrate import migrate
from shike.api.settings import Settings
from shike.attendance.tables.registry import RegionRow

ROUNDS = 40


def migrate_and_count_up(data: str, barrier: Barrier, failures: "Queue[str]") -> None:
    """Migrates, then reads a number and writes it plus one: deferred transactions fail at this."""
    settings = Settings(data_dir=Path(data))
    database = Database.at(settings.database)
    try:
        barrier.wait(100)
        migrate(settings)
        barrier.wait(100)
        for _ in range(ROUNDS):
            with database.writing() as db:
                region = db.scalar(select(RegionRow))
                if region is None:
                    region = RegionRow(name="counter", level="0", path="/1/")
                    db.add(region)
                region.level = str(int(region.level) + 1)
    except Exception as error:
        failures.put(repr(error))
    finally:
        database.dispose()
