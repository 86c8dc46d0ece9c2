"""Bringing the database up to date: Alembic with the migrations that lie in the package, no ini file needed."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from shike.api.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"


def alembic_config(database_url: str) -> Config:
    """Alembic pointed at the packaged migrations and at one database."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["database_url"] = database_url
    return config


def migrate(settings: Settings) -> None:
    """Make the database if there is none and run what is missing. Safe in several processes at once."""
    if not settings.database_url:
        (settings.data_dir / "db").mkdir(parents=True, exist_ok=True)
    command.upgrade(alembic_config(settings.database), "head")
