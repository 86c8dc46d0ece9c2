"""Alembic's entry: migrates the database it was given, else the one that the settings name."""

from typing import Any, Literal

from alembic import context

import shike.api.auth.audit
import shike.api.auth.tables
import shike.attendance.tables.judgement
import shike.attendance.tables.recording
import shike.attendance.tables.retention
import shike.attendance.tables.training
import shike.subsidy.tables  # noqa: F401  (their tables belong to the metadata)
from shike.api.database import make_engine
from shike.api.settings import load_settings
from shike.attendance.tables.base import Base, UtcMicros


def plain_types(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Times are written into migrations as what they are in the database: migrations import no tables."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, UtcMicros) else False


def run() -> None:
    """One transaction around all: of several processes that start at once, the second finds nothing left to do."""
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
