"""Run `alembic check` on a new database: the migrations must create exactly the tables that the code declares."""

import tempfile
from pathlib import Path

from alembic import command

from shike.api.migrate import alembic_config


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = alembic_config(f"sqlite:///{Path(folder) / 'check.sqlite3'}")
        command.upgrade(config, "head")
        command.check(config)


if __name__ == "__main__":
    main()
