"""Alembic's entry: migrates the database that the caller names, else that of the settings."""

from typing import Any, Literal

from alembic import context

import shike.api.auth.audit
import shike.api.auth.tables
import shike.attendance.tables.counting
import shike.attendance.tables.footage
import shike.attendance.tables.judgement
import shike.attendance.tables.recording
import shike.attendance.tables.retention
import shike.attendance.tables.training
import shike.subsidy.tables  # noqa: F401  (imported so that the metadata has their tables)
from shike.api.database import make_engine
from shike.api.settings import load_settings
from shike.attendance.tables.base import Base, UtcMicros


def plain_types(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Renders times in migrations as BIGINT, their type in the database: migrations import no tables."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, UtcMicros) else False


def run() -> None:
    """Runs all migrations in one transaction: if several processes start at once, only the first one migrates."""
    database_url = context.config.attributes.get("database_url") or load_settings().database
    engine = make_engine(database_url)
    try:
        with engine.begin() as connection:
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
                render_as_batch=True,
                render_item=plain_types,
                transactional_ddl=True,
            )
            context.run_migrations()
    finally:
        engine.dispose()


run()
