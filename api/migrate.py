"""Migrates the database with Alembic, with the migrations of the package and without an ini file.

Design: docs/design/api.md, "Database".
"""

from pathlib import Path

from alembic import command
from alembic.config import Config

from shike.api.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"


def alembic_config(database_url: str) -> Config:
    """Alembic's configuration for the packaged migrations and one database."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["database_url"] = database_url
    return config


def migrate(settings: Settings) -> None:
    """Creates the database if there is none and runs the missing migrations. Several processes may call it at once."""
    if not settings.database_url:
        (settings.data_dir / "db").mkdir(parents=True, exist_ok=True)
    command.upgrade(alembic_config(settings.database), "head")
