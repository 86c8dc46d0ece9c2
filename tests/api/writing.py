"""One of several processes that write at once. Imports little, because each of them starts from nothing."""

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
    """Migrate, then read a number and write it plus one, which is what deferred transactions fail at."""
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
