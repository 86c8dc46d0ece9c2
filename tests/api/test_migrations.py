"""The migrations make exactly the tables that the code declares, and can be reverted."""

from pathlib import Path

from alembic import command
from sqlalchemy import create_engine, inspect

from shike.api.migrate import alembic_config, migrate
from shike.api.settings import Settings


def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    migrate(settings)
    command.check(alembic_config(settings.database))


def test_migrations_can_be_run_twice_and_undone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    migrate(settings)
    migrate(settings)
    command.downgrade(alembic_config(settings.database), "base")
    engine = create_engine(settings.database)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
